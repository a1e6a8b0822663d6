import { parseRange } from '../../../shared/address-range.ts';
import { judgedAs, list, map, object, short } from '../collections.ts';
import type { BoundOf, Kind } from '../kind.ts';
import { anyOf } from '../mappings.ts';
import { bytes, choice, duration, integer, text } from '../scalars.ts';
import { judgedText, oneOrMore } from './judged-text.ts';
import { parseRateLimit } from '../../stack/routing/rate-limit.ts';
import { isMap } from '../../tree.ts';

const time = (description: string) => duration({ keepsZero: true, description });
const size = () => bytes(['integer', 'string'], 0, true);
const port = () => integer({ minimum: 1, maximum: 65_535 });

/** A CIDR range or an address. */
export const addressRange = judgedText({
  expected: 'an address range such as 10.0.0.0/8, or an address',
  fault: (value) => (parseRange(value) === undefined ? `'${value}' is no address range` : undefined),
});

export const ranges = () => oneOrMore(addressRange);
export const requestPath = () => text({ pattern: /^\// });

const rateText = judgedText({
  expected: 'a rate such as 10r/s burst=20 nodelay',
  fault: (value) => {
    const limit = parseRateLimit(value);
    return 'problem' in limit ? limit.problem : undefined;
  },
});
const rateMapping = object(
  {
    limit: rateText,
    key: judgedText({
      expected: 'ip, route or header:NAME',
      description: 'Whose requests are counted together.',
      fault: (value) =>
        /^(?:ip|route|header:[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/.test(value) ? undefined : `'${value}' is no key`,
    }),
  },
  { isExtensible: false, required: ['limit'] },
);

/** A value with a short form, bound to the long one. */
export function widenedBy<Bound>(long: Kind<Bound>, shorter: Kind<unknown>, key: string): Kind<Bound> {
  return judgedAs(short(long, shorter), (value, path, binding) =>
    long.bind(isMap(value) || value === null ? value : { [key]: value }, path, binding),
  );
}

/** `10r/s burst=20 nodelay`, or a mapping that also names the key. */
export const rateLimit = widenedBy(rateMapping, rateText, 'limit');

const basicAuthMapping = object(
  {
    file: text({ description: 'An htpasswd file with bcrypt, apr1 or {SHA} hashes.' }),
    realm: text(),
    path: requestPath(),
    remove_header: choice(),
  },
  { isExtensible: false, required: ['file'] },
);

/** The path of an htpasswd file, or a mapping. */
export const basicAuth = widenedBy(basicAuthMapping, text(), 'file');

const certificate = object(
  { cert: text({ description: 'PEM, with its chain.' }), key: text() },
  { isExtensible: false, required: ['cert', 'key'] },
);

const tls = object(
  {
    certificates: list(certificate),
    min_version: text({ choices: ['1.2', '1.3'] }),
    http2: choice(),
  },
  { isExtensible: false, required: ['certificates'] },
);

const accessRule = object({ path: requestPath(), allow: ranges(), deny: ranges() }, { isExtensible: false });

const compressMapping = object(
  {
    encodings: oneOrMore(text({ choices: ['br', 'gzip'] })),
    min_size: size(),
    types: oneOrMore(text({ pattern: /^[a-z0-9.+*-]+\/[a-z0-9.+*-]+$/ })),
  },
  { isExtensible: false },
);

/** `true`, or how. */
const compress: Kind<BoundOf<typeof compressMapping> | boolean> = judgedAs(
  short(compressMapping, anyOf('boolean')),
  (value, path, binding) => (typeof value === 'boolean' ? value : compressMapping.bind(value, path, binding)),
);

/** What a listener demands of its clients. */
export const xTenfoldEdge = object(
  {
    tls,
    redirect_to_https: anyOf('boolean', 'integer'),
    allow: ranges(),
    deny: ranges(),
    access: list(accessRule),
    basic_auth: basicAuth,
    rate_limit: rateLimit,
    max_header: size(),
    max_body: size(),
    max_connections_per_ip: integer({ minimum: 1 }),
    head_timeout: time('From the first byte of a request head to its end.'),
    body_timeout: time('Longest silence of a client inside its request body.'),
    send_timeout: time('How long a client may take nothing of its response.'),
    keep_alive: time('How long an idle connection is kept.'),
    min_rate: size(),
    proxy_protocol: ranges(),
    trusted_proxies: ranges(),
    compress,
  },
  { isExtensible: false, description: 'What a listener demands of its clients.' },
);

export const xTenfoldEntrypoint = object(
  { port: port(), host_ip: text(), edge: xTenfoldEdge },
  { isExtensible: false, required: ['port'] },
);

/** Addresses that services share, by name. */
export const xTenfoldEntrypoints = map(xTenfoldEntrypoint, { keys: /^[a-zA-Z0-9_-]+$/ });

export type EdgeConfig = BoundOf<typeof xTenfoldEdge>;
export type RateLimitConfig = BoundOf<typeof rateLimit>;
export type BasicAuthConfig = BoundOf<typeof basicAuth>;
