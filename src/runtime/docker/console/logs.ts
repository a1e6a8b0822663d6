import type { Readable } from 'node:stream';
import type { Replica } from '../../../model/replica.ts';
import type { LogLine, LogOptions } from '../../runtime-driver.ts';
import { framesOf } from '../engine/frames.ts';
import { isConnectionLoss, unreachable } from '../engine/engine-error.ts';
import type { Engine } from '../engine/engine.ts';
import { inspectContainer } from '../replica/observe.ts';

type Stream = LogLine['stream'];

/** A piece of output as the engine logged it, led by its own timestamp. */
interface Piece {
  readonly stream: Stream;
  readonly text: string;
}

/** A container's log, line by line; nothing when the container is gone. Ends when the signal aborts. */
export async function* containerLogs(
  engine: Engine,
  replica: Replica,
  { follow, tail, sinceMs }: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const details = await inspectContainer(engine, replica.id, signal);
  if (details === undefined) return;
  const answer = await engine.stream(`read the log of ${replica.name}`, {
    method: 'GET',
    path: `/containers/${replica.id}/logs`,
    query: {
      stdout: true,
      stderr: true,
      timestamps: true,
      follow,
      tail: tail ?? 'all',
      since: sinceMs === undefined ? undefined : (sinceMs / 1000).toFixed(3),
    },
    signal,
  });
  const pieces = details.Config.Tty ? linesOf(answer) : framesAsText(answer);
  const { service, instance } = replica;
  try {
    for await (const line of wholeLines(pieces)) {
      if (sinceMs === undefined || line.time >= Math.floor(sinceMs)) yield { service, instance, ...line };
    }
  } catch (thrown) {
    // The caller has seen enough.
    if (signal.aborted) return;
    throw isConnectionLoss(thrown) ? unreachable(engine.address, thrown) : thrown;
  } finally {
    answer.destroy();
  }
}

async function* framesAsText(answer: Readable): AsyncGenerator<Piece> {
  for await (const { stream, payload } of framesOf(answer)) {
    yield { stream, text: payload.toString('utf8') };
  }
}

/** With a terminal there are no frames; one line is one piece. */
async function* linesOf(answer: Readable): AsyncGenerator<Piece> {
  const decoder = new TextDecoder();
  let rest = '';
  const chunks: AsyncIterable<Buffer> = answer;
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield { stream: 'stdout', text: `${line}\n` };
  }
  if (rest !== '') yield { stream: 'stdout', text: rest };
}

/** The engine cuts lines longer than 16 KiB into pieces, each with its timestamp; here they are one line again. */
async function* wholeLines(
  pieces: AsyncIterable<Piece>,
): AsyncGenerator<Pick<LogLine, 'stream' | 'time' | 'text'>> {
  const begun: Record<Stream, { time: number; text: string } | undefined> = {
    stdout: undefined,
    stderr: undefined,
  };
  for await (const { stream, text } of pieces) {
    const end = text.indexOf(' ');
    const time = Date.parse(text.slice(0, end));
    const line = begun[stream] ?? { time, text: '' };
    line.text += text.slice(end + 1);
    if (line.text.endsWith('\n')) {
      yield { stream, time: line.time, text: line.text.replace(/\r?\n$/, '') };
      begun[stream] = undefined;
    } else {
      begun[stream] = line;
    }
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    const line = begun[stream];
    if (line !== undefined) yield { stream, ...line };
  }
}
