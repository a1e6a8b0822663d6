import { list, map, object } from '../collections.ts';
import type { BoundOf, Kind } from '../kind.ts';
import { bytes, duration, integer, scalar, text } from '../scalars.ts';
import { basicAuth, ranges, rateLimit, requestPath, widenedBy } from './edge.ts';
import { headerName, headerValue, judgedText, oneOrMore, pattern } from './judged-text.ts';

const time = (description: string) => duration({ keepsZero: true, description });

/** A host name, or `*.` and one, for all below it. */
const hostName = judgedText({
  expected: 'a host name such as app.example.com or *.example.com',
  fault: (value) =>
    /^(?:\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$|^\[[0-9a-fA-F:.]+\]$/.test(value)
      ? undefined
      : `'${value}' is no host name`,
});

/** A value that a field must have; none: it must be there. */
const demand: Kind<string> = scalar(['string', 'null'], (value) =>
  typeof value === 'string' ? value : undefined,
);
const demands = () => map(demand, { keys: headerName });

const headerEdit = object(
  {
    set: map(headerValue(), { keys: headerName }),
    add: map(headerValue(), { keys: headerName }),
    remove: oneOrMore(text({ pattern: headerName })),
  },
  { isExtensible: false },
);

const redirectMapping = object(
  {
    to: text({
      pattern: /^(?:https?:\/\/|\{scheme\}:\/\/|\/)[\x21-\x7e]*$/,
      description: 'May hold {scheme}, {host}, {port}, {path} and {query}.',
    }),
    status: integer({ minimum: 301, maximum: 308 }),
  },
  { isExtensible: false, required: ['to'] },
);

const pageFields = {
  text: text(),
  file: text({ description: 'Read when the compose file is.' }),
  content_type: text({ pattern: /^[\x21-\x7e]+\/[\x20-\x7e]+$/ }),
} as const;

const maintenance = widenedBy(
  object(
    { ...pageFields, retry_after: time('What Retry-After says; one minute unless given.') },
    { isExtensible: false },
  ),
  text(),
  'text',
);

const respond = object(
  {
    ...pageFields,
    status: integer({ minimum: 200, maximum: 599 }),
    headers: map(headerValue(), { keys: headerName }),
  },
  { isExtensible: false, required: ['status'] },
);

/** One way in to a service, or to an answer of the balancer's own. */
export const xTenfoldRoute = object(
  {
    entrypoint: oneOrMore(text()),
    listener: integer({ minimum: 1, maximum: 65_535 }),
    host: oneOrMore(hostName),
    host_regex: pattern('Of the whole host name, unless it is anchored otherwise.'),
    path: oneOrMore(requestPath()),
    path_regex: pattern('Found anywhere in the path unless it is anchored.'),
    method: oneOrMore(text({ pattern: /^[A-Z]+$/ })),
    header: demands(),
    query: demands(),
    priority: integer({ keepsZero: true }),
    target: integer({ minimum: 1, maximum: 65_535 }),
    strip_prefix: oneOrMore(requestPath()),
    redirect: widenedBy(redirectMapping, text(), 'to'),
    maintenance,
    respond,
    request_headers: headerEdit,
    response_headers: headerEdit,
    connect_timeout: time('Instead of that of the service.'),
    response_timeout: time('Instead of that of the service.'),
    retries: integer({ minimum: 0, keepsZero: true }),
    max_body: bytes(['integer', 'string'], 0, true),
    allow: ranges(),
    deny: ranges(),
    basic_auth: basicAuth,
    rate_limit: rateLimit,
  },
  { isExtensible: false, description: 'Requests that go to the service over an address that it shares.' },
);

export const xTenfoldRoutes = list(xTenfoldRoute);

export type RouteConfig = BoundOf<typeof xTenfoldRoute>;
