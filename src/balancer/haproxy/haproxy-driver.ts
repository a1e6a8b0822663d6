import { rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { BalancerDriver, BalancerObservation, RoutingTable } from '../balancer-driver.ts';
import { launcherDigest } from './group/launcher.ts';
import { endOrphans, findOrphans } from './group/orphans.ts';
import { type GroupOptions, ServiceGroup } from './group/service-group.ts';
import { findHaproxy } from './process/binary.ts';
import { refuseUnsupported } from './refusals.ts';
import { type ServiceTable, serviceTables } from './service-tables.ts';
import { readState, writeState } from './state-file.ts';

/** What a daemon that is killed has counted since then is read again from HAProxy's log. */
const saveEveryMs = 2_000;
/** HAProxy binds a socket under a longer name first. */
const maxFolderBytes = 65;

export interface HaproxyDriverOptions {
  /** Configurations, state and log; made when they are needed. */
  readonly folder: string;
  /** Undefined: looked for on PATH and where packages put it. */
  readonly binary?: string | undefined;
}

/** Managed HAProxys, one for each service; they outlive this driver. */
export interface HaproxyDriver extends BalancerDriver {
  /** Takes over what an earlier driver left running. Throws `state-unreadable`. Every other call does it too. */
  connect(signal: AbortSignal): Promise<void>;
  /** Process ids, with those that only finish what they have. */
  readonly pids: readonly number[];
  /** Ends every HAProxy: accepts no more, lets requests finish within the grace. Succeeds when none runs. */
  shutdown(graceMs: number, signal: AbortSignal): Promise<void>;
}

export function createHaproxyDriver(options: HaproxyDriverOptions): HaproxyDriver {
  return new Driver(options);
}

class Driver implements HaproxyDriver {
  readonly name = 'haproxy';
  readonly #folder: string;
  readonly #groupOptions: GroupOptions;
  readonly #groups = new Map<string, ServiceGroup>();
  readonly #watchers = new Set<() => void>();
  #table: RoutingTable | undefined;
  #connecting: Promise<void> | undefined;
  #changes: Promise<unknown> = Promise.resolve();
  #saver: NodeJS.Timeout | undefined;
  #saved = '';

  constructor({ folder, binary }: HaproxyDriverOptions) {
    this.#folder = folder;
    let found: Promise<string> | undefined;
    this.#groupOptions = {
      folder: workFolder(folder),
      socketFolder: join(workFolder(folder), 'run'),
      logPath: join(folder, 'haproxy.log'),
      binary: () => {
        found ??= findHaproxy(binary);
        // One that is installed later is found then.
        found.catch(() => (found = undefined));
        return found;
      },
      onChange: () => this.#tellWatchers(),
    };
  }

  get pids(): readonly number[] {
    return Array.from(this.#groups.values()).flatMap(({ pids }) => pids);
  }

  connect(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#connecting ??= this.#adopt().catch((thrown: unknown) => {
      this.#connecting = undefined;
      throw thrown;
    });
    return this.#connecting;
  }

  async apply(table: RoutingTable, signal: AbortSignal): Promise<void> {
    await this.connect(signal);
    await this.#inTurn(async () => {
      signal.throwIfAborted();
      await this.#apply(table);
    });
  }

  async table(signal: AbortSignal): Promise<RoutingTable | undefined> {
    await this.connect(signal);
    return this.#table;
  }

  async observe(signal: AbortSignal): Promise<BalancerObservation> {
    await this.connect(signal);
    const parts = await Promise.all(Array.from(this.#groups.values(), (group) => group.observe()));
    return {
      endpoints: parts.flatMap(({ endpoints }) => endpoints),
      pools: parts.flatMap(({ pools }) => pools),
      listeners: parts.flatMap(({ listeners }) => listeners),
    };
  }

  watch(onChange: () => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    // Each call counts by itself, even with the same function.
    const watcher = (): void => onChange();
    this.#watchers.add(watcher);
    signal.addEventListener('abort', () => this.#watchers.delete(watcher), { once: true });
  }

  async shutdown(graceMs: number, signal: AbortSignal): Promise<void> {
    await this.connect(signal);
    await this.#inTurn(async () => {
      await Promise.all(Array.from(this.#groups.values(), (group) => group.shutdown(graceMs)));
      this.#groups.clear();
      this.#table = undefined;
      clearInterval(this.#saver);
      await rm(this.#folder, { recursive: true, force: true });
      await rm(this.#groupOptions.folder, { recursive: true, force: true });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#saver);
    this.#watchers.clear();
    await this.#changes;
    if (this.#table !== undefined) await this.#save();
    for (const group of this.#groups.values()) group.close();
  }

  async #adopt(): Promise<void> {
    const state = await readState(this.#statePath);
    const { socketFolder } = this.#groupOptions;
    if (state === undefined) return endOrphans(await findOrphans(socketFolder, new Set()));
    this.#table = state.table;
    const tables = serviceTables(state.table);
    const known = state.services.flatMap(({ current, leaving }) => [
      ...leaving,
      ...(current ? [current] : []),
    ]);
    const orphans = await findOrphans(socketFolder, new Set(known.map(({ pid }) => pid)));
    const digests = new Set(state.services.map(({ key }) => launcherDigest(key)));
    await endOrphans(orphans.filter(({ digest }) => !digests.has(digest)));
    await Promise.all(
      state.services.map(async (record) => {
        const table = tables.get(record.key) ?? emptyTable(record.key);
        const group = new ServiceGroup(table, this.#groupOptions, record);
        this.#groups.set(record.key, group);
        await group.adopt(record, orphans);
      }),
    );
    this.#startSaving();
  }

  async #apply(table: RoutingTable): Promise<void> {
    refuseUnsupported(table);
    const tables = serviceTables(table);
    const gone = Array.from(this.#groups.keys()).filter((key) => !tables.has(key));
    const heldElsewhere = new Set(this.#table?.listeners.map(addressOf));
    await Promise.all(
      // Our own other services give their ports up below, before they are opened again.
      Array.from(tables.values(), (part) =>
        this.#group(part).check(part, (listener) => heldElsewhere.has(addressOf(listener))),
      ),
    ).catch((thrown: unknown) => {
      this.#forgetUnused();
      throw thrown;
    });
    for (const key of gone) await this.#groups.get(key)?.apply(emptyTable(key));
    for (const part of tables.values()) await this.#group(part).apply(part);
    this.#forgetUnused();
    this.#table = asStored(table);
    this.#startSaving();
    await this.#save();
  }

  #group(part: ServiceTable): ServiceGroup {
    const known = this.#groups.get(part.key);
    if (known !== undefined) return known;
    const made = new ServiceGroup(emptyTable(part.key), this.#groupOptions);
    this.#groups.set(part.key, made);
    return made;
  }

  #forgetUnused(): void {
    for (const [key, group] of this.#groups) {
      if (!group.isOver) continue;
      group.close();
      this.#groups.delete(key);
    }
  }

  get #statePath(): string {
    return join(this.#folder, 'state.json');
  }

  #startSaving(): void {
    this.#saver ??= setInterval(
      () => void this.#inTurn(() => this.#save()).catch(() => {}),
      saveEveryMs,
    ).unref();
  }

  async #save(): Promise<void> {
    if (this.#table === undefined) return;
    const services = Array.from(this.#groups.values(), ({ record }) => record);
    const state = { table: this.#table, services };
    const text = JSON.stringify(state);
    if (text === this.#saved) return;
    await writeState(this.#statePath, state);
    this.#saved = text;
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(change);
    this.#changes = result.catch(() => {});
    return result;
  }

  #tellWatchers(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** The same before and after a restart: keys whose value is undefined are not there. */
function asStored(table: RoutingTable): RoutingTable {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return JSON.parse(JSON.stringify(table)) as RoutingTable;
}

function emptyTable(key: string): ServiceTable {
  return { key, listeners: [], pools: [] };
}

function addressOf({ hostIp, port }: { readonly hostIp: string; readonly port: number }): string {
  return `${hostIp}|${port}`;
}

/** A folder whose path HAProxy takes unquoted in any place, and in which a socket's path is short enough. */
function workFolder(folder: string): string {
  const isPlain = /^[\w./@:+=-]+$/.test(folder);
  if (isPlain && Buffer.byteLength(folder) <= maxFolderBytes) return folder;
  const digest = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  return join(tmpdir(), `tenfold-${userInfo().uid}-${digest}`);
}
