import type { JSX } from 'preact';
import type { StackStatus } from '../../../daemon/control-api.ts';
import type { ServiceMeasure } from '../../live-api.ts';
import {
  formatBytes,
  formatCores,
  formatCount,
  formatLatency,
  formatNumber,
  shortRevision,
} from '../../view/format.ts';
import { addressesOf } from '../../view/states.ts';
import { Sparkline } from '../charts/sparkline.tsx';
import { measureKey, noHistory } from '../live/live-state.ts';
import { usePage } from '../page-context.ts';
import { hrefOf, servicePlace } from '../router.ts';
import { ReplicaStrip } from './replica-strip.tsx';
import { Table } from './table.tsx';

const columns = [
  { title: 'Service' },
  { title: 'Serving' },
  { title: 'Requests/s', isNumber: true },
  { title: 'Failed/s', isNumber: true },
  { title: 'p95', isNumber: true },
  { title: 'In flight', isNumber: true },
  { title: 'CPU', isNumber: true },
  { title: 'Memory', isNumber: true },
  { title: 'Revision' },
];

/** A line for each service of a stack. */
export function ServiceTable({
  stack,
  measures,
}: {
  readonly stack: StackStatus;
  readonly measures: readonly ServiceMeasure[];
}): JSX.Element {
  const { live } = usePage();
  return (
    <Table
      caption={`Services of ${stack.name}`}
      columns={columns}
      rows={stack.services.map((service) => {
        const measure = measures.find(
          (each) => each.stack === stack.name && each.service === service.name,
        )?.total;
        const { points } = live.history.get(measureKey(stack.name, service.name)) ?? noHistory;
        const inFlight = service.replicas.reduce((sum, replica) => sum + replica.inFlight, 0);
        const isBalanced = service.listeners.length > 0;
        const isRolling = service.replicas.some(({ isObsolete }) => isObsolete);
        return {
          key: service.name,
          cells: [
            <>
              <a href={hrefOf(servicePlace(stack.name, service.name))}>{service.name}</a>
              <span class="addresses">
                {addressesOf(service).map(({ text, isLink }) =>
                  isLink ? (
                    <a key={text} href={text} rel="noreferrer" target="_blank">
                      {text.replace('http://', '')}
                    </a>
                  ) : (
                    <span key={text}>{text}</span>
                  ),
                )}
              </span>
            </>,
            <ReplicaStrip service={service} />,
            isBalanced ? (
              <>
                <Sparkline values={points.map(({ requestsPerSecond }) => requestsPerSecond)} />
                {formatNumber(measure?.requestsPerSecond)}
              </>
            ) : (
              ''
            ),
            isBalanced ? <Failed perSecond={measure?.failedPerSecond} /> : '',
            isBalanced ? formatLatency(measure?.p95Ms) : '',
            isBalanced ? formatCount(inFlight) : '',
            formatCores(measure?.cores),
            formatBytes(measure?.memoryBytes),
            <span class="mono">
              {shortRevision(service.revision)}
              {isRolling && <span class="tone-doubtful"> rolling out</span>}
            </span>,
          ],
        };
      })}
    />
  );
}

export function Failed({ perSecond }: { readonly perSecond: number | undefined }): JSX.Element {
  const isBad = perSecond !== undefined && perSecond > 0;
  return <span class={isBad ? 'tone-bad strong' : undefined}>{formatNumber(perSecond)}</span>;
}
