import { rolloutPolicy } from '../../src/compose/stack/changes/rollout.ts';
import type { UpdatePolicy } from '../../src/model/rollout.ts';
import type { Service } from '../../src/model/service.ts';
import type { Stack } from '../../src/model/stack.ts';

const update: UpdatePolicy = {
  parallelism: 1,
  delayMs: 0,
  order: 'start-first',
  failureAction: 'rollback',
  monitorMs: 0,
  maxFailureRatio: 0,
};

/** A service with everything at its default, and the given fields on top. */
export function serviceOf(name: string, fields: Partial<Service> = {}): Service {
  return {
    name,
    kind: 'process',
    revision: 'a'.repeat(64),
    replicas: 1,
    containerName: undefined,
    isStateful: false,
    dependsOn: [],
    targets: [],
    listeners: [],
    directPorts: [],
    networks: ['default'],
    healthCheck: undefined,
    postStart: [],
    stop: { signal: 'SIGTERM', graceMs: 10_000, preStop: [] },
    restart: { condition: 'none', delayMs: undefined, maxAttempts: undefined, windowMs: undefined },
    update,
    rollback: { ...update, failureAction: 'pause' },
    rollout: rolloutPolicy(),
    balancing: {
      algorithm: 'least_conn',
      maxFails: 1,
      failTimeoutMs: 10_000,
      slowStartMs: 0,
      drainTimeoutMs: 10_000,
      connectTimeoutMs: 1_000,
      responseTimeoutMs: 60_000,
      retries: 1,
      responseHeaders: true,
      activeHealth: { path: undefined, intervalMs: 5_000, timeoutMs: 1_000, rise: 1, fall: 3 },
    },
    recycle: undefined,
    isSingleton: false,
    startTimeoutMs: 60_000,
    config: {},
    ...fields,
  };
}

/** A stack of the given services, with this process's environment. */
export function stackOf(name: string, workingDir: string, services: readonly Service[]): Stack {
  const hostEnvironment = Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return {
    name,
    workingDir,
    configFiles: [`${workingDir}/compose.yaml`],
    hostEnvironment,
    services: Object.fromEntries(services.map((service) => [service.name, service])),
    networks: {},
    volumes: {},
    secrets: {},
    configs: {},
  };
}
