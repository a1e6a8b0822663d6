import type { BasicAuth } from '../../../../model/edge.ts';
import { parseHtpasswd, type Users } from '../../../../shared/htpasswd.ts';
import { isWithin } from '../access.ts';
import type { PasswordChecker, PasswordVerdict } from './password-checker.ts';
import { WatchedFiles } from '../watched-file.ts';

/** Compared with when the user is not known, so that the time of the answer does not tell who is. */
const nobody = '$2b$10$abcdefghijklmnopqrstuuKbFYBuwlbOCL1OW06nDWCEmMXiZvI8q';

/** Name and password of a `Basic` field; undefined when it is not one (RFC 7617). */
export function basicCredentials(
  field: string | undefined,
): { readonly name: string; readonly password: string } | undefined {
  const encoded = field === undefined ? undefined : /^basic +([A-Za-z0-9+/]+=*)$/i.exec(field)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** One demand for a password (RFC 7617). While its file cannot be read for the first time, nobody gets in. */
export class Authorization {
  readonly policy: BasicAuth;
  readonly #checker: PasswordChecker;
  readonly #file: WatchedFiles<Users> | undefined;
  #users: Users = new Map();

  constructor(policy: BasicAuth, checker: PasswordChecker) {
    this.policy = policy;
    this.#checker = checker;
    if ('lines' in policy.users) {
      this.#users = parseHtpasswd(policy.users.lines);
    } else {
      this.#file = new WatchedFiles(
        [policy.users.file],
        ([content = '']) => parseHtpasswd(content.split('\n')),
        (users) => (this.#users = users),
      );
      this.#file.readNow();
    }
  }

  /** Reads the file again if it is another one now. */
  async look(): Promise<void> {
    await this.#file?.look();
  }

  appliesTo(readings: readonly string[]): boolean {
    return isWithin(readings, this.policy.path);
  }

  get challenge(): string {
    return `Basic realm="${this.policy.realm.replace(/["\\]/g, '')}", charset="UTF-8"`;
  }

  check(field: string | undefined, answered: (verdict: PasswordVerdict) => void): void {
    const credentials = basicCredentials(field);
    if (credentials === undefined) return answered('wrong');
    const hash = this.#users.get(credentials.name);
    const isKnown = hash !== undefined;
    const decoy = [...this.#users.values()].some((each) => each.startsWith('$2')) ? nobody : '';
    this.#checker.check(credentials.password, hash ?? decoy, (verdict) =>
      answered(verdict === 'right' && !isKnown ? 'wrong' : verdict),
    );
  }
}
