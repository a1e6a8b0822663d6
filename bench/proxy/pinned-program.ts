import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from '../../test/helpers/parts.ts';

const startTimeoutMs = 15_000;

/** Core of the system under test; client and upstreams have another one where there is one. */
export const systemCore = 0;
export const clientCore = 1;

export const isPinned = availableParallelism() > 1 && findProgram('taskset') !== undefined;

const running = new Set<ChildProcess>();
// When the bench is interrupted, nothing of it stays. SIGKILL would leave the workers of some.
process.on('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});

/** The command line that keeps a program on one core. */
export function pinned(core: number, command: readonly string[]): readonly string[] {
  return isPinned ? ['taskset', '-c', String(core), ...command] : command;
}

/** A program that the bench started and ends by its process id. */
export class PinnedProgram implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #command: string;
  #said = '';

  constructor(core: number, command: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#command = command.join(' ');
    const [program = '', ...args] = pinned(core, command);
    const env = { ...process.env, ...environment };
    this.#child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.#child);
    this.#child.on('exit', () => running.delete(this.#child));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream
        ?.setEncoding('utf8')
        .on('data', (text: string) => (this.#said = `${this.#said}${text}`.slice(-4000)));
    }
    this.#child.on('error', (error) => (this.#said += error.message));
  }

  /** Taskset becomes the program, so this is the program's own. */
  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${this.#command} did not start: ${this.#said}`);
    return pid;
  }

  /** Throws while it has not printed the text, or because it has ended. */
  mustHaveSaid(text: string): void {
    if (!this.#said.includes(text)) throw new Error(`${this.#command} did not say ${text}: ${this.#said}`);
  }

  /** Waits until the program accepts on the loopback port. */
  async accepts(port: number): Promise<void> {
    const deadline = Date.now() + startTimeoutMs;
    while (!(await canConnect(port))) {
      if (this.#child.exitCode !== null || Date.now() > deadline)
        throw new Error(`${this.#command} does not accept on port ${port}: ${this.#said}`);
      await sleep(20);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await closed;
    clearTimeout(timer);
  }
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
}
