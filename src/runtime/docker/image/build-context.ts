import type { Dirent, Stats } from 'node:fs';
import { open, readFile, readdir, readlink, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { tarEnd, tarHeader, tarPadding } from '../engine/tar.ts';
import { dockerignore } from './dockerignore.ts';

export interface BuildContext {
  /** Absolute folder. */
  readonly folder: string;
  /** Name of the Dockerfile inside the archive. */
  readonly dockerfile: string;
  /** A Dockerfile that is not a file of the folder. */
  readonly dockerfileContent: string | undefined;
}

/**
 * The folder as a tar archive, without what .dockerignore leaves out; owners become root, as docker build has it.
 * `NAME.dockerignore` beside the Dockerfile goes before the folder's own.
 */
export async function* buildContext(context: BuildContext): AsyncGenerator<Buffer> {
  const { folder, dockerfile, dockerfileContent } = context;
  const rules =
    (await textOf(join(folder, `${dockerfile}.dockerignore`))) ??
    (await textOf(join(folder, '.dockerignore'))) ??
    '';
  const { isIgnored, hasExceptions } = dockerignore(rules);
  const isSent = (path: string): boolean =>
    path === dockerfile || path === '.dockerignore' || !isIgnored(path);
  yield* folderEntries(folder, '', (path, isFolder) => {
    if (isSent(path)) return 'send';
    // A pattern further down may take back what is in it.
    return isFolder && (hasExceptions || dockerfile.startsWith(`${path}/`)) ? 'look inside' : 'skip';
  });
  if (dockerfileContent !== undefined) {
    const content = Buffer.from(dockerfileContent);
    yield tarHeader({ name: dockerfile, kind: 'file', mode: 0o644, size: content.length });
    yield Buffer.concat([content, tarPadding(content.length)]);
  }
  yield tarEnd;
}

type Decision = (path: string, isFolder: boolean) => 'send' | 'look inside' | 'skip';

async function* folderEntries(folder: string, prefix: string, decide: Decision): AsyncGenerator<Buffer> {
  const entries: Dirent[] = await readdir(join(folder, prefix), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    const decision = decide(path, entry.isDirectory());
    if (decision === 'skip') continue;
    const file = join(folder, path);
    const status = await lstat(file);
    const about = { name: path, mode: status.mode, modifiedAt: status.mtimeMs / 1000 };
    if (entry.isDirectory()) {
      if (decision === 'send') yield tarHeader({ ...about, kind: 'directory' });
      yield* folderEntries(folder, path, decide);
    } else if (entry.isSymbolicLink()) {
      yield tarHeader({ ...about, kind: 'symlink', linkName: await readlink(file) });
    } else if (entry.isFile()) {
      yield tarHeader({ ...about, kind: 'file', size: status.size });
      yield* fileContent(file, status);
    }
  }
}

/** Exactly as many bytes as the header promised, whatever happens to the file meanwhile. */
async function* fileContent(file: string, { size }: Stats): AsyncGenerator<Buffer> {
  let left = size;
  await using handle = await open(file);
  if (size > 0) {
    const chunks: AsyncIterable<Buffer> = handle.createReadStream({ end: size - 1, autoClose: false });
    for await (const chunk of chunks) {
      left -= chunk.length;
      yield chunk;
    }
  }
  if (left > 0) yield Buffer.alloc(left);
  yield tarPadding(size);
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    // Most folders have none; one that cannot be read fails again, and by name, when it is sent.
    return undefined;
  }
}
