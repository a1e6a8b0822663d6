import { flushCompileCache } from 'node:module';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type ControlServer, openControlServer } from './control/control-server.ts';
import { ProxyCore } from './primary/proxy-core.ts';
import { parseProxyLimits } from './proxy-limits.ts';
import { stateFolderIn } from './visibility/visibility.ts';
import { readSecret } from './secret-file.ts';

// The proxy process: `main --socket PATH [--limits JSON] [--secret PATH]`. It outlives the daemon that started it.

const maxWorkers = 8;
const watchEveryMs = 2_000;
const tidyEveryMs = 1_000;
const defaultGraceMs = 10_000;

const { values } = parseArgs({
  options: { socket: { type: 'string' }, limits: { type: 'string' }, secret: { type: 'string' } },
});
const socketPath = values.socket;
if (socketPath === undefined) throw new Error('--socket PATH is missing');

let control: ControlServer | undefined;
const core = new ProxyCore({
  workers: workerCount(process.env['TENFOLD_PROXY_WORKERS']),
  limits: parseProxyLimits(values.limits),
  secret: readSecret(values.secret ?? `${socketPath}.secret`),
  onChange: () => control?.announceChange(),
});

let isStopping = false;
async function shutDown(graceMs: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  await core.stop(graceMs);
  // After this the answer to the order is still written.
  setImmediate(() => {
    control?.close();
    setImmediate(() => process.exit(0));
  });
}

process.on('SIGTERM', () => void shutDown(defaultGraceMs));
process.on('SIGINT', () => void shutDown(defaultGraceMs));
process.on('SIGHUP', () => {});

await core.whenReady();
control = await openControlServer(socketPath, core, shutDown).catch((thrown: unknown) => {
  console.error(thrown);
  process.exit(1);
});

// Only a proper exit would write it, and the process may be killed.
flushCompileCache();

// Nobody could ever reach a proxy whose socket is gone, and its ports would stay taken.
setInterval(() => {
  if (control !== undefined && !control.isReachable() && !control.hasControllers)
    void shutDown(defaultGraceMs);
}, watchEveryMs);

setInterval(() => {
  core
    .tidyLogs(stateFolderIn(process.env))
    .catch((thrown: unknown) => console.error('an access log cannot be moved away:', thrown));
}, tidyEveryMs);

function workerCount(asked: string | undefined): number {
  const count = Number(asked ?? '');
  const wanted = Number.isInteger(count) && count > 0 ? count : availableParallelism();
  return Math.min(maxWorkers, wanted);
}
