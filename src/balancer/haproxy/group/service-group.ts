import type { BalancerObservation } from '../../balancer-driver.ts';
import type { BalancingPolicy } from '../../../model/balancing.ts';
import { poolSections, sectionName } from '../config/names.ts';
import { shapeOf } from '../config/render-config.ts';
import { checkAddress } from '../process/port-check.ts';
import { endInstance, type InstanceRecord, isAlive, pidAt } from '../process/instance.ts';
import { runCommands } from '../process/runtime-api.ts';
import type { StatRow } from '../process/statistics.ts';
import { Ledger } from '../traffic/ledger.ts';
import type { TrafficEvent } from '../traffic/log-line.ts';
import type { ServiceTable } from '../service-tables.ts';
import { alignServers, isRecast, leftovers, removal } from './align-servers.ts';
import { conditionKey, isEjectedRow, observeGroup } from './observation.ts';
import { Drains } from './drains.ts';
import type { GroupRecord } from './group-record.ts';
import { Launcher, type LauncherOptions } from './launcher.ts';
import { LiveInstance } from './live-instance.ts';
import { alignMaps } from './maps.ts';
import { ejectedReason, PassiveHealth } from './passive-health.ts';
import { endpointsByServer, serversOf } from './wanted-servers.ts';

/** While something is on its way out, it is looked at so often; and soon after HAProxy says that something happened. */
const lookEveryMs = 100;
const soonMs = 4;
const maxRestartDelayMs = 2_000;
const settledAfterMs = 5_000;

export interface GroupOptions extends LauncherOptions {
  /** A state or condition changed, or HAProxy was lost or came back. */
  readonly onChange: () => void;
}

/** One service's HAProxy: the one in force, and those before it that still finish what they have. */
export class ServiceGroup {
  readonly #launcher: Launcher;
  readonly #onChange: () => void;
  readonly #ledger: Ledger;
  readonly #drains: Drains;
  readonly #passive = new PassiveHealth();
  /** Servers that are out because of their requests, whatever their checks say since. */
  readonly #ejected = new Map<string, string>();
  readonly #serials: Readonly<Record<string, number>>;
  #table: ServiceTable;
  #current: LiveInstance | undefined;
  #leaving: LiveInstance[] = [];
  /** One thing after another. */
  #turn: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;
  #told = '';
  #restarts = 0;
  #startedAt = 0;
  #isClosed = false;

  constructor(table: ServiceTable, options: GroupOptions, record?: GroupRecord) {
    this.#table = table;
    this.#onChange = options.onChange;
    this.#launcher = new Launcher(table.key, options, record);
    this.#ledger = new Ledger(record?.ledger);
    this.#drains = new Drains(record?.drains);
    this.#serials = record?.serials ?? {};
  }

  get record(): GroupRecord {
    const live = this.#live();
    return {
      key: this.#table.key,
      ...this.#launcher.record,
      ...(this.#current === undefined ? {} : { current: this.#current.record }),
      leaving: this.#leaving.map(({ record }) => record),
      serials: Object.fromEntries(live.map(({ record, lastSerial }) => [record.pid, lastSerial])),
      ledger: this.#ledger.record,
      drains: this.#drains.record,
    };
  }

  get pids(): readonly number[] {
    return this.#live().map(({ record }) => record.pid);
  }

  /** Nothing of it runs, and nothing is asked of it. */
  get isOver(): boolean {
    return this.#live().length === 0 && this.#table.listeners.length === 0 && this.#table.pools.length === 0;
  }

  holds(listenerId: string): boolean {
    return this.#live().some(({ record }) => record.listeners.some(({ id }) => id === listenerId));
  }

  /** Finds the HAProxys of an earlier daemon that still run. */
  async adopt({ current, leaving }: GroupRecord): Promise<void> {
    for (const record of leaving) if (await isThere(record)) this.#leaving.push(this.#follow(record));
    if (current !== undefined && (await isThere(current))) this.#current = this.#follow(current);
    await this.apply(this.#table);
  }

  /** Throws `port-taken` when a listener that is new to it cannot be opened. */
  async checkPorts(table: ServiceTable): Promise<void> {
    const held = this.#current?.record.listeners ?? [];
    await Promise.all(
      table.listeners.filter(({ id }) => !held.some((other) => other.id === id)).map(checkAddress),
    );
  }

  /** Checks that HAProxy would take the table; nothing has changed when it throws. */
  apply(table: ServiceTable): Promise<void> {
    return this.#inTurn(async () => {
      const shape = table.listeners.length === 0 ? undefined : shapeOf(table);
      const servers = this.#names(table);
      this.#ledger.follow(
        new Set([...servers, ...this.#names(this.#table)]),
        new Set([...this.#listenerNames(table), ...this.#listenerNames(this.#table)]),
      );
      const before = this.#current;
      const isOutdated =
        before === undefined ||
        before.record.shape !== shape ||
        isRecast(before.rows, serversOf(before.record, table));
      if (shape !== undefined && isOutdated) {
        this.#current = this.#follow(await this.#launcher.start(table, shape, before?.record));
        this.#startedAt = Date.now();
      } else if (shape === undefined) {
        this.#current = undefined;
      }
      this.#table = table;
      if (before !== undefined && before !== this.#current) await this.#retire(before);
      await this.#align();
      this.#ledger.follow(new Set(servers), new Set(this.#listenerNames(table)));
      this.#lookIn(0);
    });
  }

  observe(): Promise<BalancerObservation> {
    return this.#inTurn(async () => {
      await this.#read();
      this.#settle();
      return this.#observation();
    });
  }

  /** Closes the listeners, lets requests finish within the grace, and ends every HAProxy of the service. */
  async shutdown(graceMs: number): Promise<void> {
    await this.apply({ ...this.#table, listeners: [] });
    const deadline = Date.now() + graceMs;
    while (this.#leaving.length > 0 && Date.now() < deadline) {
      await this.#inTurn(() => this.#look());
      if (this.#leaving.length > 0) await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
    this.close();
    await Promise.all(this.#leaving.map(({ record }) => endInstance(record.pid)));
    this.#leaving = [];
    await this.#launcher.removeFiles();
  }

  /** No longer looked after; HAProxy goes on. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const instance of this.#live()) instance.close();
  }

  #live(): readonly LiveInstance[] {
    return this.#current === undefined ? this.#leaving : [...this.#leaving, this.#current];
  }

  #names(table: ServiceTable): readonly string[] {
    return Array.from(endpointsByServer(table.pools).keys());
  }

  #listenerNames(table: ServiceTable): readonly string[] {
    return table.listeners.map(({ id }) => sectionName(id));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  #follow(record: InstanceRecord): LiveInstance {
    return new LiveInstance(
      record,
      {
        traffic: (event) => this.#ended(event),
        notice: () => this.#lookIn(soonMs),
        lost: (instance) => this.#lost(instance),
      },
      this.#serials[record.pid],
    );
  }

  #ended(event: TrafficEvent): void {
    this.#ledger.count(event);
    if (this.#drains.has(event.server)) this.#lookIn(soonMs);
    const pool = this.#table.pools.find(({ id }) => {
      const { rest, canary } = poolSections(id);
      return event.backend === rest || event.backend === canary;
    });
    const current = this.#current;
    if (pool === undefined || current === undefined) return;
    const verdict = this.#passive.judge(event, pool.policy, Date.now());
    if (verdict === undefined) return;
    const isUp = ({ proxy, status }: StatRow): boolean => proxy === event.backend && status.startsWith('UP');
    const others = current.rows.filter(
      (row) => isUp(row) && row.server !== event.server && row.server !== 'BACKEND',
    );
    if (!verdict.holdsForLast && others.length === 0) return;
    void this.#eject(current, event, verdict.reason, pool.policy);
  }

  async #eject(
    { record }: LiveInstance,
    { backend, server }: TrafficEvent,
    reason: string,
    policy: BalancingPolicy,
  ): Promise<void> {
    try {
      await runCommands(record.socketPath, [`set server ${backend}/${server} health down`]);
      this.#ejected.set(server, reason);
      // Its checks may come much later, and say nothing of what its requests met.
      setTimeout(() => void this.#letBack(record, backend, server), policy.failTimeoutMs).unref();
      this.#lookIn(0);
    } catch {
      // It was lost, and is told of by its log.
    }
  }

  async #letBack({ socketPath }: InstanceRecord, backend: string, server: string): Promise<void> {
    if (this.#isClosed || !this.#ejected.has(server)) return;
    await runCommands(socketPath, [`set server ${backend}/${server} health up`]).catch(() => {});
    this.#lookIn(0);
  }

  /** Its listeners are with its successor, or closed; what it carries may finish. */
  async #retire(instance: LiveInstance): Promise<void> {
    this.#leaving.push(instance);
    if (instance.isLost) return;
    await runCommands(
      instance.record.socketPath,
      instance.record.listeners.map(({ id }) => `shutdown frontend ${sectionName(id)}`),
    );
  }

  async #align(): Promise<void> {
    const kept = new Set(this.#names(this.#table));
    for (const instance of this.#live()) {
      if (instance.isLost) continue;
      const { socketPath } = instance.record;
      const wanted = serversOf(instance.record, this.#table);
      await alignMaps(socketPath, this.#launcher.places, this.#table.pools);
      for (const row of instance.rows) {
        if (row.server !== 'FRONTEND' && row.server !== 'BACKEND' && !kept.has(row.server))
          this.#ledger.cut(row.server, row.current);
      }
      await alignServers(socketPath, wanted);
    }
    await this.#read();
    this.#drains.follow(this.#table.pools, (name) => this.#inFlight(name), this.#ledger, Date.now());
  }

  async #read(): Promise<void> {
    for (const instance of this.#live()) if (!instance.isLost) await instance.read();
    for (const row of this.#current?.rows ?? []) {
      if (isEjectedRow(row) && !this.#ejected.has(row.server)) this.#ejected.set(row.server, ejectedReason);
      // In an unchecked backend it is never down.
      else if (row.status.startsWith('UP')) this.#ejected.delete(row.server);
    }
  }

  #inFlight(server: string): number {
    let sum = 0;
    for (const { rows } of this.#live())
      for (const row of rows) if (row.server === server) sum += row.current + row.queued;
    return sum;
  }

  #settle(): readonly string[] {
    return this.#drains.settle((name) => this.#inFlight(name), this.#ledger, Date.now());
  }

  #observation(): BalancerObservation {
    return observeGroup(this.#table, this.#ledger, this.#live(), this.#current, this.#ejected);
  }

  #lookIn(delayMs: number): void {
    if (this.#isClosed) return;
    const at = Date.now() + delayMs;
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => {
      this.#timerAt = Infinity;
      // An HAProxy that is lost in the middle of it is told of by its log.
      this.#inTurn(() => this.#look()).catch(() => this.#lookIn(lookEveryMs));
    }, delayMs).unref();
  }

  /** Enforces deadlines, takes away what is no longer needed, and tells what changed. */
  async #look(): Promise<void> {
    await this.#read();
    const overdue = this.#settle();
    let isBusy = this.#drains.size > 0;
    for (const { record, rows, isLost } of this.#live()) {
      if (isLost) continue;
      const unwanted = leftovers(rows, serversOf(record, this.#table));
      const cut = rows.filter(({ server }) => overdue.includes(server));
      const commands = [
        ...cut.map(({ proxy, server }) => `shutdown sessions server ${proxy}/${server}`),
        ...unwanted.flatMap(removal),
      ];
      if (commands.length > 0) {
        await runCommands(record.socketPath, commands);
        isBusy = true;
      }
    }
    await this.#endLeaving();
    this.#tell();
    const deadline = this.#drains.nextDeadline();
    if (isBusy || this.#leaving.length > 0) this.#lookIn(lookEveryMs);
    if (deadline !== undefined) this.#lookIn(Math.max(1, deadline - Date.now()));
  }

  /** Ends those that carry nothing: at once where their listeners are gone, else when all clients have come over. */
  async #endLeaving(): Promise<void> {
    const kept = new Set(this.#listenerNames(this.#table));
    for (const instance of this.#leaving) {
      const { rows, record, isLost } = instance;
      const isIdle = rows.every(({ server, current }) => server === 'FRONTEND' || current === 0);
      const isLeft = rows.every(
        (row) => row.server !== 'FRONTEND' || !kept.has(row.proxy) || row.current === 0,
      );
      if (!isLost && !(isIdle && isLeft)) continue;
      this.#leaving = this.#leaving.filter((other) => other !== instance);
      this.#ledger.keep(rows);
      instance.close();
      await endInstance(record.pid);
    }
  }

  #tell(): void {
    const now = conditionKey(this.#observation());
    if (now === this.#told) return;
    this.#told = now;
    this.#onChange();
  }

  #lost(instance: LiveInstance): void {
    if (this.#isClosed) return;
    if (instance !== this.#current) return this.#lookIn(0);
    this.#ledger.keep(instance.rows);
    this.#current = undefined;
    this.#onChange();
    void this.#bringBack();
  }

  async #bringBack(): Promise<void> {
    this.#restarts = Date.now() - this.#startedAt > settledAfterMs ? 0 : this.#restarts + 1;
    for (let delayMs = 25 * this.#restarts; !this.#isClosed; delayMs = delayMs * 2 + 25) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(maxRestartDelayMs, delayMs)).unref());
      try {
        await this.apply(this.#table);
        this.#onChange();
        return;
      } catch (thrown) {
        console.error('haproxy:', thrown instanceof Error ? thrown.message : thrown);
      }
    }
  }
}

async function isThere(record: InstanceRecord): Promise<boolean> {
  return isAlive(record.pid) && (await pidAt(record.socketPath)) === record.pid;
}
