/** Lets one reader sleep until somebody tells that there is more. */
export class ChangeNotice {
  readonly #listeners: Set<() => void>;
  readonly #signal: AbortSignal;
  #hasChanged = false;
  #wake: (() => void) | undefined;

  /** @param listeners Called, all of them, at each change. An abort of the signal counts as a change. */
  constructor(listeners: Set<() => void>, signal: AbortSignal) {
    this.#listeners = listeners;
    this.#signal = signal;
    listeners.add(this.#tell);
    signal.addEventListener('abort', this.#tell);
  }

  /** Resolves when there was a change since the last wait, or none is to come because the signal aborted. */
  async wait(): Promise<void> {
    if (!this.#hasChanged && !this.#signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    this.#hasChanged = false;
  }

  stop(): void {
    this.#listeners.delete(this.#tell);
    this.#signal.removeEventListener('abort', this.#tell);
  }

  readonly #tell = (): void => {
    this.#hasChanged = true;
    this.#wake?.();
  };
}
