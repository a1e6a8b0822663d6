import type { ReplicaSpec } from '../../runtime-driver.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import { composeServiceOf } from '../compose-types.ts';
import { fileReferences } from '../container/file-references.ts';
import type { Engine } from '../engine/engine.ts';
import { tarOf } from '../engine/tar.ts';

/** Copies the secrets and configs that are no files of the host into a container that was not started yet. */
export async function injectFiles(
  engine: Engine,
  { stack, service }: ReplicaSpec,
  containerId: string,
  signal: AbortSignal,
): Promise<void> {
  const files = fileReferences(stack, service).filter((reference) => reference.from === 'content');
  const [first] = files;
  if (first === undefined) return;
  if (composeServiceOf(service).read_only) {
    throw new TenfoldError(
      'runtime-failed',
      `the ${first.described} cannot be put into a read-only container`,
      {
        expected: 'a file, which is mounted',
        got: 'a value, which would have to be written',
        hint: 'name a file for it, or take read_only away',
      },
    );
  }
  const modifiedAt = Date.now() / 1000;
  const archive = tarOf(
    files.map(({ target, content, mode, uid, gid }) => ({
      entry: { name: target.replace(/^\/+/, ''), kind: 'file', mode, uid, gid, modifiedAt },
      content: Buffer.from(content),
    })),
  );
  await engine.send(`copy the ${first.described} into its container`, {
    method: 'PUT',
    path: `/containers/${containerId}/archive`,
    query: { path: '/', copyUIDGID: 1 },
    archive,
    signal,
  });
}
