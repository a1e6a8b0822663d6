import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './eventually.ts';

/** A program that a test started, with all that it printed so far. */
export interface RunningProgram extends AsyncDisposable {
  readonly process: ChildProcess;
  /** stdout and stderr as they came. */
  output(): string;
  /** Sends the signal and resolves with the exit code, or the name of the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | string>;
}

export interface ProgramOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Starts a program with this process's environment and the given one on top. */
export function startProgram(
  command: string,
  args: readonly string[],
  { environment = {}, cwd = process.cwd() }: ProgramOptions = {},
): RunningProgram {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  child.on('error', (error) => (output += `cannot be started: ${error.message}\n`));
  // Without 'close', the last lines may still be in the pipe.
  const closed = once(child, 'close');

  return {
    process: child,
    output: () => output,
    async end(signal) {
      child.kill(signal);
      await closed;
      return child.exitCode ?? child.signalCode ?? 'unknown';
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

/** Waits until the program prints what matches, and returns the match. */
export function printed(program: RunningProgram, pattern: RegExp): Promise<RegExpExecArray> {
  return eventually(() => {
    const match = pattern.exec(program.output());
    if (match !== null) return match;
    throw new Error(`${pattern} was not printed, but:\n${program.output()}`);
  });
}

/** Waits for `port N` in what the program prints. */
export async function printedPort(program: RunningProgram): Promise<number> {
  return Number((await printed(program, /port (\d+)/))[1]);
}
