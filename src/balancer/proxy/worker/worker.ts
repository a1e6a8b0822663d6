import { activityOf } from '../client/connection-activity.ts';
import { Door } from '../client/door.ts';
import { LimitDesk } from '../edge/limits/limit-desk.ts';
import { closeExpired } from '../exchange/upstream-pool.ts';
import { defaultProxyLimits, type ProxyLimits } from '../proxy-limits.ts';
import type { BalancerFigures, PoolEntry } from '../../balancer-driver.ts';
import { followWallClock } from '../socket/event-time.ts';
import { Visibility } from '../visibility/visibility.ts';
import { doorKey } from './door-key.ts';
import type { EndpointState } from './endpoint-state.ts';
import { collectReport } from './report.ts';
import { RoutingState } from './routing-state.ts';
import type { WorkerContext } from './worker-context.ts';
import type { WorkerNotice, WorkerOrder, WorkerTable } from './worker-protocol.ts';

const tickEveryMs = 100;
const reportEveryMs = 250;
/** How often files that listeners name are looked at. */
const lookEveryMs = 1_000;
/** Answers are asked for when somebody looks; by themselves they come only so that a worker that dies has told of them. */
const reportAnswersEveryMs = 1_000;

/** Carries traffic in a process of its own, as the main process tells it to. Ends when that one ends. */
export function runWorker(): void {
  const doors = new Map<string, Door>();
  /** Closed doors that still have connections. */
  const closing = new Set<Door>();
  let limits: ProxyLimits = defaultProxyLimits;
  let isReportDue = false;
  const visibility = Visibility.of(process.env);
  const surroundings = {
    secret: '',
    workers: 1,
    wantRoom: (pool: string) => tell({ type: 'want-room', pool }),
    spareRoom: (id: string, count: number) => tell({ type: 'spare-room', id, count }),
    circuitChanged: (pool: string, until: number) => tell({ type: 'circuit', pool, until }),
    watchOf: (entry: PoolEntry) => visibility.watchOf(entry),
  };
  const routing = new RoutingState(surroundings);

  const tell = (notice: WorkerNotice): void => {
    // An error means that the main process is gone, and the disconnect says so too.
    if (process.connected) process.send?.(notice, undefined, undefined, () => {});
  };
  /** Through doors that are closed. */
  let accepted = 0;
  const figures = (): BalancerFigures => {
    const activity = { reading: 0, writing: 0, waiting: 0 };
    for (const door of [...doors.values(), ...closing])
      for (const connection of door.connections) activity[activityOf(connection)]++;
    const open = Array.from(doors.values(), (door) => door.accepted);
    return {
      accepted: open.reduce((sum, count) => sum + count, accepted),
      ...activity,
      ...visibility.counts,
    };
  };
  let answersDueAt = 0;
  const report = (sequence?: number): void => {
    const now = performance.now();
    const withAnswers = sequence !== undefined || now >= answersDueAt;
    if (withAnswers) answersDueAt = now + reportAnswersEveryMs;
    const report = collectReport(routing, withAnswers);
    if (sequence !== undefined) tell({ type: 'report', sequence, ...report, figures: figures() });
    else if (Object.values(report).some(({ length }) => length > 0)) tell({ type: 'report', ...report });
  };
  const context: WorkerContext = {
    get limits() {
      return limits;
    },
    desk: new LimitDesk((notice) => tell(notice)),
    ejectionChanged: (endpoint: EndpointState) => {
      endpoint.hasChanged = true;
      const { until, reason } = endpoint.ejection;
      tell({ type: 'ejected', id: endpoint.id, until, reason });
      context.reportNow();
    },
    reportNow: () => {
      if (isReportDue) return;
      isReportDue = true;
      setImmediate(() => {
        isReportDue = false;
        report();
      });
    },
  };

  const applyTable = (table: WorkerTable): void => {
    const gone = routing.apply(table, Date.now());
    const named = new Set<string>();
    for (const listener of routing.listeners.values()) {
      const key = doorKey(listener.entry);
      named.add(key);
      const door = doors.get(key);
      if (door !== undefined && door.listener !== listener) door.assign(listener);
    }
    closeDoors(
      Array.from(doors.keys()).filter((key) => doors.get(key)?.listener !== undefined && !named.has(key)),
    );
    for (const endpoint of gone) endpoint.cut('forced');
  };
  const closeDoors = (keys: readonly string[]): void => {
    for (const key of keys) {
      const door = doors.get(key);
      if (door === undefined) continue;
      door.close();
      doors.delete(key);
      closing.add(door);
      accepted += door.accepted;
    }
  };
  const stop = (graceMs: number): void => {
    closeDoors(Array.from(doors.keys()));
    const deadline = Date.now() + graceMs;
    const poll = setInterval(() => {
      if (Date.now() < deadline && Array.from(closing).some((door) => door.connections.size > 0)) return;
      clearInterval(poll);
      void visibility.close().finally(() => process.exit(0));
    }, 20);
  };

  process.on('message', (order: WorkerOrder, handle: unknown) => {
    switch (order.type) {
      case 'start':
        limits = order.limits;
        surroundings.secret = order.secret;
        surroundings.workers = order.workers;
        break;
      case 'door': {
        const { key } = order;
        if (typeof handle !== 'object' || handle === null)
          throw new Error(`no socket came with the door ${key}`);
        const opened = (error: string | undefined): void => {
          tell({ type: 'door-open', key, ...(error === undefined ? {} : { error }) });
        };
        doors.set(key, new Door(key, handle, context, opened));
        break;
      }
      case 'abandon':
        closeDoors(order.keys);
        break;
      case 'table':
        applyTable(order.table);
        tell({ type: 'applied', sequence: order.sequence });
        report();
        break;
      case 'health':
        routing.judge(order.id, order.isDown, order.activeSince);
        break;
      case 'eject': {
        const endpoint = routing.endpoints.get(order.id);
        if (endpoint === undefined) break;
        if (order.until === 0) endpoint.ejection.clear();
        else endpoint.ejection.eject(order.until, order.reason);
        endpoint.pool?.serve();
        endpoint.hasChanged = true;
        report();
        break;
      }
      case 'circuit':
        routing.pools.get(order.pool)?.scrutiny?.circuit?.set(order.until);
        break;
      case 'room': {
        const endpoint = routing.endpoints.get(order.id);
        if (endpoint !== undefined) endpoint.pool?.roomChanged(endpoint, order.change);
        break;
      }
      case 'room-wanted': {
        const endpoint = routing.endpoints.get(order.id);
        if (endpoint !== undefined) endpoint.pool?.roomWanted(endpoint);
        break;
      }
      case 'limits':
        context.desk.settle(order.answers, Date.now());
        break;
      case 'report':
        report(order.sequence);
        break;
      case 'stop':
        stop(order.graceMs);
        break;
    }
  });
  // A signal to the whole group is for the main process, which stops its workers in order.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  // The ports must be free at once for the main process that comes after.
  process.on('disconnect', () => process.exit(0));

  setInterval(() => {
    followWallClock();
    const now = Date.now();
    for (const door of doors.values()) door.tick(now);
    for (const door of closing) {
      if (door.connections.size === 0) closing.delete(door);
      else door.tick(now);
    }
    for (const endpoint of routing.endpoints.values()) closeExpired(endpoint, now);
    for (const pool of routing.pools.values()) {
      const outlier = pool.scrutiny?.judge(pool.endpoints, now);
      if (outlier !== undefined) context.ejectionChanged(outlier);
      pool.serve();
    }
  }, tickEveryMs);
  setInterval(() => {
    report();
    visibility.flush();
  }, reportEveryMs);
  setInterval(() => {
    for (const { edge } of routing.listeners.values()) void edge?.look();
  }, lookEveryMs);
  tell({ type: 'ready' });
}
