import { messageOf } from '../../../shared/errors.ts';
import { exportRequest } from './otlp-span.ts';
import type { RequestTrail } from './request-trail.ts';

/** Spans that wait for the collector, over which new ones are dropped. */
const maxWaiting = 2_048;
const maxBatch = 512;
const answerMs = 5_000;

/** Sends spans to one collector, a batch at a time. A collector that does not answer costs spans, and never requests. */
export class SpanExporter {
  readonly #url: string;
  sent = 0;
  dropped = 0;
  #waiting: RequestTrail[] = [];
  #sending: Promise<void> | undefined;
  #isFailing = false;

  /** `endpoint`: base URL of the collector, as in `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  constructor(endpoint: string) {
    this.#url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  }

  add(trail: RequestTrail): void {
    if (this.#waiting.length >= maxWaiting) this.dropped++;
    else this.#waiting.push(trail);
  }

  /** Begins to send what waits, unless the batch before is still under way. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    this.#sending ??= this.#send().finally(() => (this.#sending = undefined));
  }

  /** Sends what is left. */
  async close(): Promise<void> {
    await this.#sending;
    if (this.#waiting.length > 0) await this.#send();
  }

  async #send(): Promise<void> {
    const batch = this.#waiting.splice(0, maxBatch);
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(exportRequest(batch)),
        signal: AbortSignal.timeout(answerMs),
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      this.sent += batch.length;
      this.#isFailing = false;
    } catch (thrown) {
      this.dropped += batch.length;
      if (!this.#isFailing) console.error(`spans cannot be sent to ${this.#url}: ${messageOf(thrown)}`);
      this.#isFailing = true;
    }
  }
}
