import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { WorkerNotice, WorkerOrder } from '../worker/worker-protocol.ts';
import type { NativeHandle } from './bound-socket.ts';

/** A worker that does not answer an order for so long is stuck, and is killed and replaced. */
const answerTimeoutMs = 10_000;
const maxRespawnDelayMs = 2_000;
/** A worker that lived for so long died of something else than its start. */
const settledAfterMs = 5_000;

// The same folder holds worker.ts when run from source and worker.js when built.
const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const workerFile = fileURLToPath(new URL(`../worker/main${extension}`, import.meta.url));

/** One worker process. Promises that wait for its answers resolve to undefined when it ends. */
export class Worker {
  readonly id: number;
  readonly child: ChildProcess;
  readonly startedAt = Date.now();
  /** It has all doors and the table, and takes part in every change. */
  isJoined = false;
  readonly #waiting = new Map<string, (notice: WorkerNotice | undefined) => void>();
  #isGone = false;

  constructor(id: number) {
    this.id = id;
    // On heaps as small as a worker's, helper threads of the collector cost more than they save, and a nursery larger than
    // what a few requests need only takes memory.
    const execArgv = ['--single-threaded-gc', '--max-semi-space-size=2'];
    this.child = fork(workerFile, [], { execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  tell(order: WorkerOrder, handle?: NativeHandle): void {
    if (this.#isGone || !this.child.connected) return;
    // Lost messages are those to a worker that is ending; its exit tells.
    const ignore = (): void => {};
    // oxlint-disable-next-line typescript/no-unsafe-argument
    if (handle === undefined) this.child.send(order, ignore);
    else sendHandle(this.child, order, handle);
  }

  /** The answer of that name: `applied 7`, `door-open 0.0.0.0|80`. */
  answer(name: string): Promise<WorkerNotice | undefined> {
    if (this.#isGone) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        console.error(`worker ${this.pid} does not answer; it is replaced`);
        this.child.kill('SIGKILL');
      }, answerTimeoutMs);
      this.#waiting.set(name, (notice) => {
        clearTimeout(timer);
        resolve(notice);
      });
    });
  }

  settle(name: string, notice: WorkerNotice): void {
    this.#waiting.get(name)?.(notice);
    this.#waiting.delete(name);
  }

  gone(): void {
    this.#isGone = true;
    for (const resolve of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }
}

/** Sends a native handle, which the types of `send` do not know although Node's cluster module does it. */
function sendHandle(child: ChildProcess, order: WorkerOrder, handle: object): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const send = child.send.bind(child) as (
    message: WorkerOrder,
    handle: object,
    callback: () => void,
  ) => boolean;
  send(order, handle, () => {});
}

export interface WorkerEvents {
  /** A new worker is ready for its orders. */
  ready(worker: Worker): void;
  notice(worker: Worker, notice: WorkerNotice): void;
  lost(worker: Worker): void;
}

/** Keeps the workers running: one that ends is replaced at once. */
export class Workers {
  readonly #count: number;
  readonly #events: WorkerEvents;
  readonly #all = new Map<number, Worker>();
  #nextId = 1;
  #failures = 0;
  #isStopping = false;

  constructor(count: number, events: WorkerEvents) {
    this.#count = count;
    this.#events = events;
  }

  start(): void {
    for (let index = 0; index < this.#count; index++) this.#spawn();
  }

  /** Those that take part in changes. */
  get joined(): readonly Worker[] {
    return Array.from(this.#all.values()).filter((worker) => worker.isJoined);
  }

  get pids(): readonly number[] {
    return Array.from(this.#all.values()).flatMap((worker) => worker.pid ?? []);
  }

  /** Resolves when all have ended; they end when their connections have, or after the grace. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    await Promise.all(
      Array.from(this.#all.values(), (worker) => {
        const ended = new Promise((resolve) => worker.child.once('exit', resolve));
        worker.tell({ type: 'stop', graceMs });
        const timer = setTimeout(() => worker.child.kill('SIGKILL'), graceMs + 2_000);
        return ended.finally(() => clearTimeout(timer));
      }),
    );
  }

  #spawn(): void {
    const worker = new Worker(this.#nextId++);
    this.#all.set(worker.id, worker);
    worker.child.on('message', (message) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const notice = message as WorkerNotice;
      if (notice.type === 'ready') this.#events.ready(worker);
      else this.#events.notice(worker, notice);
    });
    const lost = (how: string): void => {
      if (!this.#all.delete(worker.id)) return;
      worker.isJoined = false;
      worker.gone();
      this.#events.lost(worker);
      if (!this.#isStopping) this.#replace(worker, how);
    };
    worker.child.on('exit', (code, signal) => lost(signal ?? `exit code ${code}`));
    worker.child.on('error', (error) => {
      console.error(`worker: ${error.message}`);
      if (worker.pid === undefined) lost('no process');
    });
  }

  #replace(worker: Worker, how: string): void {
    this.#failures = Date.now() - worker.startedAt >= settledAfterMs ? 0 : this.#failures + 1;
    const delayMs = this.#failures <= 2 ? 0 : Math.min(maxRespawnDelayMs, 25 * 2 ** this.#failures);
    console.error(`worker ${worker.pid} ended (${how}); a new one starts in ${delayMs} ms`);
    setTimeout(() => {
      if (!this.#isStopping) this.#spawn();
    }, delayMs);
  }
}
