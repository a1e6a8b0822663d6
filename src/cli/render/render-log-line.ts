import type { LogLine } from '../../runtime/runtime-driver.ts';
import type { Style } from './style.ts';
import { padText, textWidth } from './text-width.ts';

export interface LogFormat {
  readonly hasPrefix: boolean;
  readonly hasTimestamp: boolean;
}

/**
 * Renders lines of many replicas as `web-1  | text`, aligned, each replica in its own colour. The prefix widens
 * when a longer name turns up.
 */
export class LogRenderer {
  readonly #style: Style;
  readonly #format: LogFormat;
  readonly #positions = new Map<string, number>();
  #width = 0;

  constructor(style: Style, format: LogFormat) {
    this.#style = style;
    this.#format = format;
  }

  /** Makes room for names before their first line comes. */
  expect(instances: readonly string[]): void {
    for (const instance of instances) this.#positionOf(instance);
  }

  render(line: LogLine): string {
    const time = this.#format.hasTimestamp ? `${this.#style.dim(new Date(line.time).toISOString())} ` : '';
    return `${this.prefix(line.instance)}${time}${line.text}`;
  }

  /** `web-1  | `, or nothing when prefixes are off. */
  prefix(instance: string): string {
    if (!this.#format.hasPrefix) return '';
    const paint = this.#style.cycled(this.#positionOf(instance));
    return `${paint(`${padText(instance, this.#width)}  |`)} `;
  }

  #positionOf(instance: string): number {
    const known = this.#positions.get(instance);
    if (known !== undefined) return known;
    const position = this.#positions.size;
    this.#positions.set(instance, position);
    this.#width = Math.max(this.#width, textWidth(instance));
    return position;
  }
}
