import type { Writable } from 'node:stream';

/** With so many waiting, they are written before the turn ends. */
const maxHeld = 32;

const held: Writable[] = [];
let isDue = false;

/**
 * Writes at the end of this turn of the event loop, with what else goes to the stream meanwhile. What a turn has for others goes
 * out in one go: whoever is woken by the first of it finds the rest there, and need not be woken for each.
 */
export function writeSoon(stream: Writable, text: string): boolean {
  if (stream.writableCorked === 0) {
    stream.cork();
    held.push(stream);
    if (held.length >= maxHeld) return writeAndRelease(stream, text);
    if (!isDue) {
      isDue = true;
      setImmediate(endTurn);
    }
  }
  return stream.write(text, 'latin1');
}

/** What waits for the end of the turn is written now: the stream is about to be destroyed. */
export function writeHeld(stream: Writable): void {
  while (stream.writableCorked > 0) stream.uncork();
}

function writeAndRelease(stream: Writable, text: string): boolean {
  const canTakeMore = stream.write(text, 'latin1');
  release();
  return canTakeMore;
}

function endTurn(): void {
  isDue = false;
  release();
}

function release(): void {
  for (const stream of held) stream.uncork();
  held.length = 0;
}
