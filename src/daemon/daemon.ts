import { freemem, totalmem } from 'node:os';
import { parseAdminAddress } from './admin/admin-address.ts';
import { adminRoutes } from './admin/admin-routes.ts';
import { type AdminServer, serveAdmin } from './admin/admin-server.ts';
import { metricsRoute } from './admin/metrics-route.ts';
import type { VersionReply } from './control-api.ts';
import { askPrometheus } from './autoscale/ask-prometheus.ts';
import { autoscaleFamilies } from './autoscale/autoscale-families.ts';
import { autoscaleRoutes } from './autoscale/autoscale-routes.ts';
import { Autoscaler } from './autoscale/autoscaler.ts';
import { isListening, serveControl } from './control/control-server.ts';
import { controlRoutes } from './control/routes.ts';
import type { Home } from './home.ts';
import { makeHome } from './state/home-folder.ts';
import { Journal } from './state/journal.ts';
import { takeLock } from './state/lock.ts';
import { StackStore } from './state/stack-store.ts';
import { availableMemory } from './rollout/machine-memory.ts';
import { runHook } from './rollout/run-hook.ts';
import { runSmokeTest } from './rollout/smoke-test.ts';
import { StackRegistry } from './stack/stack-registry.ts';
import { createAmbassadorDriver } from '../balancer/ambassador/ambassador-driver.ts';
import { createFleet } from '../balancer/fleet/fleet.ts';
import { createHaproxyDriver } from '../balancer/haproxy/haproxy-driver.ts';
import { createProxyDriver } from '../balancer/proxy/proxy-driver.ts';
import type { StackController } from '../controller/loop.ts';
import { createAccess } from '../dashboard/access.ts';
import { readDashboardKey } from '../dashboard/key-file.ts';
import { createDashboard } from '../dashboard/routes.ts';
import type { MetricFamily } from '../exporters/prometheus/metric-family.ts';
import { TrafficTable } from '../controller/execute/traffic-table.ts';
import type { MetricsSource } from '../metrics/metrics-source.ts';
import { startMetrics } from '../metrics/start-metrics.ts';
import { createDockerAmbassadors } from '../runtime/docker/ambassador/docker-ambassadors.ts';
import { whyNoAmbassadors } from '../runtime/docker/ambassador/why-none.ts';
import { createDockerDriver } from '../runtime/docker/docker-driver.ts';
import { createProcessDriver } from '../runtime/process/process-driver.ts';
import type { RuntimeDriver } from '../runtime/runtime-driver.ts';
import { systemClock } from '../shared/clock.ts';
import { ownVersion } from '../shared/own-version.ts';
import { userName } from '../shared/user-name.ts';

/** A daemon that has no stack to look after and hears of nobody for so long ends by itself. */
const idleExitMs = 3_000;
const idleCheckMs = 250;
/** Nothing runs any more when the proxy is ended, so this is for clients that are slow to hear of it. */
const proxyGraceMs = 2_000;
const balancerStartMs = 10_000;

/** Runs the daemon of a home until the signal aborts or nothing is left to do. */
export async function runDaemon(home: Home, signal: AbortSignal): Promise<void> {
  const adminAddress = parseAdminAddress(process.env['TENFOLD_ADMIN']);
  await makeHome(home);
  await using lock = await takeLock(home.lockPath, () => isListening(home.socketPath), systemClock);
  void lock;
  await using journal = new Journal(home.journalPath, reportBug);
  const store = new StackStore(home.stacksDirectory);
  const stacks = await store.load();

  await using processes = createProcessDriver({
    directory: home.processesDirectory,
    logDirectory: home.logsDirectory,
  });
  await using docker = createDockerDriver({});
  await using proxy = createProxyDriver({ socketPath: home.proxySocketPath, logPath: home.proxyLogPath });
  const runtimes = new Map<string, RuntimeDriver>([
    ['process', processes],
    ['container', docker],
  ]);
  await using ambassadors = createAmbassadorDriver(
    createDockerAmbassadors({ directory: home.ambassadorsDirectory }),
  );
  await using haproxy = createHaproxyDriver({
    folder: home.haproxyDirectory,
    binary: process.env['TENFOLD_HAPROXY'],
  });
  await using balancer = createFleet([
    { carrier: 'proxy', driver: proxy },
    { carrier: 'haproxy', driver: haproxy },
    { carrier: 'ambassador', driver: ambassadors },
  ]);
  const traffic = new TrafficTable(balancer);
  // The samples are taken of what the registry runs, and its rollouts are judged by them.
  let measured: MetricsSource | undefined;
  await using registry = new StackRegistry({
    runtimes,
    traffic,
    clock: systemClock,
    store,
    journal,
    smokeTester: runSmokeTest,
    hookRunner: runHook,
    metrics: () => measured,
    availableMemory,
    whyNoAmbassadors: () => whyNoAmbassadors(process.env, process.platform),
    onBug: reportBug,
  });
  await traffic.adopt(AbortSignal.any([signal, AbortSignal.timeout(balancerStartMs)]));
  for (const desired of stacks) registry.adopt(desired);

  const controllers = (): readonly StackController[] => registry.all.map(({ controller }) => controller);
  await using metrics = await startMetrics({
    controllers,
    runtimes,
    balancer: traffic,
    clock: systemClock,
    directory: home.metricsDirectory,
    onBug: reportBug,
    onWarning: (line) => console.error(new Date().toISOString(), 'warning:', line),
  });

  measured = metrics.store;

  await using autoscaler = new Autoscaler({
    stacks: () => registry.all,
    metrics: metrics.store,
    balancer: traffic,
    clock: systemClock,
    directory: home.autoscaleDirectory,
    machine: () => ({ totalBytes: totalmem(), availableBytes: freemem() }),
    ask: askPrometheus,
    onBug: reportBug,
  });

  const ending = new AbortController();
  let admin: AdminServer | undefined;
  const version = (): VersionReply => ({
    version: ownVersion(),
    pid: process.pid,
    home: home.directory,
    proxyPid: proxy.pid,
    admin: { address: admin?.address, reason: admin?.failure },
  });
  const exitIfIdle = (): readonly string[] => {
    const active = registry.activeStacks;
    if (active.length === 0) ending.abort();
    return active;
  };
  const apiRoutes = [
    ...controlRoutes({ registry, version, exitIfIdle }),
    ...autoscaleRoutes(autoscaler, registry),
    metricsRoute(metrics, systemClock, (name) => registry.find(name) !== undefined),
  ];
  const dashboard = createDashboard({
    access: async () => createAccess(await readDashboardKey(home.dashboardKeyPath)),
    registry,
    version,
    control: apiRoutes,
    metrics,
    autoscaler,
    user: userName(),
  });
  const moreFamilies = (): readonly MetricFamily[] => autoscaleFamilies(autoscaler.statuses());
  await using adminServer = await serveAdmin(
    adminAddress,
    [...adminRoutes({ metrics, controllers, version, moreFamilies }), ...dashboard.routes],
    reportBug,
  );
  admin = adminServer;
  await using control = await serveControl(home.socketPath, apiRoutes, reportBug);
  const idleTimer = setInterval(() => {
    const isHeard = control.callCount > 0 || dashboard.pageCount > 0;
    const isQuiet = !isHeard && Date.now() - control.lastCallAt > idleExitMs;
    if (isQuiet) exitIfIdle();
  }, idleCheckMs);

  balancer.watch(() => {
    registry.all.forEach(({ controller }) => controller.wake());
    void autoscaler.wake().catch(reportBug);
  }, ending.signal);
  await aborted(AbortSignal.any([signal, ending.signal]));
  clearInterval(idleTimer);
  // Whoever asks the proxy for its counters after its end would start it again.
  await autoscaler[Symbol.asyncDispose]();
  await metrics[Symbol.asyncDispose]();
  // Told to end while stacks run (an upgrade): traffic goes on without a daemon. Idle: the proxy ends as well.
  if (ending.signal.aborted) {
    const signal = AbortSignal.timeout(2 * proxyGraceMs);
    await Promise.all([proxy.shutdown(proxyGraceMs, signal), haproxy.shutdown(proxyGraceMs, signal)]);
  }
  ending.abort();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Something was thrown that is no TenfoldError: it goes to the daemon's log with its stack. */
function reportBug(thrown: unknown): void {
  console.error(new Date().toISOString(), 'bug:', thrown);
}
