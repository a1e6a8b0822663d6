import { list, object } from './collections.ts';
import { deviceRequests } from './mounts.ts';
import { mapping, texts } from './mappings.ts';
import { bytes, decimal, duration, integer, text } from './scalars.ts';

const changeConfig = object({
  parallelism: integer({ keepsZero: true }),
  delay: duration(),
  failure_action: text(),
  monitor: duration(),
  max_failure_ratio: decimal(),
  order: text({ choices: ['start-first', 'stop-first'] }),
});

const genericResources = list(
  object({
    discrete_resource_spec: object({
      kind: { ...text(), absent: () => '' },
      value: { ...integer({ accepts: ['number', 'string'], keepsZero: true }), absent: () => 0 },
    }),
  }),
);

/** Compose `services.*.deploy`. */
export const deploy = object(
  {
    mode: text(),
    replicas: integer({ keepsZero: true }),
    labels: mapping(),
    update_config: changeConfig,
    rollback_config: changeConfig,
    resources: object(
      {
        limits: object({ cpus: decimal(), memory: bytes(['string']), pids: integer() }),
        reservations: object({
          cpus: decimal(),
          memory: bytes(['string']),
          devices: deviceRequests,
          generic_resources: genericResources,
        }),
      },
      { isAlwaysThere: true },
    ),
    restart_policy: object({
      condition: text(),
      delay: duration({ keepsZero: true }),
      max_attempts: integer({ keepsZero: true }),
      window: duration({ keepsZero: true }),
    }),
    placement: object(
      {
        constraints: texts(),
        preferences: list(object({ spread: text() })),
        max_replicas_per_node: integer(),
      },
      { isAlwaysThere: true },
    ),
    endpoint_mode: text(),
  },
  { isNullable: true },
);
