import { setTimeout as sleep } from 'node:timers/promises';
import type { BalancerObservation, ListenerEntry } from '../../balancer-driver.ts';
import { sectionName } from '../config/names.ts';
import { shapeOf } from '../config/render-config.ts';
import { checkAddress } from '../process/port-check.ts';
import { type InstanceRecord, isAlive, pidAt } from '../process/instance.ts';
import { runCommands } from '../process/runtime-api.ts';
import { isTenfoldError } from '../../../shared/errors.ts';
import { Ledger } from '../traffic/ledger.ts';
import type { TrafficEvent } from '../traffic/log-line.ts';
import type { ServiceTable } from '../service-tables.ts';
import { alignServers, isRecast, removals } from './align-servers.ts';
import { conditionKey, observeGroup } from './observation.ts';
import { Drains } from './drains.ts';
import { Ejections } from './ejections.ts';
import type { GroupRecord } from './group-record.ts';
import { Instances } from './instances.ts';
import { Launcher, type LauncherOptions } from './launcher.ts';
import { LiveInstance } from './live-instance.ts';
import { alignMaps } from './maps.ts';
import type { Orphan } from './orphans.ts';
import { endpointsByServer, serversOf, serversThatMustPass } from './wanted-servers.ts';

/** Something happened in HAProxy just now. */
const soonMs = 4;
/** While an endpoint is on its way out. */
const lookEveryMs = 100;
/** While an older HAProxy has connections left, which may last for days. */
const lookAfterLeavingMs = 500;
const maxRestartDelayMs = 2_000;
const settledAfterMs = 5_000;

export interface GroupOptions extends LauncherOptions {
  /** A state or condition changed, or HAProxy was lost or came back. */
  readonly onChange: () => void;
}

/** Carries one service: keeps its HAProxys at what its table says, and counts what they do. */
export class ServiceGroup {
  readonly #launcher: Launcher;
  readonly #onChange: () => void;
  readonly #ledger: Ledger;
  readonly #drains: Drains;
  readonly #ejections = new Ejections(() => this.#lookIn(0));
  readonly #instances = new Instances();
  /** By process id: up to which request an earlier daemon had counted. */
  readonly #serials: Readonly<Record<string, number>>;
  #table: ServiceTable;
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
    return {
      key: this.#table.key,
      ...this.#launcher.record,
      ...this.#instances.record,
      ledger: this.#ledger.record,
      drains: this.#drains.record,
    };
  }

  get pids(): readonly number[] {
    return this.#instances.all.map(({ record }) => record.pid);
  }

  /** Nothing of it runs, and nothing is asked of it. */
  get isOver(): boolean {
    const { listeners, pools } = this.#table;
    return this.#instances.all.length === 0 && listeners.length === 0 && pools.length === 0;
  }

  /** Finds the HAProxys of an earlier daemon that still run, and one that it could not even write down. */
  async adopt({ current, leaving }: GroupRecord, orphans: readonly Orphan[]): Promise<void> {
    for (const record of leaving) if (await isThere(record)) this.#instances.addLeaving(this.#follow(record));
    if (current !== undefined && (await isThere(current)))
      await this.#instances.replace(this.#follow(current));
    for (const orphan of orphans.filter(({ digest }) => digest === this.#launcher.digest)) {
      this.#launcher.skip(orphan.generation);
      // It holds the listeners of that time; whatever its shape is, the next one takes them over.
      const listeners = this.#table.listeners.map(({ id, pool }) => ({ id, pool }));
      const record = { pid: orphan.pid, socketPath: orphan.socketPath, shape: 'unknown', listeners };
      await this.#instances.replace(this.#follow(record));
    }
    // One that cannot be started again, for now, must not keep the others from being found.
    await this.apply(this.#table).catch(() => void this.#bringBack());
  }

  /** Throws `port-taken` for a new listener that cannot be opened and is not freed, and `balancer-refused`. Changes nothing. */
  async check(table: ServiceTable, isFreed: (listener: ListenerEntry) => boolean): Promise<void> {
    const held = new Set(this.#instances.current?.record.listeners.map(({ id }) => id));
    const opened = table.listeners.filter((listener) => !held.has(listener.id) && !isFreed(listener));
    await Promise.all(opened.map(checkAddress));
    await this.#inTurn(async () => {
      if (this.#needsAnother(table)) await this.#launcher.check(table, this.#instances.current);
    });
  }

  /** Resolves when every HAProxy of the service shows that it does what the table says. */
  apply(table: ServiceTable): Promise<void> {
    return this.#inTurn(async () => {
      // What both tables have or one of them is counted while the one gives way to the other.
      this.#count(this.#table, table);
      if (table.listeners.length === 0) await this.#instances.replace(undefined);
      else if (this.#needsAnother(table)) {
        // What the one before knows of its servers by now goes over to the next, where it still answers.
        await this.#read().catch(() => undefined);
        const record = await this.#launcher.start(table, this.#instances.current);
        this.#startedAt = Date.now();
        await this.#instances.replace(this.#follow(record));
      }
      this.#table = table;
      await this.#align();
      this.#count(table);
      this.#lookIn(0);
    });
  }

  observe(): Promise<BalancerObservation> {
    return this.#inTurn(async () => {
      await this.#read({ isPatient: true });
      this.#settle();
      return this.#observation();
    });
  }

  /** Closes the listeners, lets requests finish within the grace, and ends every HAProxy of the service. */
  async shutdown(graceMs: number): Promise<void> {
    try {
      await this.apply({ ...this.#table, listeners: [] });
      const deadline = Date.now() + graceMs;
      for (;;) {
        await this.#inTurn(() => this.#look());
        if (this.#instances.all.length === 0 || Date.now() >= deadline) break;
        await sleep(lookEveryMs);
      }
    } catch (thrown) {
      // One that cannot be told anything any more is ended all the same.
      if (!isTenfoldError(thrown, 'balancer-unreachable')) throw thrown;
    }
    this.close();
    await this.#instances.end();
    await this.#launcher.removeFiles();
  }

  /** No longer looked after; HAProxy goes on. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const instance of this.#instances.all) instance.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Whether what runs cannot be brought to the table by commands. */
  #needsAnother(table: ServiceTable): boolean {
    const { current } = this.#instances;
    if (table.listeners.length === 0) return false;
    return (
      current?.record.shape !== shapeOf(table) || isRecast(current.rows, serversOf(current.record, table))
    );
  }

  #follow(record: InstanceRecord): LiveInstance {
    const events = {
      traffic: (event: TrafficEvent) => this.#ended(event),
      notice: () => this.#lookIn(soonMs),
      lost: (instance: LiveInstance) => this.#lost(instance),
    };
    return new LiveInstance(record, events, this.#serials[record.pid]);
  }

  #ended(event: TrafficEvent): void {
    this.#ledger.count(event);
    if (this.#drains.has(event.server)) this.#lookIn(soonMs);
    const { current } = this.#instances;
    if (current !== undefined) this.#ejections.judge(event, this.#table.pools, current, Date.now());
  }

  #count(...tables: readonly ServiceTable[]): void {
    const servers = new Set(tables.flatMap(({ pools }) => [...endpointsByServer(pools).keys()]));
    const listeners = tables.flatMap((table) => table.listeners);
    this.#ledger.follow(servers, new Set(listeners.map(({ id }) => sectionName(id))));
    this.#ejections.keepOnly(servers);
  }

  async #align(): Promise<void> {
    const kept = endpointsByServer(this.#table.pools);
    for (const { record, rows } of this.#instances.living) {
      await alignMaps(record.socketPath, this.#launcher.places, this.#table.pools);
      for (const { server, current } of rows)
        if (server !== 'FRONTEND' && server !== 'BACKEND' && !kept.has(server))
          this.#ledger.cut(server, current);
      await alignServers(record.socketPath, serversOf(record, this.#table));
    }
    await this.#read();
    const inFlightOf = (name: string): number => this.#instances.inFlight(name);
    this.#drains.follow(this.#table.pools, inFlightOf, this.#ledger, Date.now());
  }

  async #read(options = { isPatient: false }): Promise<void> {
    await this.#instances.read(options);
    this.#ejections.follow(this.#instances.current?.rows ?? [], serversThatMustPass(this.#table.pools));
  }

  #settle(): readonly string[] {
    return this.#drains.settle((name) => this.#instances.inFlight(name), this.#ledger, Date.now());
  }

  #observation(): BalancerObservation {
    return observeGroup(this.#table, this.#ledger, this.#instances, this.#ejections.reasons);
  }

  #lookIn(delayMs: number): void {
    const at = Date.now() + delayMs;
    if (this.#isClosed || at >= this.#timerAt) return;
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
    for (const { record, rows } of this.#instances.living) {
      const cut = rows.filter(({ server }) => overdue.includes(server));
      const commands = [
        ...cut.map(({ proxy, server }) => `shutdown sessions server ${proxy}/${server}`),
        ...removals(rows, serversOf(record, this.#table)),
      ];
      if (commands.length === 0) continue;
      isBusy = true;
      await runCommands(record.socketPath, commands);
    }
    const listeners = new Set(this.#table.listeners.map(({ id }) => sectionName(id)));
    await this.#instances.endIdle(listeners, this.#ledger);
    this.#tell();
    const deadline = this.#drains.nextDeadline();
    if (isBusy) this.#lookIn(lookEveryMs);
    if (this.#instances.leaving.length > 0) this.#lookIn(lookAfterLeavingMs);
    if (deadline !== undefined) this.#lookIn(Math.max(1, deadline - Date.now()));
  }

  #tell(): void {
    const now = conditionKey(this.#observation());
    if (now === this.#told) return;
    this.#told = now;
    this.#onChange();
  }

  #lost(instance: LiveInstance): void {
    if (this.#isClosed) return;
    if (instance !== this.#instances.current) return this.#lookIn(0);
    this.#instances.lose(this.#ledger);
    this.#onChange();
    void this.#bringBack();
  }

  async #bringBack(): Promise<void> {
    this.#restarts = Date.now() - this.#startedAt > settledAfterMs ? 0 : this.#restarts + 1;
    for (let delayMs = 25 * this.#restarts; !this.#isClosed; delayMs = delayMs * 2 + 25) {
      await sleep(Math.min(maxRestartDelayMs, delayMs), undefined, { ref: false });
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
