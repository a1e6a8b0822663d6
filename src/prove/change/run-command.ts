import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { messageOf } from '../../shared/errors.ts';
import { readReport, type ReportedChange } from './reported-change.ts';
import type { CommandSurroundings, ProofCommand } from './resolve-command.ts';

export type CommandEnding =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  | { readonly kind: 'not started'; readonly reason: string };

export interface CommandOutcome {
  readonly ending: CommandEnding;
  readonly report: ReportedChange | undefined;
}

export interface CommandRun extends CommandSurroundings {
  /** Interrupts it; what does not end by that is killed after a while. */
  readonly stop: AbortSignal;
  /** Kills it at once. */
  readonly abandon: AbortSignal;
  /** A line that it printed for people. */
  readonly onLine: (line: string) => void;
}

const interruptGraceMs = 5000;
/** What a program leaves running may hold its output open for ever. */
const outputGraceMs = 500;

/** Runs a change to its end. Never fails: how it ends is part of what is proved. */
export async function runCommand(command: ProofCommand, run: CommandRun): Promise<CommandOutcome> {
  const { environment, workingDir, stop, abandon, onLine } = run;
  let report: ReportedChange | undefined;
  const child = spawn(command.file, command.args, {
    cwd: workingDir,
    env: environment,
    // A group of its own: an interruption comes from here alone, and reaches all that it started.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const onOutput =
    command.stdout === 'text' ? onLine : (line: string) => void (report = readReport(line) ?? report);
  const outputs = [openLines(child.stdout, onOutput), openLines(child.stderr, onLine)];

  let killTimer: NodeJS.Timeout | undefined;
  const kill = (): void => signalGroup(child, 'SIGKILL');
  const interrupt = (): void => {
    signalGroup(child, 'SIGINT');
    killTimer = setTimeout(kill, interruptGraceMs);
  };
  stop.addEventListener('abort', interrupt, { once: true });
  abandon.addEventListener('abort', kill, { once: true });
  if (stop.aborted) interrupt();
  const ending = await endingOf(child);
  clearTimeout(killTimer);
  stop.removeEventListener('abort', interrupt);
  abandon.removeEventListener('abort', kill);

  const outputTimer = setTimeout(() => {
    for (const output of outputs) output.close();
  }, outputGraceMs);
  await Promise.all(outputs.map(({ ended }) => ended));
  clearTimeout(outputTimer);
  child.stdout.destroy();
  child.stderr.destroy();
  return { ending, report };
}

/** How it ended, in words; undefined when all went well. */
export function describeFailure(ending: CommandEnding): string | undefined {
  switch (ending.kind) {
    case 'exited':
      return ending.exitCode === 0 ? undefined : `the command ended with exit code ${ending.exitCode}`;
    case 'signalled':
      return `the command was ended by ${ending.signal}`;
    case 'not started':
      return `the command could not be started: ${ending.reason}`;
  }
}

function endingOf(child: ChildProcess): Promise<CommandEnding> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ kind: 'not started', reason: messageOf(error) });
    });
    child.once('exit', (exitCode, signal) =>
      resolve(signal === null ? { kind: 'exited', exitCode: exitCode ?? 0 } : { kind: 'signalled', signal }),
    );
  });
}

interface Lines {
  /** Resolves at the end of the output, or when it is closed. */
  readonly ended: Promise<unknown>;
  close(): void;
}

function openLines(stream: Readable, onLine: (line: string) => void): Lines {
  const lines = createInterface({ input: stream, crlfDelay: Infinity }).on('line', onLine);
  return { ended: once(lines, 'close'), close: () => lines.close() };
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}
