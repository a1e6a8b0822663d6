import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './eventually.ts';

/** A program that a test started, with all that it printed so far. */
export interface RunningProgram extends AsyncDisposable {
  readonly process: ChildProcess;
  /** stdout and stderr as they came. */
  output(): string;
  stdout(): string;
  stderr(): string;
  /** Sends the signal and resolves with the exit code, or the name of the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | string>;
  /** Exit code, once it ends by itself; after the time it is killed and this throws, with all that it printed. */
  ended(timeoutMs: number): Promise<number>;
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
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    stderr += text;
  });
  // Without 'close', the last lines may still be in the pipe. A program that cannot be started fails the one who waits for it.
  const closed = once(child, 'close');
  closed.catch(() => {});

  return {
    process: child,
    output: () => output,
    stdout: () => stdout,
    stderr: () => stderr,
    async ended(timeoutMs) {
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      await closed;
      clearTimeout(timer);
      if (child.exitCode !== null) return child.exitCode;
      const fate = `${[command, ...args].join(' ')} was ended by ${child.signalCode} (limit ${timeoutMs} ms)`;
      throw new Error(`${fate}:\n${output}`);
    },
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
