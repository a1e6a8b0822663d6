import type { BalancingPolicy } from '../../../model/balancing.ts';
import type { CompressionPolicy, EdgePolicy, RateLimit } from '../../../model/edge.ts';
import type { HeaderEdit } from '../../../model/routing.ts';
import type { ListenerEntry } from '../../balancer-driver.ts';
import type { RequestHead } from '../http/request-head.ts';
import { compileRoutes, type CompiledRoute } from '../routing/compile-routes.ts';
import { fillUrl, strippedPrefix } from '../routing/rewrite-target.ts';
import { type RoutedRequest, routedRequest } from '../routing/routed-request.ts';
import type { PoolState } from '../worker/pool-state.ts';
import { AccessList, readingsOf } from './access.ts';
import { Authorization } from './passwords/authorization.ts';
import { addressKey, type ClientFacts, clientFacts, type Peer } from './client-facts.ts';
import { type GateAnswer, redirection, refusal } from './gate-answer.ts';
import type { RateQuestion } from './limits/limit-desk.ts';
import { PasswordChecker } from './passwords/password-checker.ts';
import { type RangeSet, rangeSet } from './range-set.ts';

/** Where a request goes that was let in, and what is done to it on its way. */
export interface Passage {
  readonly pool: PoolState;
  readonly policy: BalancingPolicy;
  readonly client: ClientFacts;
  readonly strippedPrefix: string | undefined;
  readonly requestHeaders: HeaderEdit | undefined;
  readonly responseHeaders: HeaderEdit | undefined;
  readonly compression: CompressionPolicy | undefined;
  readonly maxBodyBytes: number;
}

/** A wait that lets no request of the burst pass before its time. */
export interface RateDemand extends RateQuestion {
  readonly isImmediate: boolean;
}

export interface PasswordDemand {
  readonly authorization: Authorization;
  readonly field: string | undefined;
}

/** What a request has to get past, in this order: rates, passwords, and then it is answered or passed on. */
export interface Judgement {
  readonly rates: readonly RateDemand[];
  readonly passwords: readonly PasswordDemand[];
  readonly outcome: GateAnswer | Passage;
}

/** One password checker for all gates of the process: it owns a thread and remembers who was right. */
const passwordChecker = new PasswordChecker();

/** All that a listener's routes and edge policy demand of a request, compiled once for each table. */
export class Gate {
  readonly entry: ListenerEntry;
  readonly #pool: PoolState;
  readonly #routes: readonly CompiledRoute[];
  readonly #edge: EdgePolicy | undefined;
  readonly #access: AccessList;
  readonly #authorization: Authorization | undefined;
  readonly #trusted: RangeSet | undefined;
  readonly #needsReadings: boolean;

  /** `pools` holds every pool that the entry names. */
  constructor(entry: ListenerEntry, pools: ReadonlyMap<string, PoolState>) {
    const pool = pools.get(entry.pool);
    if (pool === undefined) throw new Error(`listener ${entry.id} names no pool: ${entry.pool}`);
    const { edge } = entry;
    this.entry = entry;
    this.#pool = pool;
    this.#edge = edge;
    this.#routes = compileRoutes(entry.routes ?? [], pools, passwordChecker);
    this.#access = new AccessList(edge?.access ?? []);
    this.#authorization = edge?.basicAuth && new Authorization(edge.basicAuth, passwordChecker);
    this.#trusted = edge?.trustedProxies && rangeSet(edge.trustedProxies);
    this.#needsReadings =
      !this.#access.isEmpty ||
      this.#authorization !== undefined ||
      this.#routes.some(({ access, authorization }) => !access.isEmpty || authorization !== undefined);
  }

  /** Reads files again that have changed. */
  async look(): Promise<void> {
    await this.#authorization?.look();
    for (const { authorization } of this.#routes) await authorization?.look();
  }

  /** Takes out of the head's fields what an untrusted peer says of the client. */
  judge(head: RequestHead, peer: Peer): Judgement {
    const client = clientFacts(head.fields, peer, this.#trusted);
    const request = routedRequest(head, client.address);
    if (request === undefined) return settled(refusal(400, 'the path could be read in two ways'));
    const { redirectToHttpsPort } = this.#edge ?? {};
    if (redirectToHttpsPort !== undefined && client.scheme === 'http')
      return settled(toHttps(request, redirectToHttpsPort));
    const readings = this.#needsReadings ? readingsOf(request.path) : [];
    const route = this.#routes.find(({ matches }) => matches(request));
    if (
      !this.#access.lets(client.address, readings) ||
      route?.access.lets(client.address, readings) === false
    )
      return settled(refusal(403, 'this client may not ask for this'));
    const rates: RateDemand[] = [];
    if (this.#edge?.rateLimit) rates.push(this.#rate(this.#edge.rateLimit, request, ''));
    if (route?.entry.rateLimit) rates.push(this.#rate(route.entry.rateLimit, request, route.entry.id));
    const field = request.field('authorization');
    const passwords = [this.#authorization, route?.authorization].flatMap((authorization) =>
      authorization?.appliesTo(readings) === true ? [{ authorization, field }] : [],
    );
    return { rates, passwords, outcome: this.#outcome(head, request, client, peer, route) };
  }

  #rate(
    { key, intervalMs, burst, isImmediate }: RateLimit,
    request: RoutedRequest,
    route: string,
  ): RateDemand {
    // A header that is left out must not be a way around.
    const address = addressKey(request.clientAddress);
    const who =
      key.kind === 'route'
        ? ''
        : key.kind === 'ip'
          ? address
          : (request.field(key.name)?.slice(0, 256) ?? address);
    return { key: `${this.entry.id} ${route} ${key.kind} ${who}`, intervalMs, burst, isImmediate };
  }

  #outcome(
    head: RequestHead,
    request: RoutedRequest,
    client: ClientFacts,
    peer: Peer,
    route: CompiledRoute | undefined,
  ): GateAnswer | Passage {
    const maxBodyBytes = route?.entry.maxBodyBytes ?? this.#edge?.limits.maxBodyBytes ?? Infinity;
    const prefix = strippedPrefix(request.path, route?.entry.stripPrefixes ?? []);
    const action = route?.entry.action;
    switch (action?.kind) {
      case 'redirect': {
        const { scheme } = client;
        const { host, query } = request;
        const path = request.path.slice(prefix?.length ?? 0) || '/';
        return redirection(
          action.status,
          fillUrl(action.url, { scheme, host, port: peer.port, path, query }),
        );
      }
      case 'maintenance': {
        const { page, retryAfterSeconds } = action;
        return { ...refusal(503, 'this is being maintained'), page, retryAfterSeconds };
      }
      case 'respond': {
        const lines = action.headers.map(({ name, value }) => `${name}: ${value}\r\n`).join('');
        return { ...refusal(action.status, 'so it was configured', lines), page: action.page };
      }
      case 'forward':
      case undefined:
        break;
    }
    if (head.framing.kind === 'length' && head.framing.bytes > maxBodyBytes)
      return refusal(413, `the body is larger than ${maxBodyBytes} bytes`);
    return {
      pool: route?.pool ?? this.#pool,
      policy: route?.policy() ?? this.#pool.policy,
      client,
      strippedPrefix: prefix,
      requestHeaders: route?.entry.requestHeaders,
      responseHeaders: route?.entry.responseHeaders,
      compression: this.#edge?.compression,
      maxBodyBytes,
    };
  }
}

export function isPassage(outcome: GateAnswer | Passage): outcome is Passage {
  return 'pool' in outcome;
}

function settled(outcome: GateAnswer): Judgement {
  return { rates: [], passwords: [], outcome };
}

function toHttps({ host, path, query }: RoutedRequest, port: number): GateAnswer {
  if (host === '') return refusal(400, 'no host is named, and this is only served by HTTPS');
  const origin = path.startsWith('/') ? path : '/';
  const authority = port === 443 ? host : `${host}:${port}`;
  return redirection(308, `https://${authority}${origin}${query === '' ? '' : `?${query}`}`);
}
