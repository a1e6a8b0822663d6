import { homedir } from 'node:os';
import { posix } from 'node:path';

/** The shortest path that means the same, without a slash at the end. */
export function goClean(path: string): string {
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

/** Joined and cleaned; empty parts count for nothing. */
export function goJoin(...parts: readonly string[]): string {
  const used = parts.filter((part) => part !== '');
  return used.length === 0 ? '' : goClean(used.join('/'));
}

/** A path whose leading `~` stands for the user's home. */
export function expandHome(path: string, home = process.env['HOME'] ?? homedir()): string {
  return path.startsWith('~') ? goJoin(home, path.slice(1)) : path;
}

/** An absolute path of Windows: `C:\folder`, `\\server\share`. */
export function isWindowsAbsolute(path: string): boolean {
  return /^.:[\\/]/s.test(path) || /^[\\/]{2}/.test(path);
}
