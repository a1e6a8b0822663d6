import type { ObservedReplica } from '../../../src/controller/observed.ts';
import { noHistory } from '../../../src/controller/reconcile/restart-policy.ts';
import type { Replica } from '../../../src/model/replica.ts';

export const t0 = 1_000_000;

/** A healthy replica of web in rotation since `t0`, with the given differences. */
export function observedReplica(
  index: number,
  fields: Partial<Omit<ObservedReplica, 'replica'>> = {},
  replica: Partial<Replica> = {},
): ObservedReplica {
  return {
    replica: {
      id: `id-${index}`,
      stack: 'demo',
      service: 'web',
      index,
      instance: `web-${index}`,
      name: `demo-web-${index}`,
      revision: 'a'.repeat(64),
      state: { kind: 'running', startedAt: t0 },
      health: 'none',
      createdAt: t0,
      pid: undefined,
      endpoints: [{ target: 80, host: '127.0.0.1', port: 10_000 + index }],
      published: [],
      ...replica,
    },
    health: 'healthy',
    healthSince: t0,
    healthOutput: undefined,
    rotation: 'active',
    condition: 'up',
    conditionReason: undefined,
    inFlight: 0,
    requests: 0,
    failed: 0,
    history: noHistory,
    ...fields,
  };
}
