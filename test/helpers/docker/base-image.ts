import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { tarEnd, tarHeader, tarPadding } from '../../../src/runtime/docker/engine/tar.ts';
import type { TarEntry } from '../../../src/runtime/docker/engine/tar.ts';

const run = promisify(execFile);

const busybox = '/bin/busybox';
const node = process.execPath;
const applets =
  'cat date echo env grep head hostname httpd id kill ls mkdir nc printf ps seq sh sleep stat touch true false tty wget wc';
const folders = ['bin', 'dev', 'etc', 'proc', 'run', 'sys', 'usr', 'usr/local', 'usr/local/bin', 'var'];

/**
 * Name of an image with this machine's own Node and a static busybox (a shell, httpd and the like), for machines that
 * cannot pull. It is made once, by importing an archive, and stays on the engine.
 */
export async function baseImage(docker: Docker = new Docker()): Promise<string> {
  const tag = await contentTag();
  const image = `tenfold-test-base:${tag}`;
  const isThere = await docker
    .getImage(image)
    .inspect()
    .then(
      () => true,
      () => false,
    );
  if (isThere) return image;
  const changes = ['ENV PATH=/usr/local/bin:/bin', 'CMD ["sleep","infinity"]'];
  const answer = await docker.importImage(Readable.from(archive()), {
    repo: 'tenfold-test-base',
    tag,
    changes,
  });
  await new Promise<void>((done, failed) => {
    docker.modem.followProgress(answer, (thrown) => (thrown ? failed(thrown) : done()));
  });
  return image;
}

/** The same programs give the same tag. */
async function contentTag(): Promise<string> {
  const hash = createHash('sha256').update(`3 ${applets} ${folders.join()}`);
  for (const file of [busybox, node]) {
    const { size, mtimeMs } = await stat(file);
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 12);
}

async function* archive(): AsyncGenerator<Buffer> {
  for (const name of [...folders, 'root']) yield tarHeader({ name, kind: 'directory', mode: 0o755 });
  yield tarHeader({ name: 'tmp', kind: 'directory', mode: 0o1777 });
  yield* file({ name: 'bin/busybox', kind: 'file', mode: 0o755 }, busybox);
  for (const applet of applets.split(' ')) {
    yield tarHeader({ name: `bin/${applet}`, kind: 'symlink', mode: 0o777, linkName: 'busybox' });
  }
  yield* file({ name: 'usr/local/bin/node', kind: 'file', mode: 0o755 }, node);
  for (const library of await libraries(node)) {
    yield* file({ name: library.slice(1), kind: 'file', mode: 0o755 }, await realpath(library));
  }
  for (const [name, text] of [
    ['etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nworker:x:1000:1000::/tmp:/bin/sh\n'],
    ['etc/group', 'root:x:0:\nworker:x:1000:\n'],
  ] as const) {
    const content = Buffer.from(text);
    yield tarHeader({ name, kind: 'file', mode: 0o644, size: content.length });
    yield Buffer.concat([content, tarPadding(content.length)]);
  }
  yield tarEnd;
}

async function* file(entry: TarEntry, path: string): AsyncGenerator<Buffer> {
  const { size } = await stat(path);
  yield tarHeader({ ...entry, size });
  const chunks: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 1 << 20 });
  yield* chunks;
  yield tarPadding(size);
}

/** Paths of the shared libraries and of the loader itself. */
async function libraries(program: string): Promise<string[]> {
  const { stdout } = await run('ldd', [program]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? '');
}
