import type { ReplicaStatus } from '../../src/daemon/control-api.ts';

/** A replica of web in demo that is well and has nothing to do. */
export function replicaOf(index: number, fields: Partial<ReplicaStatus> = {}): ReplicaStatus {
  return {
    instance: `web-${index}`,
    index,
    name: `demo-web-${index}`,
    id: `id-${index}`,
    revision: 'a'.repeat(64),
    isObsolete: false,
    state: 'in rotation',
    restarts: 0,
    endpoints: [],
    published: [],
    inFlight: 0,
    requests: 0,
    failed: 0,
    ...fields,
  };
}
