interface ErrorCodeEntry {
  /** Exit code of the CLI: 1 the work failed, 2 the command line is wrong, 3 the compose file is wrong, 4 something needed is missing. */
  readonly exitCode: 1 | 2 | 3 | 4;
  readonly meaning: string;
}

/** Every code there is. docs/errors.md says what to do about each; a test holds the two together. */
export const errorCodes = {
  usage: { exitCode: 2, meaning: 'The command line is not one that tenfold takes.' },
  'unknown-service': { exitCode: 2, meaning: 'A service was named that the stack does not have.' },
  'unknown-instance': { exitCode: 2, meaning: 'An instance was named that the stack does not run.' },
  'unknown-stack': { exitCode: 2, meaning: 'No stack of that name is known.' },
  'invalid-scale': { exitCode: 2, meaning: 'A number of replicas is not one that can be run.' },
  'file-not-found': {
    exitCode: 3,
    meaning: 'A file that was named, or that a compose file refers to, does not exist.',
  },
  'file-unreadable': { exitCode: 3, meaning: 'A file exists and cannot be read.' },
  'invalid-compose': { exitCode: 3, meaning: 'The compose file is not valid; every fault is listed.' },
  'dependency-cycle': { exitCode: 3, meaning: 'Services depend on each other in a circle.' },
  'command-not-found': { exitCode: 4, meaning: 'The command of a local process cannot be run.' },
  'runtime-unreachable': { exitCode: 4, meaning: 'The runtime (a Docker engine, say) does not answer.' },
  'runtime-failed': { exitCode: 1, meaning: 'The runtime refused or failed an operation.' },
  'image-missing': { exitCode: 4, meaning: 'An image is not there and cannot be pulled or built.' },
  'port-taken': { exitCode: 4, meaning: 'A port is held by somebody else.' },
  'stack-elsewhere': { exitCode: 1, meaning: 'A stack of this name already runs from another folder.' },
  'replica-failed': { exitCode: 1, meaning: 'A replica ended, or did not become healthy in time.' },
  'dependency-failed': { exitCode: 1, meaning: 'A service that others wait for failed.' },
  'last-replica': { exitCode: 1, meaning: 'The change would leave a service with nothing in rotation.' },
  'home-unusable': { exitCode: 4, meaning: 'The state folder cannot be used.' },
  'state-unreadable': { exitCode: 4, meaning: 'A state file is torn or not ours; it was left as it is.' },
  'state-write-failed': { exitCode: 4, meaning: 'State could not be written; the old state still stands.' },
  'daemon-unreachable': { exitCode: 4, meaning: 'The daemon could not be started or does not answer.' },
  'balancer-unreachable': { exitCode: 1, meaning: 'The balancer does not answer.' },
  'balancer-refused': { exitCode: 1, meaning: 'The balancer does not take its new configuration.' },
  'invalid-scenario': { exitCode: 3, meaning: 'A load scenario is not valid; every fault is listed.' },
  'no-listener': { exitCode: 2, meaning: 'A service was named that no open HTTP listener leads to.' },
  'foreign-target': {
    exitCode: 1,
    meaning: 'A load test was aimed at something that is not a stack of yours.',
  },
  'dashboard-refused': {
    exitCode: 1,
    meaning: 'A request to the dashboard came without its link or from elsewhere.',
  },
  'rollout-in-progress': {
    exitCode: 1,
    meaning: 'A service is on its way to another revision, and the command would get in between.',
  },
  'rollout-aborted': { exitCode: 1, meaning: 'Somebody aborted the rollout that the command had begun.' },
  'no-rollout': {
    exitCode: 2,
    meaning: 'There is no rollout, or no revision, that the command could act on.',
  },
  interrupted: { exitCode: 1, meaning: 'The command was interrupted before it was done.' },
} as const satisfies Record<string, ErrorCodeEntry>;
