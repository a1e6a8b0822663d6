import type { ListenerStatus, ServiceStatus, StackStatus } from '../../daemon/control-api.ts';
import { renderOutages } from './render-replicas.ts';
import {
  listenerAddress,
  readinessCell,
  serviceAddresses,
  servingReplicas,
  shortRevision,
  tableOptions,
  type TableSurroundings,
} from './render-services.ts';
import { renderTable } from './table.ts';

/** What `status` shows: the stack as a whole. */
export function renderStatus(status: StackStatus, surroundings: TableSurroundings): string[] {
  const { style } = surroundings;
  const condition = status.isSteady ? style.good('steady') : style.doubtful('changing');
  const running = status.phase === 'running' ? condition : style.dim('stopped');
  return [
    `${style.bold(status.name)}  ${running}  ${style.dim(status.configFiles.join(', ') || status.workingDir)}`,
    ...renderOutages(status, style),
    '',
    ...renderTable(
      [
        { title: 'SERVICE' },
        { title: 'KIND', dropRank: 2 },
        { title: 'REPLICAS' },
        { title: 'SCALE FROM' },
        { title: 'REVISION', dropRank: 1 },
      ],
      status.services.map((service) => [
        { text: service.name, paint: style.bold },
        service.kind,
        readinessCell(service, style),
        scaleSource(service),
        { text: shortRevision(service.revision), paint: style.dim },
      ]),
      tableOptions(surroundings),
    ),
    ...renderListeners(status, surroundings),
    ...(status.isSteady || status.pending.trim() === ''
      ? []
      : ['', 'still to be done:', ...status.pending.trimEnd().split('\n')]),
  ];
}

function renderListeners(
  { services, entrypoints = [] }: StackStatus,
  surroundings: TableSurroundings,
): string[] {
  const { style } = surroundings;
  const shared = entrypoints.map(({ name, hostIp, port, isOpen, routes, requests, failed }) => [
    {
      text: `${hostIp === '' ? '*' : hostIp}:${port} (${name})`,
      paint: isOpen ? style.accent : style.bad,
    },
    [...new Set(routes.flatMap(({ service }) => service ?? []))].join(', '),
    'everyone',
    String(requests),
    { text: String(failed), paint: failed > 0 ? style.bad : style.dim },
  ]);
  const own = services.flatMap((service) =>
    service.listeners.map((listener) => [
      { text: listenerAddress(listener, service.name), paint: listener.isOpen ? style.accent : style.bad },
      leadsTo(listener, service.name),
      exposureWord(listener),
      String(listener.requests),
      { text: String(listener.failed), paint: listener.failed > 0 ? style.bad : style.dim },
    ]),
  );
  const rows = [...shared, ...own];
  if (rows.length === 0) return [];
  return [
    '',
    ...renderTable(
      [
        { title: 'LISTENER' },
        { title: 'LEADS TO' },
        { title: 'FOR', dropRank: 1 },
        { title: 'REQUESTS', align: 'right' },
        { title: 'FAILED', align: 'right' },
      ],
      rows,
      tableOptions(surroundings),
    ),
  ];
}

/** `db:6379`, and of a port that is for some replicas only, which they are now. */
function leadsTo({ target, takenBy }: ListenerStatus, service: string): string {
  const who = takenBy === undefined ? '' : ` (${takenBy.length === 0 ? 'nobody' : takenBy.join(', ')})`;
  return `${service}:${target}${who}`;
}

function exposureWord({ exposure }: ListenerStatus): string {
  switch (exposure) {
    case 'published':
      return 'everyone';
    case 'internal':
      return 'local processes';
    case 'network':
      return 'containers';
  }
}

function scaleSource({ scaleSource, fileReplicas }: ServiceStatus): string {
  return scaleSource === 'file' ? 'file' : `${scaleSource} (file: ${fileReplicas})`;
}

/** What `ls` shows: one line per stack. */
export function renderStacks(stacks: readonly StackStatus[], surroundings: TableSurroundings): string[] {
  const { style } = surroundings;
  return renderTable(
    [
      { title: 'STACK' },
      { title: 'STATUS' },
      { title: 'REPLICAS' },
      { title: 'LISTENERS' },
      { title: 'FILES', dropRank: 1 },
    ],
    stacks.map((stack) => [
      { text: stack.name, paint: style.bold },
      stackStatusWord(stack) === 'running'
        ? { text: 'running', paint: style.good }
        : { text: stackStatusWord(stack), paint: stack.phase === 'stopped' ? style.dim : style.doubtful },
      `${sum(stack.services.map(servingReplicas))}/${sum(stack.services.map(({ desired }) => desired))}`,
      stack.services.flatMap(serviceAddresses).join(' '),
      stack.configFiles.join(', '),
    ]),
    tableOptions(surroundings),
  );
}

function stackStatusWord({ phase, isSteady }: StackStatus): string {
  if (phase === 'stopped') return 'stopped';
  return isSteady ? 'running' : 'changing';
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
