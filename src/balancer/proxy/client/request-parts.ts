import { Exchange } from '../exchange/exchange.ts';
import type { ExchangeClient } from '../exchange/exchange-client.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import type { Door } from './door.ts';
import { RequestReader } from './request-reader.ts';

/** What a connection needs for a request, and not between two: made when it is needed, and let go when nothing comes. */
export class RequestParts {
  readonly #client: ExchangeClient;
  readonly #door: Door;
  readonly #context: WorkerContext;
  #exchange: Exchange | undefined;
  #reader: RequestReader | undefined;

  constructor(client: ExchangeClient, door: Door, context: WorkerContext) {
    this.#client = client;
    this.#door = door;
    this.#context = context;
  }

  get exchange(): Exchange {
    this.#exchange ??= new Exchange(this.#client, this.#context);
    return this.#exchange;
  }

  get reader(): RequestReader {
    this.#reader ??= new RequestReader(this.#door.limits.maxHeadBytes);
    return this.#reader;
  }

  /** A part of a head has come. */
  get isBegun(): boolean {
    return this.#reader?.isBegun === true;
  }

  forgetHead(): void {
    this.#reader?.clear();
  }

  /** The client is gone, and so is its request. */
  abort(): void {
    this.#exchange?.abort();
  }

  /** Called between two requests only. */
  letGo(): void {
    this.#exchange = undefined;
    this.#reader = undefined;
  }
}
