import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { StoreUnavailable } from './counters.ts';
import { encodeCommand, RedisError, type RedisReply, ReplyReader } from './redis-replies.ts';

const commandTimeoutMs = 2_000;
/** After a failed connect, commands fail at once for this long instead of each waiting for Redis anew. */
const retryPauseMs = 300;

interface PendingCommand {
  readonly resolve: (reply: RedisReply) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One connection that carries all commands, in order. It is made when the first command needs it and made anew by the first
 * command after it was lost. A command whose answer never came is reported, never sent twice: it may have counted.
 */
export class RedisClient {
  readonly place: string;
  readonly #url: URL;
  #socket: Socket | undefined;
  #pending: PendingCommand[] = [];
  #lastFailure: { readonly at: number; readonly error: StoreUnavailable } | undefined;

  /** `redis://[[user]:password@]host[:port][/database]`, or `rediss:` for TLS. */
  constructor(url: string) {
    this.#url = new URL(url);
    if (!/^rediss?:$/.test(this.#url.protocol))
      throw new Error(`REDIS_URL must begin with redis://, got ${url}`);
    this.place = `Redis at ${this.#url.hostname}:${this.#url.port || 6379}`;
  }

  /** Sends all commands in one write and returns their replies in order; throws StoreUnavailable. */
  async send(...commands: readonly (readonly string[])[]): Promise<RedisReply[]> {
    const socket = this.#socket ?? this.#connect();
    const replies = Promise.all(commands.map(() => this.#reply()));
    socket.write(commands.map(encodeCommand).join(''));
    for (const reply of await replies) {
      if (reply instanceof RedisError) throw new StoreUnavailable(`${this.place} says: ${reply.message}`);
    }
    return replies;
  }

  close(): void {
    this.#socket?.end();
  }

  #reply(): Promise<RedisReply> {
    return new Promise((resolve, reject) => this.#pending.push({ resolve, reject }));
  }

  #connect(): Socket {
    if (this.#lastFailure !== undefined && Date.now() - this.#lastFailure.at < retryPauseMs)
      throw this.#lastFailure.error;

    const { hostname, port, protocol } = this.#url;
    const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) };
    const socket =
      protocol === 'rediss:' ? connectTls({ ...address, servername: hostname }) : connectTcp(address);
    const reader = new ReplyReader();
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const reply of reader.push(chunk)) this.#pending.shift()?.resolve(reply);
      } catch (thrown) {
        socket.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
      }
    });
    // Silence is only a fault while an answer is owed; an idle connection may be silent for hours.
    socket.setTimeout(commandTimeoutMs, () => {
      if (this.#pending.length > 0) socket.destroy(new Error(`no answer within ${commandTimeoutMs} ms`));
    });
    let reason = 'connection closed';
    socket.on('error', (error) => (reason = describe(error)));
    socket.on('close', () => this.#lose(socket, reason));
    for (const greeting of this.#greetings()) {
      socket.write(encodeCommand(greeting));
      this.#reply().then(
        (reply) => reply instanceof RedisError && socket.destroy(reply),
        () => {},
      );
    }
    return socket;
  }

  #greetings(): string[][] {
    const { username, password, pathname } = this.#url;
    const greetings: string[][] = [];
    if (password !== '') {
      const user = username === '' ? [] : [decodeURIComponent(username)];
      greetings.push(['AUTH', ...user, decodeURIComponent(password)]);
    }
    if (/^\/\d+$/.test(pathname)) greetings.push(['SELECT', pathname.slice(1)]);
    return greetings;
  }

  #lose(socket: Socket, reason: string): void {
    if (this.#socket !== socket) return;
    const error = new StoreUnavailable(`${this.place}: ${reason}`);
    const pending = this.#pending;
    this.#socket = undefined;
    this.#pending = [];
    if (pending.length > 0) this.#lastFailure = { at: Date.now(), error };
    for (const command of pending) command.reject(error);
  }
}

/** A name with several addresses fails with an AggregateError, whose own message is empty. */
function describe(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map(String).join('; ');
  return error.message;
}
