import { TenfoldError, type SourceLocation } from '../../shared/errors.ts';

const remotePattern = /^(?:[a-z][a-z0-9+.-]*:\/\/|git@|github\.com\/)/i;

/** True for what names a file by URL or by repository. */
export function isRemote(path: string): boolean {
  return remotePattern.test(path);
}

/** Refuses a file that is not on this machine: Tenfold fetches nothing while it reads a compose file. */
export function refuseRemote(path: string, what: string, where: () => SourceLocation): void {
  if (!isRemote(path)) return;
  throw new TenfoldError('invalid-compose', `${what} ${path} is a remote resource, which is not supported`, {
    where: where(),
    expected: 'a path on this machine',
    got: path,
    hint: 'fetch it first, and name the local copy',
  });
}
