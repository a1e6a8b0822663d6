import { createHash } from 'node:crypto';
import { homedir, tmpdir, userInfo } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';

/** Longest path that fits `sun_path` on every system we run on (macOS: 104 bytes with the closing zero). */
const maxSocketPathBytes = 100;
/** Below the folder of all ambassadors: as long as any of them is. */
const ambassadorSocket = join('0'.repeat(12), 'control.sock');

/** Where everything that outlives a command is kept. All paths are absolute. */
export interface Home {
  readonly directory: string;
  /** Control API of the daemon. */
  readonly socketPath: string;
  /** Control channel of the proxy. */
  readonly proxySocketPath: string;
  /** Control channels of ambassadors, in a folder for each. */
  readonly ambassadorsDirectory: string;
  /** What the autoscaler decided, and what its next decisions need to know. */
  readonly autoscaleDirectory: string;
  /** Pid and start time of the daemon that owns the home. */
  readonly lockPath: string;
  readonly daemonLogPath: string;
  readonly proxyLogPath: string;
  /** State, configurations and log of the HAProxys; made when one is needed. */
  readonly haproxyDirectory: string;
  /** One state file per stack. */
  readonly stacksDirectory: string;
  /** History of the metrics. */
  readonly metricsDirectory: string;
  /** Append-only event journal. */
  readonly journalPath: string;
  /** Signs the dashboard's links and cookies. */
  readonly dashboardKeyPath: string;
  /** Records of the process runtime. */
  readonly processesDirectory: string;
  /** Logs of local process replicas. */
  readonly logsDirectory: string;
}

/** `TENFOLD_HOME`, else `$XDG_STATE_HOME/tenfold`, else `~/.local/state/tenfold`. */
export function resolveHome(environment: Readonly<Record<string, string | undefined>>): Home {
  const directory = homeDirectory(environment);
  return {
    directory,
    socketPath: socketPath(directory, 'daemon.sock'),
    proxySocketPath: socketPath(directory, 'proxy.sock'),
    autoscaleDirectory: join(directory, 'autoscale'),
    ambassadorsDirectory: dirname(dirname(socketPath(join(directory, 'ambassadors'), ambassadorSocket))),
    lockPath: join(directory, 'daemon.lock'),
    daemonLogPath: join(directory, 'daemon.log'),
    proxyLogPath: join(directory, 'proxy.log'),
    haproxyDirectory: join(directory, 'haproxy'),
    stacksDirectory: join(directory, 'stacks'),
    metricsDirectory: join(directory, 'metrics'),
    journalPath: join(directory, 'journal.jsonl'),
    dashboardKeyPath: join(directory, 'dashboard.key'),
    processesDirectory: join(directory, 'processes'),
    logsDirectory: join(directory, 'logs'),
  };
}

function homeDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  const chosen = environment['TENFOLD_HOME'];
  if (chosen) return resolve(chosen);
  const stateHome = environment['XDG_STATE_HOME'];
  if (stateHome && isAbsolute(stateHome)) return join(stateHome, 'tenfold');
  return join(homedir(), '.local', 'state', 'tenfold');
}

/** A socket below a deep home moves to the temporary folder, because the kernel bounds the length of its path. */
function socketPath(directory: string, name: string): string {
  const path = join(directory, name);
  if (Buffer.byteLength(path) <= maxSocketPathBytes) return path;
  const digest = createHash('sha256').update(directory).digest('hex').slice(0, 16);
  return join(tmpdir(), `tenfold-${userInfo().uid}-${digest}`, name);
}
