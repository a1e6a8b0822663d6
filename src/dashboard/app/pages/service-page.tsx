import type { JSX } from 'preact';
import type { ServiceStatus } from '../../../daemon/control-api.ts';
import type { ServiceMeasure } from '../../live-api.ts';
import { restartAction, startAction } from '../../view/actions.ts';
import {
  formatBytes,
  formatCores,
  formatCount,
  formatLatency,
  formatNumber,
  shortRevision,
} from '../../view/format.ts';
import { serviceOf } from '../../view/group-events.ts';
import { addressesOf } from '../../view/states.ts';
import { troublesOf } from '../../view/troubles.ts';
import { DistributionChart } from '../charts/distribution.tsx';
import { ServiceCharts } from '../charts/service-charts.tsx';
import { measureKey, noHistory } from '../live/live-state.ts';
import { usePage } from '../page-context.ts';
import { AutoscalePanel } from '../parts/autoscale-panel.tsx';
import { EventList } from '../parts/event-list.tsx';
import { ReplicaStrip, StateCounts } from '../parts/replica-strip.tsx';
import { ReplicaTable } from '../parts/replica-table.tsx';
import { Failed } from '../parts/service-table.tsx';
import { RolloutPanel } from '../parts/rollout-panel.tsx';
import { TroubleList } from '../parts/trouble-list.tsx';
import { hrefOf, type Place } from '../router.ts';
import { MissingService, MissingStack, Waiting } from './missing.tsx';

const maxEvents = 20;

/** One service, down to its replicas. */
export function ServicePage({ place }: { readonly place: Extract<Place, { page: 'service' }> }): JSX.Element {
  const { stack: stackName, service: name } = place;
  const { live, now } = usePage();
  if (live.stacks === undefined) return <Waiting />;
  const stack = live.stacks.find((each) => each.name === stackName);
  if (stack === undefined) return <MissingStack stack={stackName} />;
  const service = stack.services.find((each) => each.name === name);
  if (service === undefined) return <MissingService stack={stackName} service={name} />;
  const measure = live.measures.find((each) => each.stack === stackName && each.service === name);
  const { points } = live.history.get(measureKey(stackName, name)) ?? noHistory;
  const troubles = troublesOf(stack, live.events, live.measures, now).filter(
    (trouble) => trouble.service === undefined || trouble.service === name,
  );
  const scaled = live.autoscale.find((each) => each.stack === stackName && each.service === name);
  const rollout = live.rollouts.find((each) => each.service === name);
  const isMoving = rollout?.rollout !== undefined;
  const isBalanced = service.listeners.length > 0;
  return (
    <>
      <ServiceTitle stack={stackName} service={service} />
      <TroubleList troubles={troubles} isStackNamed={false} />
      {isMoving && <RolloutPanel stack={stackName} status={rollout} />}
      <Figures service={service} measure={measure} />
      <RangeChoice place={place} />
      <div class="charts">
        {points.length > 1 && <ServiceCharts points={points} isBalanced={isBalanced} />}
        {isBalanced && measure !== undefined && <DistributionChart replicas={measure.replicas} />}
      </div>
      {scaled !== undefined && <AutoscalePanel status={scaled} rangeMs={place.minutes * 60_000} />}
      <ReplicaTable stack={stackName} service={service} measure={measure} />
      {!isMoving && rollout !== undefined && <RolloutPanel stack={stackName} status={rollout} />}
      <section class="panel" aria-labelledby="events">
        <div class="panel-head">
          <h2 id="events">What happened last</h2>
        </div>
        <EventList
          events={live.events.filter((event) => (serviceOf(event) ?? name) === name)}
          maxShown={maxEvents}
        />
      </section>
    </>
  );
}

const ranges = [
  { minutes: 15, text: '15 min' },
  { minutes: 60, text: '1 h' },
  { minutes: 360, text: '6 h' },
  { minutes: 1440, text: '24 h' },
];

function RangeChoice({ place }: { readonly place: Extract<Place, { page: 'service' }> }): JSX.Element {
  return (
    <nav class="ranges" aria-label="How far back">
      {ranges.map(({ minutes, text }) => (
        <a
          key={minutes}
          href={hrefOf({ ...place, minutes })}
          aria-current={minutes === place.minutes ? 'true' : undefined}
        >
          {text}
        </a>
      ))}
    </nav>
  );
}

function ServiceTitle({
  stack,
  service,
}: {
  readonly stack: string;
  readonly service: ServiceStatus;
}): JSX.Element {
  const { ask } = usePage();
  const { name, kind, revision, desired, fileReplicas, scaleSource } = service;
  const restart = desired === 0 ? startAction(stack, name) : restartAction(stack, name);
  return (
    <>
      <div class="title">
        <h1>{name}</h1>
        <ReplicaStrip service={service} />
        <span class="buttons">
          <button type="button" onClick={() => ask({ kind: 'scale', stack, service: name })}>
            Scale…
          </button>
          <button type="button" onClick={() => ask({ kind: 'action', action: restart })}>
            {restart.verb}…
          </button>
          <a class="button" href={hrefOf({ page: 'logs', stack, service: name, instance: '' })}>
            Logs
          </a>
        </span>
      </div>
      <p class="quiet facts">
        <span>
          <StateCounts service={service} />
        </span>
        <span>{kind === 'process' ? 'local processes' : 'containers'}</span>
        <span>
          {scaleSource === 'autoscaler'
            ? 'scaled by the autoscaler'
            : scaleSource === 'command' && desired !== fileReplicas
              ? `scaled by hand, the file says ${fileReplicas}`
              : 'scale from the file'}
        </span>
        <span>
          revision <span class="mono">{shortRevision(revision)}</span>
        </span>
        {addressesOf(service).map(({ text, isLink }) => (
          <span key={text}>
            {isLink ? (
              <a href={text} rel="noreferrer" target="_blank">
                {text}
              </a>
            ) : (
              text
            )}
          </span>
        ))}
      </p>
    </>
  );
}

function Figures({
  service,
  measure,
}: {
  readonly service: ServiceStatus;
  readonly measure: ServiceMeasure | undefined;
}): JSX.Element {
  const total = measure?.total;
  const inFlight = service.replicas.reduce((sum, replica) => sum + replica.inFlight, 0);
  const { drained, forced, retried } = service.traffic;
  const traffic =
    service.listeners.length === 0
      ? []
      : ([
          ['Requests/s', formatNumber(total?.requestsPerSecond)],
          ['Failed/s', <Failed key="failed" perSecond={total?.failedPerSecond} />],
          ['p50', formatLatency(total?.p50Ms)],
          ['p95', formatLatency(total?.p95Ms)],
          ['p99', formatLatency(total?.p99Ms)],
          ['In flight', formatCount(inFlight)],
          ...((total?.waiting ?? 0) > 0 ? [['Waiting', formatCount(total?.waiting)] as const] : []),
          ['Retried', formatCount(retried)],
          ['Drained', formatCount(drained)],
          ...(forced > 0 ? [['Cut off', formatCount(forced)] as const] : []),
        ] as const);
  const figures = [
    ...traffic,
    ['CPU', formatCores(total?.cores)] as const,
    ['Memory', formatBytes(total?.memoryBytes)] as const,
  ];
  return (
    <dl class="figures">
      {figures.map(([title, value]) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
