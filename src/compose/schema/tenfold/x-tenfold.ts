import { object } from '../collections.ts';
import type { BoundOf } from '../kind.ts';
import { choice, duration, text } from '../scalars.ts';
import { balancingFields, standingFields } from './balancing.ts';
import { xTenfoldEdge, xTenfoldEntrypoints } from './edge.ts';
import { xTenfoldAutoscale } from './autoscale.ts';
import { xTenfoldRecycle } from './recycle.ts';
import { xTenfoldRollout } from './rollout.ts';
import { xTenfoldRoutes } from './routes.ts';
import { xTenfoldAccessLog, xTenfoldTracing } from './visibility.ts';

const time = (description: string) => duration({ keepsZero: true, description });

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
    balancer: text({
      choices: ['proxy', 'haproxy'],
      description: 'proxy: the embedded one. haproxy: an HAProxy of this machine, managed by Tenfold.',
    }),
    ambassador: choice(),
    ...balancingFields,
    ...standingFields,
    access_log: xTenfoldAccessLog,
    tracing: xTenfoldTracing,
    start_timeout: time('Longest time from start to healthy.'),
    edge: xTenfoldEdge,
    routes: xTenfoldRoutes,
    entrypoints: xTenfoldEntrypoints,
    traefik: text({
      choices: ['replace', 'keep'],
      description: 'replace: traefik labels are read as routes. keep: they are left to Traefik.',
    }),
    rollout: xTenfoldRollout,
    recycle: xTenfoldRecycle,
    singleton: choice(),
    autoscale: xTenfoldAutoscale,
  },
  { isExtensible: false, description: 'How Tenfold balances and changes the service.' },
);

export type XTenfold = BoundOf<typeof xTenfold>;
