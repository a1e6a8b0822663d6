import { isTenfoldError } from '../../shared/errors.ts';

export interface Reading<Message> {
  /** Opens the stream with what happened at or after the time. */
  readonly open: (sinceMs: number) => AsyncIterable<Message>;
  /** Messages of one source come in order of time. */
  readonly sourceOf: (message: Message) => string;
  /** True: there is no more to be read. */
  readonly onMessage: (message: Message) => boolean | Promise<boolean>;
  /** Asked when the stream has ended: whether nothing more will come. Waits a little before it says no. */
  readonly isOver: () => Promise<boolean>;
}

/**
 * Reads a stream of the daemon again whenever it ends or the daemon goes away, each message once, until there is no
 * more to be read or the signal aborts.
 */
export async function keepReading<Message extends { readonly time: number }>(
  { open, sourceOf, onMessage, isOver }: Reading<Message>,
  sinceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const lastTimes = new Map<string, number>();
  while (!signal.aborted) {
    // Sources run ahead of each other, so each has its own mark of what was read before the stream was opened.
    const known = new Map(lastTimes);
    try {
      for await (const message of open(known.size === 0 ? sinceMs : Math.min(...known.values()))) {
        const source = sourceOf(message);
        if (message.time <= (known.get(source) ?? Number.NEGATIVE_INFINITY)) continue;
        lastTimes.set(source, message.time);
        if (await onMessage(message)) return;
      }
    } catch (thrown) {
      if (signal.aborted) return;
      if (!isTenfoldError(thrown, 'daemon-unreachable')) throw thrown;
    }
    if (signal.aborted || (await isOver())) return;
  }
}
