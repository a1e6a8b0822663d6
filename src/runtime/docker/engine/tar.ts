/** What one archive entry is. Times are seconds since the epoch. */
export interface TarEntry {
  /** Path inside the archive, without a leading slash. */
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'hardlink';
  /** Permission bits. */
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly modifiedAt?: number;
  /** What a link points at. */
  readonly linkName?: string;
  /** Length of the content that follows the header. */
  readonly size?: number;
}

const blockBytes = 512;
const typeFlags = { file: '0', hardlink: '1', symlink: '2', directory: '5' } as const;

/** Header of an entry, preceded by a pax header where the old format has no room (POSIX.1-2001, pax interchange). */
export function tarHeader(entry: TarEntry): Buffer {
  const name = entry.kind === 'directory' && !entry.name.endsWith('/') ? `${entry.name}/` : entry.name;
  const linkName = entry.linkName ?? '';
  const extended: Record<string, string> = {};
  if (!fits(name, 100)) extended['path'] = name;
  if (!fits(linkName, 100)) extended['linkpath'] = linkName;
  if ((entry.uid ?? 0) > 0o7777777) extended['uid'] = String(entry.uid);
  if ((entry.gid ?? 0) > 0o7777777) extended['gid'] = String(entry.gid);
  if ((entry.size ?? 0) > 0o77777777777) extended['size'] = String(entry.size);
  const plain = plainHeader({ ...entry, name, linkName }, typeFlags[entry.kind]);
  if (Object.keys(extended).length === 0) return plain;
  const records = Buffer.from(Object.entries(extended).map(paxRecord).join(''));
  const paxHeader = plainHeader({ name: 'PaxHeader', kind: 'file', mode: 0o644, size: records.length }, 'x');
  return Buffer.concat([paxHeader, records, tarPadding(records.length), plain]);
}

/** Zeros up to the next block after content of that size. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

/** What ends an archive. */
export const tarEnd = Buffer.alloc(blockBytes * 2);

/** A whole archive of small files, in memory. */
export function tarOf(files: readonly { readonly entry: TarEntry; readonly content: Buffer }[]): Buffer {
  const parts = files.flatMap(({ entry, content }) => [
    tarHeader({ ...entry, size: content.length }),
    content,
    tarPadding(content.length),
  ]);
  return Buffer.concat([...parts, tarEnd]);
}

function fits(text: string, bytes: number): boolean {
  return Buffer.byteLength(text) <= bytes && /^[\x20-\x7e]*$/.test(text);
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function paxRecord([key, value]: [string, string]): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + String(bytes).length;
  if (bytes + String(length).length !== length) length += 1;
  return `${length}${rest}`;
}

function plainHeader(entry: TarEntry, typeFlag: string): Buffer {
  const header = Buffer.alloc(blockBytes);
  const octal = (value: number, offset: number, width: number): void => {
    const digits = value.toString(8);
    // A value too wide stands in the pax header; here it only has to be well formed.
    header.write((digits.length < width ? digits : '0').padStart(width - 1, '0'), offset, width - 1, 'ascii');
  };
  header.write(entry.name, 0, 100, 'utf8');
  octal(entry.mode & 0o7777, 100, 8);
  octal(entry.uid ?? 0, 108, 8);
  octal(entry.gid ?? 0, 116, 8);
  octal(entry.size ?? 0, 124, 12);
  octal(Math.max(0, Math.floor(entry.modifiedAt ?? 0)), 136, 12);
  header.fill(' ', 148, 156);
  header.write(typeFlag, 156, 1, 'ascii');
  header.write(entry.linkName ?? '', 157, 100, 'utf8');
  header.write('ustar\u000000', 257, 8, 'ascii');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'ascii');
  return header;
}
