import { Agent as HttpAgent, IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Duplex } from 'node:stream';
import type { Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import { TenfoldError } from '../../../shared/errors.ts';
import type { EngineAddress } from './address.ts';
import { engineWords, refusal, unreachable } from './engine-error.ts';

/** Newest API whose fields this driver knows; an engine that speaks less is spoken to in its own. */
const newestMinor = 51;

/** How long a question that changes nothing may go unanswered before the engine counts as unreachable. */
const answerTimeoutMs = 20_000;

export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  /** Without the version: `/containers/json`. */
  readonly path: string;
  /** Objects are sent as JSON; undefined is left out. */
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: object;
  /** Sent as it is, with `Content-Type: application/x-tar`. */
  readonly archive?: Buffer | Readable;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Undefined: 20 s for a GET, no limit for what changes something. */
  readonly timeoutMs?: number;
}

interface Connection {
  readonly docker: Dockerode;
  readonly apiMinor: number;
}

interface VersionReply {
  readonly ApiVersion: string;
  readonly MinAPIVersion?: string;
}

/**
 * The Docker engine's HTTP API, in the newest version that both sides know.
 *
 * Errors are `runtime-unreachable` when no answer came, and otherwise what the engine's refusal means, led by
 * `Docker could not <doing>`. An abort throws the signal's reason.
 */
export class Engine {
  readonly #find: () => EngineAddress;
  #address: EngineAddress | undefined;
  #connection: Promise<Connection> | undefined;

  /** `find` is called at the first request, so that an engine nobody asks for needs no address. */
  constructor(find: () => EngineAddress) {
    this.#find = find;
  }

  get address(): EngineAddress {
    this.#address ??= this.#find();
    return this.#address;
  }

  /** Minor part of the API version in use: 41 for 1.41. */
  async apiMinor(signal: AbortSignal): Promise<number> {
    const { apiMinor } = await this.#connect(signal);
    return apiMinor;
  }

  /** The client library itself, for its BuildKit session. */
  async client(signal: AbortSignal): Promise<Dockerode> {
    const { docker } = await this.#connect(signal);
    return docker;
  }

  /** Forget what was negotiated: the engine may come back as another version. */
  forget(): void {
    this.#connection = undefined;
  }

  /** The parsed answer; undefined when it is empty. */
  async json<T>(doing: string, request: EngineRequest): Promise<T> {
    const { docker } = await this.#connect(request.signal);
    return this.#json<T>(docker, doing, request);
  }

  /** For requests whose answer says nothing. */
  async send(doing: string, request: EngineRequest): Promise<void> {
    await this.json(doing, request);
  }

  /** The answer as it comes; it fails or ends early when the engine goes away, or the signal aborts. */
  async stream(doing: string, request: EngineRequest): Promise<IncomingMessage> {
    const { docker } = await this.#connect(request.signal);
    return this.#dial(docker, doing, request, request.signal);
  }

  /** The raw connection, both ways, after the engine switched protocols. */
  async hijack(doing: string, request: EngineRequest): Promise<Duplex> {
    const { docker } = await this.#connect(request.signal);
    const options = { ...dialOptions(request, request.signal), hijack: true, openStdin: true };
    return new Promise((resolve, reject) => {
      docker.modem.dial(options, (thrown, connection) => {
        if (connection instanceof Duplex) resolve(connection);
        else reject(this.#translate(doing, request, thrown));
      });
    });
  }

  #connect(signal: AbortSignal): Promise<Connection> {
    this.#connection ??= this.#negotiate().catch((thrown: unknown) => {
      this.forget();
      throw thrown;
    });
    return orAborted(this.#connection, signal);
  }

  async #negotiate(): Promise<Connection> {
    // Loaded on first use: it takes most of half a second, which a stack without containers need not pay.
    const { default: Dockerode } = await import('dockerode');
    const options = { ...this.address.options, timeout: undefined, ...agentFor(this.address) };
    const version = await this.#json<VersionReply>(new Dockerode(options), 'tell its version', {
      method: 'GET',
      path: '/version',
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    const apiMinor = Math.min(minorOf(version.ApiVersion), newestMinor);
    if (apiMinor < minorOf(version.MinAPIVersion ?? '1.0')) {
      throw new TenfoldError(
        'runtime-unreachable',
        `the Docker engine at ${this.address.label} is too new for this tenfold`,
        {
          expected: `an engine that speaks API 1.${newestMinor} or older`,
          got: `API ${version.MinAPIVersion} to ${version.ApiVersion}`,
          hint: 'upgrade tenfold',
        },
      );
    }
    return { docker: new Dockerode({ ...options, version: `v1.${apiMinor}` }), apiMinor };
  }

  async #json<T>(docker: Dockerode, doing: string, request: EngineRequest): Promise<T> {
    const limitMs = request.timeoutMs ?? (request.method === 'GET' ? answerTimeoutMs : undefined);
    const signal =
      limitMs === undefined
        ? request.signal
        : AbortSignal.any([request.signal, AbortSignal.timeout(limitMs)]);
    const answer: AsyncIterable<Buffer> = await this.#dial(docker, doing, request, signal);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of answer) chunks.push(chunk);
    } catch (thrown) {
      throw this.#translate(doing, request, thrown);
    }
    const text = Buffer.concat(chunks).toString('utf8').trim();
    const value: T = text === '' ? undefined : JSON.parse(text);
    return value;
  }

  #dial(
    docker: Dockerode,
    doing: string,
    request: EngineRequest,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(this.#translate(doing, request, signal.reason));
      docker.modem.dial(dialOptions(request, signal), (thrown, answer) => {
        if (answer instanceof IncomingMessage) resolve(answer);
        else reject(this.#translate(doing, request, thrown));
      });
    });
  }

  #translate(doing: string, request: EngineRequest, thrown: unknown): unknown {
    if (request.signal.aborted) return request.signal.reason;
    if (thrown instanceof Error && 'statusCode' in thrown) {
      if (/client version .* is too (?:new|old)/i.test(engineWords(thrown))) this.forget();
      return refusal(doing, thrown, this.address);
    }
    this.forget();
    const isTimeout =
      thrown instanceof Error && (thrown.name === 'AbortError' || thrown.name === 'TimeoutError');
    return unreachable(this.address, isTimeout ? new Error('no answer in time', { cause: thrown }) : thrown);
  }
}

/** A connection each: one kept from before an engine's restart would fail the first request after it. */
function agentFor(address: EngineAddress): { readonly agent?: HttpAgent } {
  const { protocol } = address.options;
  if (protocol === 'http') return { agent: new HttpAgent({ keepAlive: false }) };
  return protocol === 'https' ? { agent: new HttpsAgent({ keepAlive: false }) } : {};
}

function dialOptions(request: EngineRequest, signal: AbortSignal): Parameters<Dockerode['modem']['dial']>[0] {
  return {
    path: `${request.path}?`,
    method: request.method,
    // The library's own reading of a body waits for ever when the engine dies halfway; so everything is a stream.
    isStream: true,
    abortSignal: signal,
    headers: { ...request.headers },
    options: { _query: definedOnly(request.query ?? {}), _body: request.body ?? {} },
    statusCodes: { 101: true, 200: true, 201: true, 202: true, 204: true, 304: true },
    ...(request.archive === undefined ? {} : { file: request.archive }),
  };
}

function minorOf(version: string): number {
  return Number(version.split('.')[1] ?? 0);
}

function definedOnly(query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
