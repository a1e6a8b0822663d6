import type { StackEvent, StackStatus } from '../../daemon/control-api.ts';
import type { LogLine } from '../../runtime/runtime-driver.ts';
import { isTenfoldError, messageOf } from '../../shared/errors.ts';
import type { DaemonClient } from '../connection/daemon-client.ts';
import { connectDaemon } from '../connection/daemon-connection.ts';
import { homeOf, type Invocation } from '../invocation.ts';
import { renderNews, subjectOf } from '../render/render-event.ts';
import { LogRenderer } from '../render/render-log-line.ts';
import { keepReading } from './keep-reading.ts';

/** Between two looks at a stream that ended while the stack still runs. */
const retryMs = 200;
/** How long the last lines of stopped replicas may take to arrive. */
const lastLinesMs = 500;
/** The name under which events stand among the replicas' lines. */
const ownName = 'tenfold';

export interface LinePrinter {
  print(text: string): void;
}

/** Prints what a stack's replicas log and what happens to them, across restarts of the daemon. */
export interface StackFollower extends AsyncDisposable {
  /** Resolves when somebody has stopped or removed the stack, or the signal aborts. */
  untilStopped(signal: AbortSignal): Promise<void>;
  /** Prints by way of something that owns the terminal, from now on logs only. */
  printThrough(printer: LinePrinter): void;
}

export interface FollowOptions {
  /** Empty: all. */
  readonly services: readonly string[];
  /** Logs from this time on, milliseconds since the epoch. */
  readonly sinceMs: number;
}

export function openStackFollower(
  invocation: Invocation,
  client: DaemonClient,
  status: StackStatus,
  options: FollowOptions,
): StackFollower {
  const { output, surroundings } = invocation;
  const stack = status.name;
  const ending = new AbortController();
  const renderer = new LogRenderer(output.style, { hasPrefix: true, hasTimestamp: false });
  renderer.expect([
    ...status.services.flatMap(({ replicas }) => replicas.map(({ instance }) => instance)),
    ownName,
  ]);
  let printer: LinePrinter = { print: (text) => output.line(text) };

  const printLog = (line: LogLine): void => {
    if (output.isJson) output.json({ type: 'log', line });
    else printer.print(renderer.render(line));
  };
  const printEvent = (event: StackEvent): void => {
    if (output.isJson) return output.json({ type: 'event', event });
    const subject = subjectOf(event);
    const words = [...(subject === undefined ? [] : [subject]), ...renderNews(event, output.style)];
    printer.print(renderer.prefix(ownName) + words.join('  '));
  };

  /** Whether the stack runs no more; starts the daemon when it has gone. */
  async function hasStopped(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return true;
    const { environment, clock } = surroundings;
    await connectDaemon({ home: homeOf(invocation), environment, clock });
    try {
      return (await client.stack(stack)).phase === 'stopped';
    } catch (thrown) {
      if (isTenfoldError(thrown, 'unknown-stack')) return true;
      if (isTenfoldError(thrown, 'daemon-unreachable')) return false;
      throw thrown;
    }
  }

  const isOver = async (signal: AbortSignal): Promise<boolean> => {
    if (await hasStopped(signal)) return true;
    await surroundings.clock.sleep(retryMs, signal).catch(() => {});
    return false;
  };

  const logs = keepReading(
    {
      open: (sinceMs) => {
        const query = { follow: true, tail: undefined, sinceMs, services: options.services };
        return client.logs(stack, query, ending.signal);
      },
      sourceOf: ({ instance, stream }) => `${instance} ${stream}`,
      onMessage: (line) => (printLog(line), false),
      isOver: () => isOver(ending.signal),
    },
    options.sinceMs,
    ending.signal,
  ).catch((thrown: unknown) => output.warn(`logs are no longer followed: ${messageOf(thrown)}`));

  let isQuiet = false;
  return {
    untilStopped: (signal) =>
      keepReading(
        {
          open: (sinceMs) => client.events({ stack, follow: true, sinceMs }, signal),
          sourceOf: () => 'journal',
          onMessage: async (event) => {
            if (!isQuiet) printEvent(event);
            return event.kind === 'command.finished' && (await hasStopped(signal));
          },
          isOver: () => isOver(signal),
        },
        surroundings.clock.now() + 1,
        signal,
      ),
    printThrough: (other) => {
      printer = other;
      isQuiet = true;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.race([logs, surroundings.clock.sleep(lastLinesMs)]);
      ending.abort();
      await logs;
    },
  };
}
