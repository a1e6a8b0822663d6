import { randomUUID } from 'node:crypto';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Replica } from '../../../model/replica.ts';
import type { CommandResult, ExecOptions } from '../../runtime-driver.ts';
import { framesOf } from '../engine/frames.ts';
import type { Frame } from '../engine/frames.ts';
import type { Engine } from '../engine/engine.ts';
import { endExec } from './end-exec.ts';
import { OutputTail } from './output-tail.ts';

/** Environment variable that marks the processes of one exec, so that they can be found and ended. */
export const execMark = 'TENFOLD_EXEC';

interface ExecInspection {
  readonly ExitCode: number | null;
  readonly Running: boolean;
  readonly Pid: number;
}

/** First API version that takes the window size before the command starts. */
const consoleSizeMinor = 42;

/** Runs a command in a container and returns how it ended; ends the command when the signal aborts. */
export async function execInContainer(
  engine: Engine,
  replica: Replica,
  options: ExecOptions,
  signal: AbortSignal,
): Promise<CommandResult> {
  const { hook, input, onOutput, terminal } = options;
  const mark = randomUUID();
  const size = terminal === undefined ? undefined : [terminal.rows, terminal.columns];
  const sizeIsTaken = size !== undefined && (await engine.apiMinor(signal)) >= consoleSizeMinor;
  const consoleSize = sizeIsTaken ? { ConsoleSize: size } : {};
  const { Id: id } = await engine.json<{ Id: string }>(`run a command in ${replica.name}`, {
    method: 'POST',
    path: `/containers/${replica.id}/exec`,
    body: {
      AttachStdin: input !== undefined,
      AttachStdout: true,
      AttachStderr: true,
      Tty: terminal !== undefined,
      Cmd: hook.command,
      Env: [...Object.entries(hook.environment).map(([k, v]) => `${k}=${v}`), `${execMark}=${mark}`],
      Privileged: hook.privileged,
      ...(hook.user === undefined ? {} : { User: hook.user }),
      ...(hook.workingDir === undefined ? {} : { WorkingDir: hook.workingDir }),
      ...consoleSize,
    },
    signal,
  });
  const connection = await engine.hijack(`run a command in ${replica.name}`, {
    method: 'POST',
    path: `/exec/${id}/start`,
    body: { Detach: false, Tty: terminal !== undefined, ...consoleSize },
    signal,
  });
  const tail = new OutputTail();
  const abort = (): void => void connection.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    if (terminal !== undefined && !sizeIsTaken) await resize(engine, id, terminal, signal);
    const feeding = feed(connection, input);
    for await (const { stream, payload } of outputOf(connection, terminal !== undefined)) {
      tail.add(payload);
      onOutput?.(stream, payload);
    }
    signal.throwIfAborted();
    connection.destroy();
    await feeding;
    return { exitCode: await exitCode(engine, id, signal), output: tail.text() };
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    await endExec(engine, replica, id, mark);
    throw signal.reason;
  } finally {
    signal.removeEventListener('abort', abort);
    connection.destroy();
  }
}

/** The command's stdin; its end is passed on. A command that ends first needs no more of it. */
async function feed(connection: Duplex, input: Readable | undefined): Promise<void> {
  if (input === undefined) return;
  try {
    await pipeline(input, connection, { end: true });
  } catch {
    // Broken off because the command ended; its exit code tells how.
  }
}

async function* outputOf(connection: Duplex, hasTerminal: boolean): AsyncGenerator<Frame> {
  if (!hasTerminal) return yield* framesOf(connection);
  const chunks: AsyncIterable<Buffer> = connection;
  for await (const payload of chunks) yield { stream: 'stdout', payload };
}

async function resize(
  engine: Engine,
  id: string,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  signal: AbortSignal,
): Promise<void> {
  const request = {
    method: 'POST',
    path: `/exec/${id}/resize`,
    query: { h: rows, w: columns },
    signal,
  } as const;
  // A command that ended already has no window any more.
  await engine.send('resize the window', request).catch(() => undefined);
}

async function exitCode(engine: Engine, id: string, signal: AbortSignal): Promise<number> {
  const { ExitCode } = await engine.json<ExecInspection>('see how the command ended', {
    method: 'GET',
    path: `/exec/${id}/json`,
    signal,
  });
  // Null: the engine was restarted underneath, and lost it.
  return ExitCode ?? 137;
}
