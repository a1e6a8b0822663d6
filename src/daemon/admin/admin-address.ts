import { isIP } from 'node:net';
import { TenfoldError } from '../../shared/errors.ts';

/** Where the admin server listens when nobody says otherwise. */
export const defaultAdminPort = 9910;
/** Ports after it that are tried when it is taken: every user of a machine has a daemon of their own. */
const fallbackPorts = 9;

export interface AdminAddress {
  readonly host: string;
  /** In order of preference; 0 is any that is free. */
  readonly ports: readonly number[];
}

/**
 * What `TENFOLD_ADMIN` says: `off`, `PORT`, `HOST:PORT` or `[IPv6]:PORT`; unset or empty is 127.0.0.1 and the first free port
 * from 9910 on. Undefined: no admin server. Throws `usage`.
 */
export function parseAdminAddress(text: string | undefined): AdminAddress | undefined {
  if (text === undefined || text.trim() === '') {
    const ports = Array.from({ length: 1 + fallbackPorts }, (_, index) => defaultAdminPort + index);
    return { host: '127.0.0.1', ports: [...ports, 0] };
  }
  const given = text.trim();
  if (given === 'off') return undefined;
  const [, bracketed, plain, digits] = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(given) ?? [];
  const host = bracketed ?? plain ?? '127.0.0.1';
  const port = Number(digits ?? Number.NaN);
  const isAddress = host === 'localhost' || isIP(host) !== 0;
  if (port <= 65_535 && isAddress) return { host, ports: [port] };
  throw new TenfoldError('usage', 'TENFOLD_ADMIN is no address to listen on', {
    expected: 'off, PORT, ADDRESS:PORT or [IPv6 ADDRESS]:PORT',
    got: given,
    hint: 'without it the admin server listens on 127.0.0.1:9910, or on the next port that is free',
  });
}

export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
