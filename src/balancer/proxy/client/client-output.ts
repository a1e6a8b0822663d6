import type { HeaderEdit } from '../../../model/routing.ts';
import type { EncodingTerms } from '../edge/response/compression.ts';
import { ResponseFilter } from '../edge/response/response-filter.ts';
import { writeReceived } from '../socket/socket-reader.ts';
import type { Wire } from '../socket/wire.ts';
import { writeHeld, writeSoon } from '../socket/write-soon.ts';

/** Who is told how the output goes. */
export interface OutputOwner {
  /** The response is out, all of it. */
  written(keepsAlive: boolean): void;
  /** The exchange may go on. */
  canGoOn(): void;
}

/** Where responses go out, through a filter where a route or an edge asks for one. */
export class ClientOutput {
  readonly #wire: Wire;
  readonly #owner: OutputOwner;
  #filter: ResponseFilter | undefined;

  constructor(wire: Wire, owner: OutputOwner) {
    this.#wire = wire;
    this.#owner = owner;
  }

  writeText(text: string): boolean {
    return this.#filter === undefined ? writeSoon(this.#wire, text) : this.#filter.writeText(text);
  }

  writeBytes(bytes: Buffer): boolean {
    return this.#filter === undefined ? writeReceived(this.#wire, bytes) : this.#filter.writeBytes(bytes);
  }

  /** The exchange has written all of the response. */
  finish(keepsAlive: boolean): void {
    if (this.#filter === undefined) this.#owner.written(keepsAlive);
    else this.#filter.finished(keepsAlive);
  }

  /** The client takes more. True: a filter had something for it. */
  drained(): boolean {
    return this.#filter?.clientDrained() === true;
  }

  /** The next response is changed on its way. */
  filterBy(edit: HeaderEdit | undefined, terms: EncodingTerms | undefined): void {
    if (edit === undefined && terms === undefined) return;
    this.#filter = new ResponseFilter(edit, terms, {
      writeText: (text) => this.#wire.write(text, 'latin1'),
      writeBytes: (bytes) => writeReceived(this.#wire, bytes),
      drained: () => this.#owner.canGoOn(),
      finished: (keepsAlive) => this.#owner.written(keepsAlive),
    });
  }

  /** The wire is about to be destroyed: what was said goes out before. */
  breakOff(): void {
    writeHeld(this.#wire);
    this.reset();
  }

  /** Without a filter again. */
  reset(): void {
    this.#filter?.destroy();
    this.#filter = undefined;
  }
}
