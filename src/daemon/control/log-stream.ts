import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Call } from './control-server.ts';
import { beginStream } from './reply.ts';
import type { Replica } from '../../model/replica.ts';
import type { LogLine, LogOptions } from '../../runtime/runtime-driver.ts';
import type { StackSession } from '../stack/stack-session.ts';
import { messageOf, TenfoldError } from '../../shared/errors.ts';

/** Sends the output of every replica of the wanted services; with `follow`, that of replicas to come as well. */
export async function streamLogs(session: StackSession, { url, response, signal }: Call): Promise<void> {
  const wanted = url.searchParams.getAll('service');
  const pass = session.controller.last ?? (await session.controller.until(() => true, signal));
  checkNames(
    session,
    wanted,
    pass.observed.replicas.map(({ replica }) => replica),
  );
  const selection = { wanted, options: optionsOf(url), ...filterOf(url) };
  const send = beginStream(response);
  await copyLogs(session, selection, send, signal, () => whenDrained(response, signal));
  if (!signal.aborted) response.end();
}

/** Which logs: services and instances by name (empty: all), and which of their lines. */
export interface LogSelection {
  readonly wanted: readonly string[];
  readonly options: LogOptions;
  /** Only lines before this time, milliseconds since the epoch; such a log is not followed. */
  readonly untilMs?: number;
  /** Only lines that it matches. */
  readonly pattern?: RegExp;
}

/** Hands on the lines of the selected logs: with `follow` as they come until the signal aborts, else in order of time. */
export async function copyLogs(
  session: StackSession,
  { wanted, options, untilMs = Infinity, pattern }: LogSelection,
  sendAny: (line: LogLine) => void,
  signal: AbortSignal,
  whenReady: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const send = (line: LogLine): void => {
    if (line.time < untilMs && pattern?.test(line.text) !== false) sendAny(line);
  };
  const pass = session.controller.last ?? (await session.controller.until(() => true, signal));
  const isWanted = ({ service, instance }: Replica): boolean =>
    wanted.length === 0 || wanted.includes(service) || wanted.includes(instance);
  const present = distinctLogs(
    session,
    pass.observed.replicas.map(({ replica }) => replica).filter(isWanted),
  );
  if (!options.follow || untilMs < Infinity) {
    for await (const line of mergeByTime(
      present.map((replica) => linesOf(session, replica, { ...options, follow: false }, signal)),
    )) {
      send(line);
      await whenReady();
    }
    return;
  }
  const followed = new Set<string>();
  const follow = (replica: Replica, tail: LogOptions['tail']): void => {
    const key = logKey(session, replica);
    if (followed.has(key)) return;
    followed.add(key);
    void copy(session, replica, { ...options, tail }, send, signal).finally(() => followed.delete(key));
  };
  for (const replica of present) follow(replica, options.tail);
  await session.controller
    .until(({ observed }) => {
      for (const { replica } of observed.replicas) {
        // What has ended for good has nothing more to say, and a follower of its log has just ended.
        if (isWanted(replica) && replica.state.kind !== 'exited') follow(replica, undefined);
      }
      return false;
    }, signal)
    .catch(() => undefined);
}

async function copy(
  session: StackSession,
  replica: Replica,
  options: LogOptions,
  send: (line: LogLine) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const line of linesOf(session, replica, options, signal)) send(line);
  } catch (thrown) {
    if (signal.aborted) return;
    session.record({
      kind: 'warning',
      instance: replica.instance,
      message: `its log cannot be read: ${String(thrown)}`,
    });
  }
}

/** Lines of a replica with its revision. A local process shares its log with those that had its instance before. */
async function* linesOf(
  session: StackSession,
  replica: Replica,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const { revision, createdAt } = replica;
  for await (const line of session.controller.consoleOf(replica).logs(replica, options, signal))
    yield line.time >= createdAt ? { ...line, revision } : line;
}

/** Lines of several logs, each in order of time, as one in order of time. */
async function* mergeByTime(sources: readonly AsyncIterable<LogLine>[]): AsyncGenerator<LogLine> {
  const heads: { line: LogLine; iterator: AsyncIterator<LogLine> }[] = [];
  for (const source of sources) {
    const iterator = source[Symbol.asyncIterator]();
    const { value, done } = await iterator.next();
    if (done !== true) heads.push({ line: value, iterator });
  }
  for (;;) {
    const earliest = heads.reduce<(typeof heads)[number] | undefined>(
      (best, head) => (best === undefined || head.line.time < best.line.time ? head : best),
      undefined,
    );
    if (earliest === undefined) return;
    yield earliest.line;
    const { value, done } = await earliest.iterator.next();
    if (done === true) heads.splice(heads.indexOf(earliest), 1);
    else earliest.line = value;
  }
}

/** A local process keeps one log per instance, however many replicas had that instance; a container has its own. */
function logKey(session: StackSession, { service, instance, id }: Replica): string {
  return session.controller.desired.stack.services[service]?.kind === 'process' ? instance : id;
}

function distinctLogs(session: StackSession, replicas: readonly Replica[]): readonly Replica[] {
  return [...new Map(replicas.map((replica) => [logKey(session, replica), replica])).values()];
}

function optionsOf(url: URL): LogOptions {
  const number = (name: string): number | undefined => {
    const text = url.searchParams.get(name);
    return text === null ? undefined : Number(text);
  };
  return { follow: url.searchParams.get('follow') !== null, tail: number('tail'), sinceMs: number('since') };
}

function filterOf(url: URL): Pick<LogSelection, 'untilMs' | 'pattern'> {
  const until = url.searchParams.get('until');
  const pattern = url.searchParams.get('grep');
  try {
    return {
      ...(until !== null && { untilMs: Number(until) }),
      ...(pattern !== null && { pattern: new RegExp(pattern) }),
    };
  } catch (thrown) {
    throw new TenfoldError('usage', `the pattern is no regular expression: ${messageOf(thrown)}`);
  }
}

/** Text that waits for a slow reader; beyond it the log is read no further. */
const maxWaitingBytes = 1 << 20;

async function whenDrained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  if (response.writableLength < maxWaitingBytes) return;
  await once(response, 'drain', { signal }).catch(() => undefined);
}

function checkNames(session: StackSession, wanted: readonly string[], replicas: readonly Replica[]): void {
  const services = Object.keys(session.controller.desired.stack.services);
  const known = new Set([...services, ...replicas.flatMap(({ instance, service }) => [instance, service])]);
  const unknown = wanted.find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw new TenfoldError('unknown-service', `the stack ${session.name} has no service ${unknown}`, {
    expected: `one of ${services.join(', ')}`,
    got: unknown,
  });
}
