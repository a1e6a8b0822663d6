import type { ListenerStatus, ServiceStatus } from '../../daemon/control-api.ts';
import type { PublishedPort } from '../../model/replica.ts';
import { listenerScheme } from '../../shared/listener-scheme.ts';
import type { Style } from './style.ts';
import { renderTable, type Cell, type TableOptions } from './table.ts';

const shortRevisionLength = 8;
const wildcardAddresses = new Set(['', '0.0.0.0', '::']);

export interface TableSurroundings {
  readonly style: Style;
  /** Columns of the terminal; undefined lets lines be as long as they are. */
  readonly width: number | undefined;
}

/** What is shown after `up`: one line per service. */
export function renderServices(
  services: readonly ServiceStatus[],
  { style, width }: TableSurroundings,
): string[] {
  return renderTable(
    [{ title: 'SERVICE' }, { title: 'REPLICAS' }, { title: 'LISTENERS' }, { title: 'REVISION', dropRank: 1 }],
    services.map((service) => [
      { text: service.name, paint: style.bold },
      readinessCell(service, style),
      serviceAddresses(service).join(' '),
      { text: shortRevision(service.revision), paint: style.dim },
    ]),
    tableOptions({ style, width }),
  );
}

export function tableOptions({ style, width }: TableSurroundings): TableOptions {
  return { paintTitle: style.dim, width };
}

/** `2/3`: replicas that serve, and those that shall. */
export function readinessCell(service: ServiceStatus, style: Style): Cell {
  const ready = servingReplicas(service);
  const paint = ready >= service.desired ? style.good : ready === 0 ? style.bad : style.doubtful;
  return { text: `${ready}/${service.desired}`, paint: service.desired === 0 ? style.dim : paint };
}

/** Replicas in rotation; of a service that no listener leads to, those that run. */
export function servingReplicas(service: ServiceStatus): number {
  return service.listeners.length > 0 ? service.inRotation : service.running;
}

/** Where the service can be reached from outside: its listeners, and what the runtime publishes itself. */
export function serviceAddresses(service: ServiceStatus): string[] {
  const published = service.listeners
    .filter(({ exposure }) => exposure === 'published')
    .map((listener) => listenerAddress(listener, service.name));
  const direct = service.replicas.flatMap((replica) => replica.published.map(publishedAddress));
  return [...new Set([...published, ...direct])];
}

/** `http://localhost:8080`, or `http://web:80` between containers, with a word when it is not open. */
export function listenerAddress(listener: ListenerStatus, service: string): string {
  const host = listener.exposure === 'network' ? service : hostOf(listener.hostIp);
  const address = `${listenerScheme(listener)}://${host}:${listener.port}`;
  if (listener.isOpen) return address;
  return `${address} (closed${listener.note === undefined ? '' : `: ${listener.note}`})`;
}

/** `tcp://localhost:5432`, or `…/udp`'s own scheme. */
export function publishedAddress(port: PublishedPort): string {
  return `${port.protocol}://${hostOf(port.hostIp)}:${port.port}`;
}

function hostOf(hostIp: string): string {
  if (wildcardAddresses.has(hostIp)) return 'localhost';
  return hostIp.includes(':') ? `[${hostIp}]` : hostIp;
}

export function shortRevision(revision: string): string {
  return revision.slice(0, shortRevisionLength);
}
