import { rename, rm, stat } from 'node:fs/promises';
import type { AccessLogPolicy } from '../../../model/visibility.ts';

/** Moves a log that is too large away: `access.jsonl` to `access.jsonl.1`, that one to `.2`, and the oldest is removed. */
export async function rotateLog(path: string, { maxBytes, files }: AccessLogPolicy): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size < maxBytes) return;
  await rm(`${path}.${files}`, { force: true });
  for (let number = files - 1; number >= 1; number--)
    await rename(`${path}.${number}`, `${path}.${number + 1}`).catch(() => {});
  if (files > 0) await rename(path, `${path}.1`);
  else await rm(path, { force: true });
}
