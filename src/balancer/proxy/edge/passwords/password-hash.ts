import { createHash, timingSafeEqual } from 'node:crypto';

/** Verifies the kinds that take no noticeable time. */
export function verifyQuick(kind: 'apr1' | 'sha1', password: string, hash: string): boolean {
  const found =
    kind === 'sha1'
      ? `{SHA}${createHash('sha1').update(password).digest('base64')}`
      : apr1(password, hash.split('$')[2] ?? '');
  const one = Buffer.from(found);
  const other = Buffer.from(hash);
  return one.length === other.length && timingSafeEqual(one, other);
}

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** The order in which the bytes of the digest are written, three by three. */
const order = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5] as const;
const rounds = 1000;

/** Apache's own MD5 scheme: a thousand rounds over password and salt in turns. */
function apr1(password: string, salt: string): string {
  const secret = Buffer.from(password);
  const grain = Buffer.from(salt);
  const md5 = (...parts: readonly Uint8Array[]): Buffer => {
    const hash = createHash('md5');
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const alternate = md5(secret, grain, secret);
  const parts: Uint8Array[] = [secret, Buffer.from('$apr1$'), grain];
  for (let left = secret.length; left > 0; left -= 16) parts.push(alternate.subarray(0, Math.min(16, left)));
  for (let bits = secret.length; bits > 0; bits >>= 1)
    parts.push((bits & 1) === 1 ? Buffer.from([0]) : secret.subarray(0, 1));
  let digest = md5(...parts);
  for (let round = 0; round < rounds; round++) {
    const isOdd = round % 2 === 1;
    digest = md5(
      isOdd ? secret : digest,
      round % 3 === 0 ? Buffer.alloc(0) : grain,
      round % 7 === 0 ? Buffer.alloc(0) : secret,
      isOdd ? digest : secret,
    );
  }
  return `$apr1$${salt}$${encode(digest)}`;
}

function encode(digest: Buffer): string {
  let text = '';
  const write = (value: number, characters: number): void => {
    for (let rest = value, count = 0; count < characters; count++, rest >>= 6) text += alphabet[rest & 0x3f];
  };
  for (let index = 0; index < 15; index += 3) {
    const [first = 0, second = 0, third = 0] = order
      .slice(index, index + 3)
      .map((place) => digest[place] ?? 0);
    write((first << 16) | (second << 8) | third, 4);
  }
  write(digest[11] ?? 0, 2);
  return text;
}
