import { spawn } from 'node:child_process';

const keptOutputBytes = 8 * 1024;
const shownLines = 10;
/** Between SIGTERM and SIGKILL. */
const endGraceMs = 5_000;

export type CommandResult =
  | { readonly kind: 'passed' }
  | {
      readonly kind: 'failed';
      /** How, for a person: `the command ended with exit code 3`. */
      readonly how: string;
      /** The end of what it said. */
      readonly lines: readonly string[];
    };

/**
 * Runs a command of the file's on this machine, with its children, until it ends. The signal and the timeout end it: by SIGTERM,
 * and by SIGKILL what is left of it after a grace.
 */
export function runCommand(
  command: readonly string[],
  options: {
    readonly folder: string;
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly timeoutMs: number;
  },
  signal: AbortSignal,
): Promise<CommandResult> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
  const [file = '', ...words] = command;
  const child = spawn(file, words, {
    cwd: options.folder,
    env: options.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A shell's children go with it.
    detached: true,
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-keptOutputBytes);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const tell = (name: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // It has ended by itself.
    }
  };
  let killer: NodeJS.Timeout | undefined;
  const end = (): void => {
    tell('SIGTERM');
    killer = setTimeout(tell, endGraceMs, 'SIGKILL');
  };
  deadline.addEventListener('abort', end, { once: true });
  if (deadline.aborted) end();
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  const lines = (): readonly string[] => output.split('\n').filter(Boolean).slice(-shownLines);
  child.on('error', (error) =>
    resolve({ kind: 'failed', how: `${file} cannot be run: ${error.message}`, lines: [] }),
  );
  child.on('close', (code, name) => {
    deadline.removeEventListener('abort', end);
    clearTimeout(killer);
    // Children that no longer write anything may be left.
    if (deadline.aborted) tell('SIGKILL');
    if (code === 0 && !deadline.aborted) return resolve({ kind: 'passed' });
    const itself = `ended with ${name ?? `exit code ${code}`}`;
    const ended = signal.aborted ? 'was ended' : `was ended after ${options.timeoutMs} ms`;
    resolve({ kind: 'failed', how: `the command ${deadline.aborted ? ended : itself}`, lines: lines() });
  });
  return promise;
}
