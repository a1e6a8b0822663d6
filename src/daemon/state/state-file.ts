import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { messageOf, TenfoldError } from '../../shared/errors.ts';

/** First key of every state file: what it is, and who wrote it. */
const header = z.object({ tenfold: z.string(), version: z.number() });

/**
 * Writes JSON so that a reader finds the old content or the new, never half: beside it, synced, renamed over it,
 * folder synced. Throws `state-write-failed`; then the old file still stands.
 */
export async function writeStateFile(
  path: string,
  kind: string,
  version: number,
  content: object,
): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await using file = await open(temporary, 'w', 0o600);
    await file.writeFile(`${JSON.stringify({ tenfold: kind, version, ...content }, undefined, 1)}\n`);
    await file.sync();
    await rename(temporary, path);
    await using folder = await open(dirname(path));
    await folder.sync();
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw new TenfoldError('state-write-failed', `cannot write state to ${path}: ${messageOf(thrown)}`, {
      hint: 'free space on that disk or correct its rights; nothing was changed',
      cause: thrown,
    });
  }
}

/** Reads what `writeStateFile` wrote. Undefined when there is no such file; `state-unreadable` when it is torn or not ours. */
export async function readStateFile<T>(
  path: string,
  kind: string,
  version: number,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw unreadable(path, messageOf(thrown), kind, thrown);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    throw unreadable(path, 'it is not whole JSON', kind, thrown);
  }
  const head = header.safeParse(json);
  if (!head.success || head.data.tenfold !== kind)
    throw unreadable(path, 'it was not written by tenfold', kind);
  if (head.data.version !== version)
    throw unreadable(path, `it has version ${head.data.version}`, `version ${version}`);
  const content = schema.safeParse(json);
  if (!content.success) throw unreadable(path, z.prettifyError(content.error), kind);
  return content.data;
}

function unreadable(path: string, got: string, expected: string, cause?: unknown): TenfoldError {
  return new TenfoldError('state-unreadable', `${path} cannot be used as state`, {
    where: { file: path },
    expected: `a whole ${expected} file`,
    got,
    hint: `it was left as it is; move it away (mv ${path} ${path}.bad) and bring the stack up again`,
    ...(cause !== undefined && { cause }),
  });
}
