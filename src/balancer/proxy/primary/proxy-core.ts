import { isDeepStrictEqual } from 'node:util';
import type { BalancerObservation, RoutingTable } from '../../balancer-driver.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import { checkEdges } from '../edge/check-edges.ts';
import { LimitArbiter } from '../edge/limits/limit-arbiter.ts';
import type { ProxyLimits } from '../proxy-limits.ts';
import { doorKey } from '../worker/door-key.ts';
import { rotateLog } from '../visibility/rotate-log.ts';
import { accessLogPath } from '../visibility/visibility.ts';
import type { WorkerNotice } from '../worker/worker-protocol.ts';
import { ActiveHealth } from './active-health.ts';
import { Doors } from './doors.ts';
import { observe, viewEndpoints } from './observation.ts';
import { RoomLedger } from './room-ledger.ts';
import { type EndpointFacts, nextFacts, workerTable } from './table-state.ts';
import { Totals } from './totals.ts';
import { type Worker, Workers } from './workers.ts';

const emptyTable: RoutingTable = { listeners: [], pools: [] };

export interface ProxyCoreOptions {
  readonly workers: number;
  readonly limits: ProxyLimits;
  /** Key that signs sticky cookies, in hex. */
  readonly secret: string;
  /** Told soon after a state or condition changed. */
  readonly onChange: () => void;
}

/** The main process: owns the table, the listening sockets, the checks and the sums; carries no traffic itself. */
export class ProxyCore {
  readonly #options: ProxyCoreOptions;
  readonly #workers: Workers;
  readonly #totals = new Totals();
  readonly #doors = new Doors();
  readonly #limits = new LimitArbiter();
  readonly #health: ActiveHealth;
  readonly #rooms: RoomLedger;
  #table = emptyTable;
  #facts = new Map<string, EndpointFacts>();
  #sequence = 0;
  /** Changes run one after another: tables, and workers that join. */
  #changes: Promise<unknown> = Promise.resolve();
  #onJoin: (() => void)[] = [];
  /** State and condition of each endpoint as last told. */
  #told = '';

  constructor(options: ProxyCoreOptions) {
    this.#options = options;
    this.#health = new ActiveHealth((id, isDown, reason) => this.#judged(id, isDown, reason));
    this.#rooms = new RoomLedger(options.workers, (id, order) => {
      this.#workers.joined.find((worker) => worker.id === id)?.tell(order);
    });
    this.#workers = new Workers(options.workers, {
      ready: (worker) => void this.#inTurn(() => this.#join(worker)),
      notice: (worker, notice) => this.#noticed(worker, notice),
      lost: (worker) => {
        this.#totals.lose(worker.id);
        this.#rooms.lost(worker.id);
        this.#limits.lose(worker.id);
        this.#options.onChange();
      },
    });
    this.#workers.start();
  }

  get table(): RoutingTable {
    return this.#table;
  }

  get workerPids(): readonly number[] {
    return this.#workers.pids;
  }

  /** Resolves when at least one worker carries traffic. */
  async whenReady(): Promise<void> {
    while (this.#workers.joined.length === 0) {
      await new Promise<void>((resolve) => this.#onJoin.push(resolve));
    }
  }

  async apply(table: RoutingTable): Promise<void> {
    await this.whenReady();
    await this.#inTurn(() => this.#apply(table));
  }

  /** Figures that are fresh from every worker. */
  async observe(): Promise<BalancerObservation> {
    const sequence = ++this.#sequence;
    await Promise.all(
      this.#workers.joined.map((worker) => {
        const answer = worker.answer(`report ${sequence}`);
        worker.tell({ type: 'report', sequence });
        return answer;
      }),
    );
    return observe(this.#table, this.#facts, this.#totals);
  }

  /** Moves access logs away that have become large; called now and then. */
  async tidyLogs(stateFolder: string): Promise<void> {
    for (const pool of this.#table.pools) {
      const { accessLog } = pool.policy;
      if (accessLog !== undefined) await rotateLog(accessLogPath(accessLog, pool, stateFolder), accessLog);
    }
  }

  stop(graceMs: number): Promise<void> {
    this.#health.follow({ listeners: [], pools: [] });
    this.#doors.closeAll();
    return this.#workers.stop(graceMs);
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(change);
    this.#changes = result.catch(() => {});
    return result;
  }

  async #apply(table: RoutingTable): Promise<void> {
    checkTable(table);
    await checkEdges(newListeners(table, this.#table));
    const added = await this.#doors.bindNew(table.listeners);
    const opened = await Promise.all(this.#workers.joined.map((worker) => this.#doors.open(added, worker)));
    const failure = opened.find((error) => error !== undefined);
    if (failure !== undefined) {
      for (const worker of this.#workers.joined) {
        worker.tell({ type: 'abandon', keys: added.map(({ key }) => key) });
      }
      for (const socket of added) socket.close();
      throw failure;
    }
    this.#doors.keep(added);
    this.#facts = nextFacts(this.#facts, table, Date.now());
    this.#table = table;
    this.#rooms.follow(
      workerTable(table, this.#facts),
      this.#workers.joined.map(({ id }) => id),
    );
    await Promise.all(this.#workers.joined.map((worker) => this.#sendTable(worker)));
    this.#rooms.settle();
    this.#doors.closeOthers(new Set(table.listeners.map(doorKey)));
    this.#health.follow(workerTable(table, this.#facts));
    const idsOf = (entries: readonly { readonly id: string }[]): ReadonlySet<string> =>
      new Set(entries.map(({ id }) => id));
    this.#totals.keepOnly(new Set(this.#facts.keys()), idsOf(table.pools), idsOf(table.listeners));
    this.#tellChanges();
  }

  async #join(worker: Worker): Promise<void> {
    const { limits, secret, workers } = this.#options;
    worker.tell({ type: 'start', limits, secret, workers });
    const failure = await this.#doors.open(this.#doors.all, worker);
    if (failure !== undefined) console.error(`worker ${worker.pid}: ${failure.message}`);
    await this.#sendTable(worker);
    worker.isJoined = true;
    for (const resolve of this.#onJoin.splice(0)) resolve();
  }

  async #sendTable(worker: Worker): Promise<void> {
    const sequence = ++this.#sequence;
    const applied = worker.answer(`applied ${sequence}`);
    const table = workerTable(this.#table, this.#facts, (id) => this.#rooms.roomOf(id, worker.id));
    worker.tell({ type: 'table', sequence, table });
    await applied;
  }

  #noticed(worker: Worker, notice: WorkerNotice): void {
    switch (notice.type) {
      case 'ready':
        break;
      case 'applied':
        worker.settle(`applied ${notice.sequence}`, notice);
        break;
      case 'door-open':
        worker.settle(`door-open ${notice.key}`, notice);
        break;
      case 'report':
        this.#totals.add(worker.id, notice);
        if (notice.sequence !== undefined) worker.settle(`report ${notice.sequence}`, notice);
        else this.#tellChanges();
        break;
      case 'ejected':
        for (const other of this.#workers.joined) {
          if (other !== worker) other.tell({ ...notice, type: 'eject' });
        }
        break;
      case 'circuit':
        for (const other of this.#workers.joined) if (other !== worker) other.tell(notice);
        break;
      case 'limits':
        worker.tell(this.#limits.decide(worker.id, notice, Date.now()));
        break;
      case 'want-room':
        this.#rooms.want(worker.id, notice.pool);
        break;
      case 'spare-room':
        this.#rooms.spared(worker.id, notice.id, notice.count);
        break;
    }
  }

  #judged(id: string, isDown: boolean, downReason: string | undefined): void {
    const facts = this.#facts.get(id);
    if (facts === undefined) return;
    const activeSince = isDown || facts.isUnchecked ? facts.activeSince : Date.now();
    this.#facts.set(id, { ...facts, isDown, isUnchecked: false, downReason, activeSince });
    for (const worker of this.#workers.joined) worker.tell({ type: 'health', id, isDown, activeSince });
    this.#tellChanges();
  }

  #tellChanges(): void {
    const states = viewEndpoints(this.#table, this.#facts, this.#totals).map(
      ({ id, state, condition }) => `${id} ${state} ${condition}`,
    );
    const waiting = this.#table.pools.filter(({ id }) => this.#totals.pool(id).waiting > 0);
    const now = [...states, ...waiting.map(({ id }) => `${id} waiting`)].join('\n');
    if (now === this.#told) return;
    this.#told = now;
    this.#options.onChange();
  }
}

/** Faults that would be the caller's bug, and the one that a user can make: two listeners on one address. */
function checkTable(table: RoutingTable): void {
  const pools = new Set(table.pools.map((pool) => pool.id));
  const addresses = new Map<string, string>();
  for (const listener of table.listeners) {
    if (!pools.has(listener.pool)) throw new Error(`listener ${listener.id} names no pool: ${listener.pool}`);
    const key = doorKey(listener);
    const other = addresses.get(key);
    if (other !== undefined) {
      throw new TenfoldError(
        'port-taken',
        `port ${listener.port} is asked for twice, by ${other} and ${listener.id}`,
        {
          expected: 'one listener for each address and port',
          hint: 'Publish one of them on another port.',
        },
      );
    }
    addresses.set(key, listener.id);
  }
}

/** Files of one that is in force may be away for a moment, while they are renewed; that stops nobody. */
function newListeners({ listeners, pools }: RoutingTable, before: RoutingTable): RoutingTable {
  const known = new Map(before.listeners.map((listener) => [listener.id, listener]));
  return {
    pools,
    listeners: listeners.filter(
      ({ id, edge, routes }) =>
        (edge !== undefined || routes !== undefined) &&
        !isDeepStrictEqual({ edge, routes }, { edge: known.get(id)?.edge, routes: known.get(id)?.routes }),
    ),
  };
}
