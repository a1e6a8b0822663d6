import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ReplicaStatus, ServiceStatus } from '../../../daemon/control-api.ts';
import type { ReplicaMeasure, ServiceMeasure } from '../../live-api.ts';
import { drainAction, undrainAction } from '../../view/actions.ts';
import {
  formatAge,
  formatBytes,
  formatCores,
  formatCount,
  formatLatency,
  formatNumber,
  plural,
  shortRevision,
} from '../../view/format.ts';
import { byUrgency, toneOfState } from '../../view/states.ts';
import { usePage } from '../page-context.ts';
import { hrefOf } from '../router.ts';
import { Failed } from './service-table.tsx';
import { Table, type Column, type Row } from './table.tsx';
import { Toned } from './tone.tsx';

/** More are shown when they are asked for: those that need a look stand first. */
const firstShown = 30;

const nameColumns: readonly Column[] = [
  { title: 'Replica' },
  { title: 'State' },
  { title: 'Up', isNumber: true },
];
const trafficColumns: readonly Column[] = [
  { title: 'Requests/s', isNumber: true },
  { title: 'Failed/s', isNumber: true },
  { title: 'p95', isNumber: true },
  { title: 'In flight', isNumber: true },
];
const usageColumns: readonly Column[] = [
  { title: 'CPU', isNumber: true },
  { title: 'Memory', isNumber: true },
  { title: 'Restarts', isNumber: true },
  { title: 'Actions', isTitleHidden: true },
];

/** Every replica of a service, those that need a look first. */
export function ReplicaTable({
  stack,
  service,
  measure,
}: {
  readonly stack: string;
  readonly service: ServiceStatus;
  readonly measure: ServiceMeasure | undefined;
}): JSX.Element {
  const [search, setSearch] = useState('');
  const [isWhole, setWhole] = useState(false);
  const isBalanced = service.listeners.length > 0;
  const measures = new Map(measure?.replicas.map((replica) => [replica.replicaId, replica]));
  const found = service.replicas
    .filter(({ instance, state }) => `${instance} ${state}`.includes(search.trim().toLowerCase()))
    .sort(byUrgency);
  const shown = isWhole ? found : found.slice(0, firstShown);
  return (
    <section class="panel" aria-labelledby="replicas-title">
      <div class="panel-head">
        <h2 id="replicas-title">Replicas</h2>
        {service.replicas.length > firstShown && (
          <input
            type="search"
            class="search"
            placeholder="Name or state"
            aria-label="Find replicas by name or state"
            value={search}
            onInput={({ currentTarget }) => setSearch(currentTarget.value)}
          />
        )}
      </div>
      {service.replicas.length === 0 ? (
        <p class="quiet">No replica is there.</p>
      ) : (
        <Table
          caption={`Replicas of ${service.name}`}
          columns={[...nameColumns, ...(isBalanced ? trafficColumns : []), ...usageColumns]}
          rows={shown.map((replica) =>
            rowOf({ stack, service, replica, measure: measures.get(replica.id), isBalanced }),
          )}
        />
      )}
      {found.length > shown.length && (
        <p>
          <button type="button" onClick={() => setWhole(true)}>
            Show all {found.length}
          </button>{' '}
          <span class="quiet">{plural(found.length - shown.length, 'more replica')}</span>
        </p>
      )}
    </section>
  );
}

interface RowContent {
  readonly stack: string;
  readonly service: ServiceStatus;
  readonly replica: ReplicaStatus;
  readonly measure: ReplicaMeasure | undefined;
  readonly isBalanced: boolean;
}

function rowOf({ stack, service, replica, measure, isBalanced }: RowContent): Row {
  const { instance, id, state, reason, revision, isObsolete, exitCode, restarts, inFlight } = replica;
  const isOver = state === 'exited' || state === 'completed' || state === 'created';
  return {
    key: id,
    cells: [
      <>
        <a href={hrefOf({ page: 'logs', stack, service: service.name, instance })}>{instance}</a>
        {isObsolete && <span class="tag">old {shortRevision(revision)}</span>}
      </>,
      <>
        <Toned tone={toneOfState(state)}>
          {state}
          {exitCode !== undefined && isOver ? ` (${exitCode})` : ''}
        </Toned>
        {reason !== undefined && reason !== `exit code ${exitCode}` && <span class="reason">{reason}</span>}
      </>,
      <Uptime startedAt={isOver ? undefined : replica.startedAt} />,
      ...(isBalanced
        ? [
            formatNumber(measure?.requestsPerSecond),
            <Failed perSecond={measure?.failedPerSecond} />,
            formatLatency(measure?.p95Ms),
            formatCount(inFlight),
          ]
        : []),
      formatCores(measure?.cores),
      formatBytes(measure?.memoryBytes),
      <span class={restarts > 0 ? 'tone-doubtful' : undefined}>{restarts}</span>,
      <RotationButton stack={stack} replica={replica} isBalanced={isBalanced} />,
    ],
  };
}

function Uptime({ startedAt }: { readonly startedAt: number | undefined }): JSX.Element {
  const { now } = usePage();
  return <>{startedAt === undefined ? '' : formatAge(now - startedAt)}</>;
}

function RotationButton({
  stack,
  replica: { instance, state },
  isBalanced,
}: {
  readonly stack: string;
  readonly replica: ReplicaStatus;
  readonly isBalanced: boolean;
}): JSX.Element | null {
  const { ask } = usePage();
  if (!isBalanced) return null;
  const isOut = state === 'draining' || state === 'drained';
  const isIn = state === 'in rotation' || state === 'ejected' || state === 'unhealthy';
  if (!isOut && !isIn) return null;
  const action = isOut ? undrainAction(stack, instance) : drainAction(stack, instance);
  return (
    <button
      type="button"
      class="small"
      aria-label={`${action.title}…`}
      onClick={() => ask({ kind: 'action', action })}
    >
      {isOut ? 'Put back…' : 'Drain…'}
    </button>
  );
}
