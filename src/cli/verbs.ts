import { addAutoscale } from './autoscale/autoscale.ts';
import { addCapacity } from './capacity/capacity.ts';
import { addDown } from './changes/down.ts';
import { addDrain } from './instances/drain.ts';
import { addDashboard } from './dashboard/dashboard.ts';
import { addExec } from './instances/exec.ts';
import { addExport } from './export/export.ts';
import { addKill } from './changes/kill.ts';
import { addRestart } from './changes/restart.ts';
import { addScale } from './changes/scale.ts';
import { addStart } from './changes/start.ts';
import { addStop } from './changes/stop.ts';
import { addUndrain } from './instances/undrain.ts';
import { addUp } from './changes/up.ts';
import { addLoad } from './load/load.ts';
import { addMetrics } from './metrics/metrics.ts';
import { addProve } from './prove/prove.ts';
import { addDeploy } from './rollout/deploy.ts';
import { addRollout } from './rollout/rollout.ts';
import type { Program } from './verb.ts';
import { addConfig } from './views/config.ts';
import { addEvents } from './views/events.ts';
import { addLogs } from './views/logs.ts';
import { addLs } from './views/ls.ts';
import { addPs } from './views/ps.ts';
import { addStatus } from './views/status.ts';
import { addTop } from './views/top.ts';
import { addVersion } from './views/version.ts';

interface VerbGroup {
  readonly heading: string;
  readonly add: readonly ((program: Program) => void)[];
}

/** Every verb there is, in the order of the help. */
export const verbs: readonly VerbGroup[] = [
  {
    heading: 'Run a stack:',
    add: [addUp, addDown, addScale, addStop, addStart, addRestart, addKill, addAutoscale],
  },
  { heading: 'Move it to another revision:', add: [addDeploy, addRollout] },
  { heading: 'Work on an instance:', add: [addDrain, addUndrain, addExec] },
  {
    heading: 'Look at it:',
    add: [addPs, addLs, addStatus, addLogs, addEvents, addConfig, addTop, addDashboard],
  },
  { heading: 'Measure it:', add: [addMetrics, addLoad, addProve, addCapacity, addExport] },
  { heading: 'About:', add: [addVersion] },
];
