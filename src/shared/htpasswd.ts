/** Kinds of password hashes in an htpasswd file that can be verified. */
export type HashKind = 'bcrypt' | 'apr1' | 'sha1';

/** Undefined: a kind that is not known here, or a password in clear text. */
export function hashKind(hash: string): HashKind | undefined {
  if (/^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/.test(hash)) return 'bcrypt';
  if (/^\$apr1\$[^$:]{1,8}\$[./A-Za-z0-9]{22}$/.test(hash)) return 'apr1';
  if (/^\{SHA\}[A-Za-z0-9+/]{27}=$/.test(hash)) return 'sha1';
  return undefined;
}

/** What a hash that is none of the known kinds is, in words. */
function nameHash(hash: string): string {
  if (hash.startsWith('$5$')) return 'SHA-256 crypt';
  if (hash.startsWith('$6$')) return 'SHA-512 crypt';
  if (hash.startsWith('$y$')) return 'yescrypt';
  if (hash.startsWith('$7$')) return 'scrypt';
  if (hash.startsWith('$argon2')) return 'Argon2';
  if (hash.startsWith('$1$')) return 'MD5 crypt';
  if (hash.startsWith('{SSHA}')) return 'salted SHA-1';
  if (/^\$2[aby]\$/.test(hash)) return 'a bcrypt hash that is cut off';
  return 'DES crypt or clear text';
}

/** Hash by user name. */
export type Users = ReadonlyMap<string, string>;

/**
 * Reads the lines of an htpasswd file. Throws an `Error` that names the line whose hash cannot be verified here; the hash
 * itself is never part of a message.
 */
export function parseHtpasswd(lines: readonly string[]): Users {
  const users = new Map<string, string>();
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const hash = line.slice(colon + 1);
    if (colon < 1) throw new Error(`line ${index + 1} is not of the form user:hash`);
    if (hashKind(hash) === undefined) {
      throw new Error(
        `line ${index + 1}: the password of ${name} is ${nameHash(hash)}; bcrypt, apr1 and {SHA} are verified`,
      );
    }
    users.set(name, hash);
  }
  return users;
}
