import type {
  ChangeMessage,
  ChangeReport,
  EventKind,
  ListenerStatus,
  ReplicaStatus,
  ServiceStatus,
  StackEvent,
  StackStatus,
} from '../../src/daemon/control-api.ts';

/** The moment at which the samples were taken: 2026-11-22 12:00:00 UTC. */
export const sampleNow = Date.UTC(2026, 10, 22, 12);

export function sampleReplica(index: number, changes: Partial<ReplicaStatus> = {}): ReplicaStatus {
  return {
    instance: `web-${index}`,
    index,
    name: `demo-web-${index}`,
    id: `p-${index}`,
    revision: `3f2a9c01${'0'.repeat(56)}`,
    isObsolete: false,
    state: 'in rotation',
    startedAt: sampleNow - 65_000 * index,
    pid: 4000 + index,
    restarts: 0,
    endpoints: [{ target: 80, host: '127.0.0.1', port: 40_000 + index }],
    published: [],
    inFlight: index - 1,
    requests: 140,
    failed: 0,
    ...changes,
  };
}

export const sampleListener: ListenerStatus = {
  hostIp: '',
  port: 8080,
  target: 80,
  protocol: 'http',
  exposure: 'published',
  isOpen: true,
  requests: 412,
  failed: 0,
};

export function sampleService(changes: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    name: 'web',
    kind: 'process',
    revision: `3f2a9c01${'0'.repeat(56)}`,
    desired: 3,
    fileReplicas: 3,
    scaleSource: 'file',
    running: 3,
    inRotation: 3,
    listeners: [sampleListener],
    traffic: { drained: 3, forced: 0, retried: 1 },
    replicas: [sampleReplica(1), sampleReplica(2), sampleReplica(3)],
    ...changes,
  };
}

/** A database in a container that publishes its port itself, and nothing is balanced. */
export const sampleDatabase: ServiceStatus = {
  name: 'db',
  kind: 'container',
  revision: `b81c77e2${'0'.repeat(56)}`,
  desired: 1,
  fileReplicas: 1,
  scaleSource: 'file',
  running: 1,
  inRotation: 0,
  listeners: [],
  traffic: { drained: 0, forced: 0, retried: 0 },
  replicas: [
    {
      instance: 'db-1',
      index: 1,
      name: 'demo-db-1',
      id: 'c0ffee'.padEnd(64, '0'),
      revision: `b81c77e2${'0'.repeat(56)}`,
      isObsolete: false,
      state: 'healthy',
      startedAt: sampleNow - 3 * 3_600_000,
      restarts: 0,
      endpoints: [],
      published: [{ hostIp: '0.0.0.0', port: 5432, target: 5432, protocol: 'tcp' }],
      inFlight: 0,
      requests: 0,
      failed: 0,
    },
  ],
};

export function sampleStack(changes: Partial<StackStatus> = {}): StackStatus {
  return {
    name: 'demo',
    workingDir: '/srv/demo',
    configFiles: ['/srv/demo/compose.yaml'],
    phase: 'running',
    isSteady: true,
    pending: '',
    services: [sampleService(), sampleDatabase],
    runtimes: [
      { name: 'process', isReachable: true },
      { name: 'docker', isReachable: true },
    ],
    balancer: { isReachable: true, pid: 4321 },
    ...changes,
  };
}

export function sampleEvent(
  kind: EventKind,
  instance: string | undefined,
  message: string,
  afterMs = 0,
): StackEvent {
  return {
    time: sampleNow + afterMs,
    stack: 'demo',
    kind,
    ...(instance === undefined ? {} : { service: instance.replace(/-\d+$/, ''), instance }),
    message,
  };
}

export function sampleReport(changes: Partial<ChangeReport> = {}): ChangeReport {
  return {
    command: 'scale',
    stack: 'demo',
    durationMs: 1_234,
    hasChanged: true,
    services: [{ service: 'web', before: 3, after: 5 }],
    traffic: { requests: 412, drained: 3, forced: 0, forcedStreams: 0, retried: 0, failed: 0, failures: {} },
    warnings: [],
    ...changes,
  };
}

/** A stream of changes: events, then the report. */
export function sampleChange(events: readonly StackEvent[], report = sampleReport()): ChangeMessage[] {
  return [...events.map((event): ChangeMessage => ({ type: 'event', event })), { type: 'report', report }];
}
