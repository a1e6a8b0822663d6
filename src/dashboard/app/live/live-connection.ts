import type { LiveMessage } from '../../live-api.ts';
import { advance, nothingKnown, type LiveState } from './live-state.ts';

const retryMs = 1_500;
/** A page that nobody sees lets go of its connection after so long: a browser has only six to one host. */
const hiddenMs = 20_000;

/** What the page wants to hear of; the query of its stream. */
export interface Interest {
  readonly stack: string | undefined;
  readonly service: string | undefined;
  readonly hasLogs: boolean;
  /** How far back figures go, milliseconds; undefined: as usual. */
  readonly rangeMs: number | undefined;
}

/** Keeps one stream to the daemon, comes back when it is lost, and tells what is known. */
export class LiveConnection {
  #state: LiveState = nothingKnown;
  #interest: Interest | undefined;
  #source: EventSource | undefined;
  #cursor = '';
  #retry: number | undefined;
  #hiding: number | undefined;
  readonly #onChange: (state: LiveState) => void;

  constructor(onChange: (state: LiveState) => void) {
    this.#onChange = onChange;
    document.addEventListener('visibilitychange', () => this.#seen());
    window.addEventListener('online', () => this.#reopen());
  }

  /** Asks for something else; what was known of other things is forgotten. */
  follow(interest: Interest): void {
    if (JSON.stringify(interest) === JSON.stringify(this.#interest)) return;
    const isSameStack = interest.stack === this.#interest?.stack;
    const { stacks, hello, clockAheadMs, measures, connection } = this.#state;
    const known = stacks?.filter(({ name }) => interest.stack === undefined || name === interest.stack);
    this.#interest = interest;
    this.#cursor = '';
    // What is still true is shown until the stream has said more, so that changing pages does not flicker.
    const isKnown = isSameStack || (interest.stack !== undefined && known?.length === 1);
    this.#change({
      ...nothingKnown,
      connection,
      hello,
      clockAheadMs,
      ...(isKnown && { stacks: known, measures }),
    });
    this.#open();
  }

  #open(): void {
    this.#close();
    if (this.#interest === undefined) return;
    const { stack, service, hasLogs, rangeMs } = this.#interest;
    const query = new URLSearchParams({
      ...(stack !== undefined && { stack }),
      ...(service !== undefined && { service }),
      ...(hasLogs && { logs: '1' }),
      ...(rangeMs !== undefined && { range: String(rangeMs) }),
      ...(this.#cursor !== '' && { cursor: this.#cursor }),
    });
    const source = new EventSource(`live?${query.toString()}`);
    this.#source = source;
    source.addEventListener('message', ({ data, lastEventId }: MessageEvent<string>) => {
      this.#cursor = lastEventId;
      const wasGone = this.#state.stacks?.length === 0;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- live-api.ts says what the daemon sends
      this.#change(advance(this.#state, JSON.parse(data) as LiveMessage, Date.now()));
      // What a stream began with (history, logs) was that of no stack: it is begun anew.
      if (wasGone && stack !== undefined && this.#state.stacks?.length !== 0) this.#open();
    });
    source.addEventListener('error', () => {
      if (this.#source !== source) return;
      const { connection } = this.#state;
      const since = connection.kind === 'lost' ? connection.since : Date.now();
      this.#change({ ...this.#state, connection: { kind: 'lost', since } });
      // The browser comes back by itself only from some failures; an answer that is no stream ends it for good.
      if (source.readyState === EventSource.CLOSED) void this.#comeBack();
    });
  }

  async #comeBack(): Promise<void> {
    this.#close();
    const status = await fetch('icon.svg', { cache: 'no-store' }).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 403) this.#change({ ...this.#state, connection: { kind: 'refused' } });
    this.#retry = window.setTimeout(() => this.#open(), retryMs);
  }

  #reopen(): void {
    if (this.#source?.readyState !== EventSource.OPEN) this.#open();
  }

  #seen(): void {
    window.clearTimeout(this.#hiding);
    if (document.hidden) this.#hiding = window.setTimeout(() => this.#close(), hiddenMs);
    else this.#reopen();
  }

  #close(): void {
    window.clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
  }

  #change(state: LiveState): void {
    this.#state = state;
    this.#onChange(state);
  }
}
