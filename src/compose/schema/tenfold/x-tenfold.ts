import { object } from '../collections.ts';
import type { BoundOf } from '../kind.ts';
import { choice, duration, integer, text } from '../scalars.ts';
import { xTenfoldAutoscale } from './autoscale.ts';
import { xTenfoldRollout } from './rollout.ts';

const count = (minimum: number) => integer({ minimum, keepsZero: true });
const time = (description: string) => duration({ keepsZero: true, description });

/** The proxy's own health checks. */
export const xTenfoldHealth = object(
  {
    path: text({ pattern: /^\// }),
    interval: time('Time between two checks.'),
    timeout: time('Longest wait for the answer to a check.'),
    rise: count(1),
    fall: count(1),
  },
  { isExtensible: false },
);

/** What Compose has no word for, under `x-tenfold:` of a service; at the top level, the defaults for all services. */
export const xTenfold = object(
  {
    publish: text({
      choices: ['balanced', 'direct'],
      description:
        'balanced: the proxy holds the published ports. direct: the runtime publishes them itself.',
    }),
    protocol: text({
      choices: ['http', 'tcp'],
      description: 'What the proxy speaks where app_protocol does not say.',
    }),
    ambassador: choice(),
    algorithm: text({ choices: ['least_conn', 'round_robin'] }),
    max_fails: count(0),
    fail_timeout: time('Window in which failures are counted, and how long a replica then stays out.'),
    slow_start: time('How long a new replica takes to reach its full share.'),
    drain_timeout: time('How long requests in flight may run on when a replica leaves rotation.'),
    connect_timeout: time('Longest wait for a connection to a replica.'),
    response_timeout: time('Longest silence of a replica before and within its response.'),
    retries: count(0),
    response_headers: choice(),
    start_timeout: time('Longest time from start to healthy.'),
    health: xTenfoldHealth,
    rollout: xTenfoldRollout,
    autoscale: xTenfoldAutoscale,
  },
  { isExtensible: false, description: 'How Tenfold balances and changes the service.' },
);

export type XTenfold = BoundOf<typeof xTenfold>;
