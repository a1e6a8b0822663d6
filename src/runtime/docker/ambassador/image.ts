import { Readable } from 'node:stream';
import type { Progress } from '../../runtime-driver.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { jsonLines } from '../engine/json-lines.ts';
import { tarOf } from '../engine/tar.ts';
import { findImage } from '../image/images.ts';
import { nodeArchive, nodeFiles } from './node-archive.ts';
import { proxyCode, type OwnCode } from './own-code.ts';

const nodeRepository = 'tenfold-node';
const repository = 'tenfold-ambassador';
const makeTimeoutMs = 120_000;

interface StepLine {
  readonly error?: string;
}

/**
 * Makes the image that ambassadors run be there, and returns its name: this machine's own Node with what it is linked with, and
 * on top of it the proxy's code. It needs no registry. The same Node and code give the same name.
 */
export async function prepareAmbassadorImage(
  engine: Engine,
  progress: Progress,
  signal: AbortSignal,
): Promise<string> {
  const node = await nodeFiles();
  const code = await proxyCode();
  const base = `${nodeRepository}:${node.tag}`;
  const image = `${repository}:${code.digest}-${node.tag.slice(-12)}`;
  if ((await findImage(engine, image, signal)) !== undefined) return image;
  progress('making the image of the ambassadors');
  if ((await findImage(engine, base, signal)) === undefined) {
    await follow(engine, `import ${base}`, {
      path: '/images/create',
      query: { fromSrc: '-', repo: nodeRepository, tag: node.tag },
      archive: Readable.from(nodeArchive(node)),
      signal,
    });
  }
  await follow(engine, `build ${image}`, {
    path: '/build',
    query: { t: image, forcerm: true, labels: JSON.stringify({ 'tenfold.role': 'ambassador' }) },
    archive: buildContext(base, code),
    signal,
  });
  return image;
}

function buildContext(base: string, { files, main }: OwnCode): Buffer {
  const dockerfile = [
    `FROM ${base}`,
    'COPY tenfold /tenfold',
    `ENTRYPOINT ${JSON.stringify(['/usr/local/bin/node', `/tenfold/${main}`])}`,
    '',
  ].join('\n');
  return tarOf([
    { entry: { name: 'Dockerfile', kind: 'file', mode: 0o644 }, content: Buffer.from(dockerfile) },
    ...files.map(({ path, content }) => ({
      entry: { name: `tenfold/${path}`, kind: 'file' as const, mode: 0o644 },
      content,
    })),
  ]);
}

interface Making {
  readonly path: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly archive: Buffer | Readable;
  readonly signal: AbortSignal;
}

/** Sends an archive and reads what the engine says of its work to the end. */
async function follow(engine: Engine, doing: string, request: Making): Promise<void> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(makeTimeoutMs)]);
  const stream = await engine.stream(doing, { ...request, method: 'POST', signal });
  for await (const { error } of jsonLines<StepLine>(stream)) {
    if (error === undefined) continue;
    throw new TenfoldError('runtime-failed', `Docker could not ${doing}`, {
      got: error,
      hint: 'x-tenfold: { ambassador: false } does without ambassadors',
    });
  }
}
