import { readFileSync, statSync } from 'node:fs';
import { messageOf, TenfoldError } from '../../shared/errors.ts';
import { maxFileBytes } from './source-document.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads a file that a user named. Throws `file-not-found` or `file-unreadable`, with its path. */
export function readTextFile(file: string, what: string): string {
  return decodeText(readBytes(file, what), file);
}

/** Decodes UTF-8. Throws `file-unreadable` with the place of the first byte that is none, or when it is too large. */
export function decodeText(bytes: Uint8Array, file: string): string {
  if (bytes.length > maxFileBytes) throw tooLarge(file, bytes.length);
  try {
    return decoder.decode(bytes);
  } catch (thrown) {
    const offset = firstInvalidByte(bytes);
    const line = bytes.subarray(0, offset).reduce((count, byte) => count + (byte === 10 ? 1 : 0), 1);
    throw new TenfoldError('file-unreadable', `${file} is not UTF-8: invalid byte at offset ${offset}`, {
      where: { file, line },
      expected: 'UTF-8 text',
      hint: 'save the file as UTF-8',
      cause: thrown,
    });
  }
}

function readBytes(file: string, what: string): Uint8Array {
  try {
    const stats = statSync(file);
    if (stats.isDirectory()) {
      throw new TenfoldError('file-unreadable', `${what} ${file} is a directory`, { where: { file } });
    }
    if (stats.size > maxFileBytes) throw tooLarge(file, stats.size);
    return readFileSync(file);
  } catch (thrown) {
    if (thrown instanceof TenfoldError) throw thrown;
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new TenfoldError('file-not-found', `${what} ${file} not found: no such file or directory`, {
        where: { file },
        hint: 'correct the path, or create the file',
        cause: thrown,
      });
    }
    const loop = code === 'ELOOP' ? 'its symbolic links lead in a circle' : messageOf(thrown);
    throw new TenfoldError('file-unreadable', `cannot read ${what} ${file}: ${loop}`, {
      where: { file },
      cause: thrown,
    });
  }
}

function tooLarge(file: string, bytes: number): TenfoldError {
  return new TenfoldError('file-unreadable', `${file} is too large to be read`, {
    where: { file },
    expected: `at most ${maxFileBytes} bytes`,
    got: `${bytes} bytes`,
  });
}

function firstInvalidByte(bytes: Uint8Array): number {
  let low = 0;
  let high = bytes.length;
  const lenient = (end: number) => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end), { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (lenient(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
