import type {
  ActiveHealthPolicy,
  BalancingPolicy,
  CircuitBreakerPolicy,
  ExpectedText,
  HashKey,
  LatencyOutlierPolicy,
  QueuePolicy,
  StickyPolicy,
} from '../../model/balancing.ts';
import { TenfoldError } from '../../shared/errors.ts';
import type { Project } from '../project.ts';
import { readStatusRange } from '../schema/tenfold/balancing.ts';
import type { XTenfold } from '../schema/tenfold/x-tenfold.ts';
import { milliseconds } from './balancing.ts';
import { visibilityPolicy } from './visibility.ts';

/** Whose policy it is, for a person, and the path in the files of a key below `x-tenfold`. */
export interface PolicyOwner {
  readonly name: string;
  readonly keysOf: (path: readonly [string, ...string[]]) => readonly (string | number)[];
}

/** How the balancer treats a service, from its `x-tenfold` over that of the file. Throws as `policyOf` does. */
export function balancingPolicy(service: string, tenfold: XTenfold, project: Project): BalancingPolicy {
  return policyOf(tenfold, { name: `service ${service}`, keysOf: serviceKeys(service, project) }, project);
}

/** Where a key stands that holds for a service: its own, or that of the file. */
export function serviceKeys(service: string, project: Project): PolicyOwner['keysOf'] {
  const own = project.tenfold.services[service] ?? {};
  return (path) => [...(path[0] in own ? ['services', service, 'x-tenfold'] : ['x-tenfold']), ...path];
}

/** The policy that keys of `x-tenfold` make up. Throws `invalid-compose` for keys that each are allowed and together say nothing. */
export function policyOf(tenfold: XTenfold, owner: PolicyOwner, project: Project): BalancingPolicy {
  refuseContradictions(tenfold, owner, project);
  const { algorithm = 'least_conn', max_5xx: max5xx = 0, panic_threshold: panicShare = 0 } = tenfold;
  return {
    algorithm,
    ...optional('hashKey', tenfold.hash_on === undefined ? undefined : hashKey(tenfold.hash_on)),
    ...optional('sticky', stickyPolicy(tenfold.sticky)),
    ...optional('maxConnections', tenfold.max_connections),
    ...optional('queue', queuePolicy(tenfold)),
    maxFails: tenfold.max_fails ?? 3,
    failTimeoutMs: milliseconds(tenfold.fail_timeout, 10_000),
    ...optional('max5xx', max5xx > 0 ? max5xx : undefined),
    ...optional('latencyOutlier', latencyOutlier(tenfold.latency_outlier)),
    ...optional('panicShare', panicShare > 0 ? panicShare : undefined),
    ...optional('circuitBreaker', circuitBreaker(tenfold.circuit_breaker)),
    slowStartMs: milliseconds(tenfold.slow_start, 0),
    drainTimeoutMs: milliseconds(tenfold.drain_timeout, 30_000),
    connectTimeoutMs: milliseconds(tenfold.connect_timeout, 2_000),
    responseTimeoutMs: milliseconds(tenfold.response_timeout, 60_000),
    retries: tenfold.retries ?? 1,
    responseHeaders: tenfold.response_headers ?? true,
    activeHealth: activeHealth(tenfold.health),
    ...visibilityPolicy(tenfold, project.workingDir),
  };
}

/** A field that is left out where there is no value: what is off stands in no policy. */
function optional<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [name in Key]?: Value } {
  // TypeScript takes a computed key for any string.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return (value === undefined ? {} : { [key]: value }) as { readonly [name in Key]?: Value };
}

function hashKey(text: string): HashKey {
  if (text === 'path' || text === 'uri') return { from: text };
  const colon = text.indexOf(':');
  return { from: text.startsWith('header') ? 'header' : 'cookie', name: text.slice(colon + 1) };
}

const sameSites = { lax: 'Lax', strict: 'Strict', none: 'None' } as const;

function stickyPolicy(sticky: XTenfold['sticky']): StickyPolicy | undefined {
  if (sticky?.cookie === undefined) return undefined;
  const maxAgeMs = sticky.max_age === undefined ? undefined : milliseconds(sticky.max_age, 0);
  return {
    cookie: sticky.cookie,
    ...optional('maxAgeMs', maxAgeMs),
    sameSite: sameSites[sticky.same_site ?? 'lax'],
  };
}

function queuePolicy({ max_connections, queue = {} }: XTenfold): QueuePolicy | undefined {
  const { size = 128 } = queue;
  if (max_connections === undefined || size === 0) return undefined;
  return { size, timeoutMs: milliseconds(queue.timeout, 5_000) };
}

function latencyOutlier(outlier: XTenfold['latency_outlier']): LatencyOutlierPolicy | undefined {
  if (outlier === undefined) return undefined;
  const { factor = 3, min_requests: minRequests = 20 } = outlier;
  return { factor, minRequests, windowMs: milliseconds(outlier.window, 10_000) };
}

function circuitBreaker(breaker: XTenfold['circuit_breaker']): CircuitBreakerPolicy | undefined {
  if (breaker === undefined) return undefined;
  const { errors: errorShare = 0.5, min_requests: minRequests = 20, probes = 3 } = breaker;
  const windowMs = milliseconds(breaker.window, 10_000);
  return { errorShare, minRequests, windowMs, openMs: milliseconds(breaker.open, 5_000), probes };
}

function activeHealth(health: XTenfold['health'] = {}): ActiveHealthPolicy {
  const { path, method, host, status, send, rise = 2, fall = 3 } = health;
  const statuses = status?.flatMap((text) => [readStatusRange(text)].filter((range) => range !== undefined));
  const wanted = health.body ?? health.expect;
  const pattern = health.body_regex ?? health.expect_regex;
  const expected: ExpectedText | undefined =
    wanted !== undefined
      ? { kind: 'contains', text: wanted }
      : pattern === undefined
        ? undefined
        : { kind: 'matches', pattern };
  return {
    path,
    intervalMs: milliseconds(health.interval, 2_000),
    timeoutMs: milliseconds(health.timeout, 2_000),
    rise,
    fall,
    ...optional('method', method),
    ...optional('host', host),
    ...optional('statuses', statuses),
    ...optional('expected', expected),
    ...optional('send', send),
    ...optional('mustPass', health.fail_open === false ? true : undefined),
  };
}

interface Contradiction {
  /** Below `x-tenfold`. */
  readonly path: readonly [string, ...string[]];
  readonly expected: string;
  readonly isThere: boolean;
}

function refuseContradictions(tenfold: XTenfold, owner: PolicyOwner, project: Project): void {
  const found = contradictions(tenfold).find(({ isThere }) => isThere);
  if (found === undefined) return;
  const { path, expected } = found;
  throw new TenfoldError('invalid-compose', `${owner.name}: x-tenfold.${path.join('.')} does not fit`, {
    where: project.locate(...owner.keysOf(path)),
    expected,
  });
}

function contradictions(tenfold: XTenfold): readonly Contradiction[] {
  const { algorithm, hash_on: hashOn, health = {} } = tenfold;
  const hasPath = health.path !== undefined;
  const ofRequest = (['method', 'host', 'status', 'body', 'body_regex'] as const).map((key) => ({
    path: ['health', key] as const,
    expected: 'health.path beside it: without one, the check is a connection',
    isThere: !hasPath && health[key] !== undefined,
  }));
  const ofConnection = (['send', 'expect', 'expect_regex'] as const).map((key) => ({
    path: ['health', key] as const,
    expected: 'no health.path: with one, the check is a request, whose answer body and body_regex judge',
    isThere: hasPath && health[key] !== undefined,
  }));
  return [
    {
      path: ['algorithm'],
      expected: 'hash_on beside the algorithm hash',
      isThere: algorithm === 'hash' && hashOn === undefined,
    },
    {
      path: ['hash_on'],
      expected: 'algorithm: hash beside it',
      isThere: algorithm !== 'hash' && hashOn !== undefined,
    },
    {
      path: ['queue'],
      expected: 'max_connections beside it: without a limit nothing is queued',
      isThere: tenfold.queue !== undefined && tenfold.max_connections === undefined,
    },
    {
      path: ['sticky'],
      expected: 'protocol: http: there are no cookies in TCP',
      isThere: tenfold.sticky !== undefined && tenfold.protocol === 'tcp',
    },
    ...ofRequest,
    ...ofConnection,
    {
      path: ['health', 'send'],
      expected: 'expect or expect_regex beside it, or nobody looks at the answer',
      isThere: health.send !== undefined && health.expect === undefined && health.expect_regex === undefined,
    },
    {
      path: ['health', 'body_regex'],
      expected: 'body or body_regex, not both',
      isThere: health.body !== undefined && health.body_regex !== undefined,
    },
    {
      path: ['health', 'expect_regex'],
      expected: 'expect or expect_regex, not both',
      isThere: health.expect !== undefined && health.expect_regex !== undefined,
    },
  ];
}
