import { list, object } from '../collections.ts';
import type { Kind } from '../kind.ts';
import { choice, duration, integer, text } from '../scalars.ts';
import { widenedBy } from './edge.ts';
import { judgedText, oneOrMore, pattern } from './judged-text.ts';
import { share } from './share.ts';

const closed = { isExtensible: false } as const;
const count = (minimum: number, maximum = 1_000_000) => integer({ minimum, maximum, keepsZero: true });
const time = (description: string) => duration({ keepsZero: true, description });
const cookieName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const stickyMapping = object(
  {
    cookie: text({ pattern: cookieName, description: 'Name of the cookie.' }),
    max_age: time('How long a browser keeps it; without it, for its session.'),
    same_site: text({ choices: ['lax', 'strict', 'none'] }),
  },
  { ...closed, required: ['cookie'], description: 'Sends a client back to the replica that served it.' },
);

const statusText = judgedText({
  expected: 'a status such as 200, or a range such as 200-299 or 2xx',
  fault: (value) => (readStatusRange(value) === undefined ? `'${value}' is no status or range` : undefined),
});
const statusRange: Kind<string> = {
  ...statusText,
  accepts: ['string', 'integer'],
  schema: { type: ['string', 'integer'], description: 'Statuses that pass, such as 200 or 200-299.' },
  check: (value, path, report) =>
    statusText.check(typeof value === 'number' ? String(value) : value, path, report),
};

/** `200`, `200-299`, `2xx`; with both ends. */
export function readStatusRange(value: string): readonly [number, number] | undefined {
  const hundreds = /^([1-5])xx$/i.exec(value)?.[1];
  if (hundreds !== undefined) return [Number(hundreds) * 100, Number(hundreds) * 100 + 99];
  const [, first, last = first] = /^([1-5]\d\d)(?:\s*-\s*([1-5]\d\d))?$/.exec(value) ?? [];
  return first === undefined || Number(first) > Number(last) ? undefined : [Number(first), Number(last)];
}

/** The proxy's own health checks. */
export const xTenfoldHealth = object(
  {
    path: text({ pattern: /^\// }),
    interval: time('Time between two checks.'),
    timeout: time('Longest wait for the answer to a check.'),
    rise: count(1),
    fall: count(1),
    method: text({ choices: ['GET', 'HEAD', 'OPTIONS', 'POST'] }),
    host: text({ pattern: /^[\x21-\x7e]+$/, description: 'Host field of the request.' }),
    status: oneOrMore(statusRange),
    body: text({ description: 'Must stand in the first 64 KiB of the body.' }),
    body_regex: pattern('Must match the first 64 KiB of the body.'),
    send: text({ description: 'Without a path: sent as soon as a connection is made.' }),
    expect: text({ description: 'Without a path: must come over the connection.' }),
    expect_regex: pattern('Without a path: must match what comes over the connection.'),
    fail_open: choice(),
  },
  closed,
);

/** Which part each replica of a service has, on all of its ports. */
export const standingFields = { weights: list(count(1, 256)), backups: count(0, 10_000) } as const;

/** How requests are spread over replicas, and what takes a replica out: of a service, or of one port of it. */
export const balancingFields = {
  algorithm: text({
    choices: ['least_conn', 'round_robin', 'ip_hash', 'hash', 'random_two', 'least_time'],
  }),
  hash_on: judgedText({
    expected: 'header:NAME, cookie:NAME, path or uri',
    description: 'What of a request is hashed, with the algorithm hash.',
    fault: (value) =>
      /^(?:path|uri|(?:header|cookie):[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/.test(value)
        ? undefined
        : `'${value}' names nothing of a request`,
  }),
  sticky: widenedBy(stickyMapping, text({ pattern: cookieName }), 'cookie'),
  max_connections: count(1),
  queue: object(
    { size: count(0), timeout: time('Longest wait of a request for room.') },
    { ...closed, description: 'Where requests wait while every replica has its max_connections.' },
  ),
  max_fails: count(0),
  fail_timeout: time('Window in which failures are counted, and how long a replica then stays out.'),
  max_5xx: count(0),
  latency_outlier: object(
    {
      factor: count(2, 1_000),
      min_requests: count(1),
      window: time('Time over which answers are compared.'),
    },
    { ...closed, description: 'Takes out a replica that answers much slower than the others.' },
  ),
  panic_threshold: share({
    minimum: 0,
    maximum: 1,
    description: 'Share of healthy replicas below which all are asked alike.',
  }),
  circuit_breaker: object(
    {
      errors: share({ minimum: 0.01, maximum: 1, description: 'Share of requests that fail.' }),
      min_requests: count(1),
      window: time('Time over which they are counted.'),
      open: time('How long no request is let through.'),
      probes: count(1, 100),
    },
    { ...closed, description: 'Refuses requests for a while when too many fail.' },
  ),
  slow_start: time('How long a new replica takes to reach its full share.'),
  drain_timeout: time('How long requests in flight may run on when a replica leaves rotation.'),
  connect_timeout: time('Longest wait for a connection to a replica.'),
  response_timeout: time('Longest silence of a replica before and within its response.'),
  retries: count(0),
  response_headers: choice(),
  send_proxy_protocol: text({
    choices: ['v1', 'v2'],
    description: 'Connections to replicas begin with a PROXY protocol header that names the client.',
  }),
  health: xTenfoldHealth,
} as const;
