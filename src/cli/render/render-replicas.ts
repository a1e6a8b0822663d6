import type { ReplicaStatus, ServiceStatus, StackStatus } from '../../daemon/control-api.ts';
import { formatAge } from './durations.ts';
import { publishedAddress, shortRevision, tableOptions, type TableSurroundings } from './render-services.ts';
import type { Paint, Style } from './style.ts';
import { renderTable, type Cell } from './table.ts';
import { oneLine } from './text-width.ts';

const shortIdLength = 12;

export interface ReplicaListSurroundings extends TableSurroundings {
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What `ps` shows: one line per replica, and below them why some are in the state they are in. */
export function renderReplicas(
  services: readonly ServiceStatus[],
  surroundings: ReplicaListSurroundings,
): string[] {
  return [...renderReplicaTable(services, surroundings), ...renderReasons(services, surroundings.style)];
}

function renderReasons(services: readonly ServiceStatus[], style: Style): string[] {
  return services
    .flatMap(({ replicas }) => replicas)
    .flatMap(({ instance, reason, exitCode }) =>
      // The state says the exit code already.
      reason === undefined || reason === `exit code ${exitCode}`
        ? []
        : [`${style.doubtful('!')} ${instance}: ${oneLine(reason)}`],
    );
}

function renderReplicaTable(
  services: readonly ServiceStatus[],
  { style, width, now }: ReplicaListSurroundings,
): string[] {
  return renderTable(
    [
      { title: 'INSTANCE' },
      { title: 'STATE' },
      { title: 'UP', align: 'right' },
      { title: 'REVISION', dropRank: 2 },
      { title: 'ENDPOINT', dropRank: 3 },
      { title: 'IN FLIGHT', align: 'right' },
      { title: 'REQUESTS', align: 'right', dropRank: 4 },
      { title: 'FAILED', align: 'right' },
      { title: 'ID', dropRank: 1 },
    ],
    services.flatMap(({ replicas }) =>
      replicas.map((replica) => [
        { text: replica.instance, paint: style.bold },
        { text: describeState(replica), paint: paintOfState(replica.state, style) },
        isAlive(replica) && replica.startedAt !== undefined ? formatAge(now - replica.startedAt) : '',
        revisionCell(replica, style),
        addressesOf(replica),
        String(replica.inFlight),
        String(replica.requests),
        { text: String(replica.failed), paint: replica.failed > 0 ? style.bad : style.dim },
        { text: identityOf(replica), paint: style.dim },
      ]),
    ),
    tableOptions({ style, width }),
  );
}

/** Lines about parts of the stack that do not answer; empty when all is well. */
export function renderOutages(status: StackStatus, style: Style): string[] {
  const runtimes = status.runtimes
    .filter(({ isReachable }) => !isReachable)
    .map(({ name, reason }) => `runtime ${name} does not answer${reasonSuffix(reason)}`);
  const balancer = status.balancer.isReachable
    ? []
    : [`the balancer does not answer${reasonSuffix(status.balancer.reason)}`];
  return [...runtimes, ...balancer].map((line) => `${style.bad('!')} ${line}`);
}

function reasonSuffix(reason: string | undefined): string {
  return reason === undefined ? '' : `: ${reason}`;
}

/** False for a replica that has ended or was never started. */
export function isAlive({ state }: ReplicaStatus): boolean {
  return state !== 'exited' && state !== 'completed' && state !== 'created';
}

function describeState(replica: ReplicaStatus): string {
  const exit = replica.exitCode === undefined || isAlive(replica) ? '' : ` (${replica.exitCode})`;
  const restarts = replica.restarts === 0 ? '' : `, ${replica.restarts}× restarted`;
  return `${replica.state}${exit}${restarts}`;
}

export function paintOfState(state: ReplicaStatus['state'], style: Style): Paint {
  switch (state) {
    case 'in rotation':
    case 'healthy':
      return style.good;
    case 'unhealthy':
    case 'ejected':
    case 'exited':
    case 'unknown':
      return style.bad;
    case 'created':
    case 'starting':
    case 'draining':
    case 'drained':
    case 'restarting':
      return style.doubtful;
    case 'completed':
      return style.dim;
  }
}

function revisionCell(replica: ReplicaStatus, style: Style): Cell {
  const revision = shortRevision(replica.revision);
  return replica.isObsolete
    ? { text: `${revision} (old)`, paint: style.doubtful }
    : { text: revision, paint: style.dim };
}

function addressesOf(replica: ReplicaStatus): string {
  const endpoints = replica.endpoints.map(({ host, port }) => `${host}:${port}`);
  // Docker publishes a port on IPv4 and on IPv6, which is one address to a person.
  return [...new Set([...endpoints, ...replica.published.map(publishedAddress)])].join(' ');
}

function identityOf(replica: ReplicaStatus): string {
  return replica.pid !== undefined && !/^[0-9a-f]{64}$/.test(replica.id)
    ? `pid ${replica.pid}`
    : replica.id.slice(0, shortIdLength);
}
