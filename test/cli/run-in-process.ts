import { PassThrough, Writable } from 'node:stream';
import { runCli } from '../../src/cli/run-cli.ts';
import type { Interruption, Surroundings } from '../../src/cli/surroundings.ts';
import { systemClock } from '../../src/shared/clock.ts';

/** A screen that keeps what was written on it. */
export class FakeScreen extends Writable {
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows: number;
  text = '';

  constructor(size?: { readonly columns: number; readonly rows: number }) {
    super();
    this.isTTY = size !== undefined;
    this.columns = size?.columns ?? 80;
    this.rows = size?.rows ?? 24;
  }

  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

export interface FakeTerminal {
  readonly stdin: PassThrough;
  readonly stdout: FakeScreen;
  readonly stderr: FakeScreen;
  readonly surroundings: Surroundings;
  interrupt(interruption?: Interruption): void;
}

export function fakeTerminal(
  environment: Readonly<Record<string, string>>,
  size?: { readonly columns: number; readonly rows: number },
): FakeTerminal {
  const stdin = new PassThrough();
  const stdout = new FakeScreen(size);
  const stderr = new FakeScreen(size);
  const listeners = new Set<(interruption: Interruption) => void>();
  return {
    stdin,
    stdout,
    stderr,
    interrupt: (interruption = 'SIGINT') => {
      for (const listener of listeners) listener(interruption);
    },
    surroundings: {
      environment,
      workingDir: '/srv/demo',
      stdin,
      stdout,
      stderr,
      clock: systemClock,
      onInterruption: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  };
}

export interface FinishedRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line to its end in this very process. */
export async function runInProcess(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<FinishedRun> {
  const terminal = fakeTerminal(environment);
  const exitCode = await runCli(words, terminal.surroundings);
  return { exitCode, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
}
