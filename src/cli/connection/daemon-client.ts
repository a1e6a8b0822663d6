import type { Readable } from 'node:stream';
import type {
  ChangeMessage,
  ChangeRequest,
  DownRequest,
  ExecMessage,
  ExecRequest,
  ExitReply,
  InstanceRequest,
  KillRequest,
  ScaleRequest,
  ServicesRequest,
  StackEvent,
  StackStatus,
  UpRequest,
  VersionReply,
} from '../../daemon/control-api.ts';
import type { DeployRequest, RolloutRequest, RolloutStatus } from '../../daemon/rollout-api.ts';
import type { MetricsReply } from '../../daemon/metrics-api.ts';
import type { AutoscaleRecord } from '../../autoscale/record.ts';
import type { AutoscaleRequest, AutoscaleStatus } from '../../daemon/autoscale-api.ts';
import type { LogLine } from '../../runtime/runtime-driver.ts';
import { TenfoldError, isTenfoldError, messageOf } from '../../shared/errors.ts';
import { fetchJson, streamJson, type SocketRequest } from './socket-request.ts';

/** The changes that can be asked for, with what each of them takes. */
export interface ChangeRequests {
  readonly up: UpRequest;
  readonly deploy: DeployRequest;
  readonly rollout: RolloutRequest;
  readonly down: DownRequest;
  readonly scale: ScaleRequest;
  readonly stop: ServicesRequest;
  readonly start: ServicesRequest;
  readonly restart: ServicesRequest;
  readonly kill: KillRequest;
  readonly drain: InstanceRequest;
  readonly undrain: InstanceRequest;
}

export type ChangeVerb = keyof ChangeRequests;

export interface LogQuery {
  readonly follow: boolean;
  readonly tail: number | undefined;
  readonly sinceMs: number | undefined;
  readonly untilMs?: number;
  /** A regular expression; lines that it does not match are left out. */
  readonly pattern?: string;
  /** Empty: all. */
  readonly services: readonly string[];
}

export interface MetricsQuery {
  /** Empty: all. */
  readonly services: readonly string[];
  /** Milliseconds since the epoch; undefined: the last ten seconds as one point. */
  readonly from?: number;
  readonly to?: number;
}

export interface EventQuery {
  /** Undefined: all stacks. */
  readonly stack: string | undefined;
  readonly follow: boolean;
  readonly sinceMs: number | undefined;
}

/** The control API as functions; src/daemon/control-api.ts has the routes and the shapes. */
export interface DaemonClient {
  version(signal?: AbortSignal): Promise<VersionReply>;
  stacks(): Promise<readonly StackStatus[]>;
  stack(name: string): Promise<StackStatus>;
  rollouts(name: string): Promise<readonly RolloutStatus[]>;
  change<Verb extends ChangeVerb>(
    stack: string,
    verb: Verb,
    request: Omit<ChangeRequests[Verb], 'requester'> & Pick<ChangeRequest, 'requester'>,
    signal?: AbortSignal,
  ): AsyncGenerator<ChangeMessage, void, undefined>;
  logs(stack: string, query: LogQuery, signal?: AbortSignal): AsyncGenerator<LogLine, void, undefined>;
  metrics(stack: string, query: MetricsQuery, signal?: AbortSignal): Promise<MetricsReply>;
  autoscale(stack: string): Promise<readonly AutoscaleStatus[]>;
  setAutoscalePaused(
    stack: string,
    isPaused: boolean,
    request: AutoscaleRequest,
  ): Promise<readonly AutoscaleStatus[]>;
  autoscaleHistory(
    stack: string,
    query: { readonly service: string; readonly sinceMs: number | undefined },
    signal?: AbortSignal,
  ): AsyncGenerator<AutoscaleRecord, void, undefined>;
  events(query: EventQuery, signal?: AbortSignal): AsyncGenerator<StackEvent, void, undefined>;
  exec(
    stack: string,
    request: ExecRequest,
    input: Readable,
    signal?: AbortSignal,
  ): AsyncGenerator<ExecMessage, void, undefined>;
  exit(signal?: AbortSignal): Promise<ExitReply>;
}

export function createDaemonClient(socketPath: string): DaemonClient {
  const reply = <Reply>(request: SocketRequest): Promise<Reply> =>
    fetchJson<Reply>(socketPath, request).catch((thrown: unknown) => {
      throw asConnectionError(thrown, request);
    });
  async function* stream<Message>(request: SocketRequest): AsyncGenerator<Message, void, undefined> {
    try {
      yield* streamJson<Message>(socketPath, request);
    } catch (thrown) {
      throw asConnectionError(thrown, request);
    }
  }
  return {
    version: (signal) => reply({ method: 'GET', path: '/v1/version', ...withSignal(signal) }),
    stacks: () => reply({ method: 'GET', path: '/v1/stacks' }),
    stack: (name) => reply({ method: 'GET', path: stackPath(name) }),
    rollouts: (name) => reply({ method: 'GET', path: `${stackPath(name)}/rollouts` }),
    change: (name, verb, body, signal) =>
      stream({ method: 'POST', path: `${stackPath(name)}/${verb}`, body, ...withSignal(signal) }),
    logs: (name, query, signal) =>
      stream({
        method: 'GET',
        path: `${stackPath(name)}/logs${logParameters(query)}`,
        ...withSignal(signal),
      }),
    metrics: (name, query, signal) =>
      reply({
        method: 'GET',
        path: `${stackPath(name)}/metrics${metricsParameters(query)}`,
        ...withSignal(signal),
      }),
    autoscale: (name) => reply({ method: 'GET', path: `${stackPath(name)}/autoscale` }),
    setAutoscalePaused: (name, isPaused, body) =>
      reply({ method: 'POST', path: `${stackPath(name)}/autoscale/${isPaused ? 'pause' : 'resume'}`, body }),
    autoscaleHistory: (name, { service, sinceMs }, signal) => {
      const query = queryText([
        ['service', service],
        ['since', sinceMs],
      ]);
      return stream({
        method: 'GET',
        path: `${stackPath(name)}/autoscale/history${query}`,
        ...withSignal(signal),
      });
    },
    events: (query, signal) =>
      stream({ method: 'GET', path: `/v1/events${eventParameters(query)}`, ...withSignal(signal) }),
    exec: (name, request, input, signal) =>
      stream({
        method: 'POST',
        path: `${stackPath(name)}/exec?${new URLSearchParams({ request: JSON.stringify(request) }).toString()}`,
        body: input,
        ...withSignal(signal),
      }),
    exit: (signal) => reply({ method: 'POST', path: '/v1/exit', ...withSignal(signal) }),
  };
}

function stackPath(name: string): string {
  return `/v1/stacks/${encodeURIComponent(name)}`;
}

function withSignal(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

function logParameters({ follow, tail, sinceMs, untilMs, pattern, services }: LogQuery): string {
  return queryText([
    ['follow', follow ? '1' : undefined],
    ['tail', tail],
    ['since', sinceMs],
    ['until', untilMs],
    ['grep', pattern],
    ...services.map((service) => ['service', service] as const),
  ]);
}

function metricsParameters({ services, from, to }: MetricsQuery): string {
  return queryText([['from', from], ['to', to], ...services.map((service) => ['service', service] as const)]);
}

function eventParameters({ stack, follow, sinceMs }: EventQuery): string {
  return queryText([
    ['stack', stack],
    ['follow', follow ? '1' : undefined],
    ['since', sinceMs],
  ]);
}

function queryText(pairs: readonly (readonly [string, string | number | undefined])[]): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of pairs) if (value !== undefined) parameters.append(name, String(value));
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}

/** A connection that broke becomes `daemon-unreachable`; an abort and the daemon's own errors stay what they are. */
function asConnectionError(thrown: unknown, { signal }: SocketRequest): unknown {
  if (isTenfoldError(thrown) || signal?.aborted === true) return thrown;
  if (!isConnectionFailure(thrown)) return thrown;
  return new TenfoldError('daemon-unreachable', `the daemon went away: ${messageOf(thrown)}`, {
    hint: 'replicas and traffic go on; any tenfold command starts the daemon again, and it carries on where it was',
    cause: thrown,
  });
}

/** System errors (`ECONNRESET`, `ENOENT`, …) and Node's own for a response that broke off. */
function isConnectionFailure(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string';
}
