export type RedisReply = string | number | null | RedisError | readonly RedisReply[];

/** An answer of Redis that begins with `-`. */
export class RedisError extends Error {
  override readonly name = 'RedisError';
}

/** Encodes one command as an array of bulk strings, the form that Redis takes from clients. */
export function encodeCommand(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

/** Turns the bytes of a RESP2 connection into replies, however the network cuts them. */
export class ReplyReader {
  #buffered = Buffer.alloc(0);

  /** All replies that are complete now. */
  push(chunk: Buffer): RedisReply[] {
    this.#buffered = Buffer.concat([this.#buffered, chunk]);
    const replies: RedisReply[] = [];
    for (;;) {
      const parsed = parse(this.#buffered, 0);
      if (parsed === undefined) return replies;
      replies.push(parsed.reply);
      this.#buffered = this.#buffered.subarray(parsed.end);
    }
  }
}

interface Parsed {
  readonly reply: RedisReply;
  readonly end: number;
}

/** One reply that begins at the offset; undefined when more bytes are needed. */
function parse(bytes: Buffer, offset: number): Parsed | undefined {
  const lineEnd = bytes.indexOf('\r\n', offset);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString('utf8', offset + 1, lineEnd);
  const end = lineEnd + 2;
  switch (bytes.toString('latin1', offset, offset + 1)) {
    case '+':
      return { reply: line, end };
    case '-':
      return { reply: new RedisError(line), end };
    case ':':
      return { reply: Number(line), end };
    case '$':
      return parseBulk(bytes, Number(line), end);
    case '*':
      return parseArray(bytes, Number(line), end);
    default:
      throw new RedisError(`not a Redis reply: ${JSON.stringify(line.slice(0, 40))}`);
  }
}

function parseBulk(bytes: Buffer, length: number, offset: number): Parsed | undefined {
  if (length < 0) return { reply: null, end: offset };
  const end = offset + length + 2;
  return bytes.length < end ? undefined : { reply: bytes.toString('utf8', offset, offset + length), end };
}

function parseArray(bytes: Buffer, count: number, offset: number): Parsed | undefined {
  if (count < 0) return { reply: null, end: offset };
  const items: RedisReply[] = [];
  let end = offset;
  while (items.length < count) {
    const item = parse(bytes, end);
    if (item === undefined) return undefined;
    items.push(item.reply);
    end = item.end;
  }
  return { reply: items, end };
}
