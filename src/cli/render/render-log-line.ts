import type { LogLine } from '../../runtime/runtime-driver.ts';
import { formatFields, parseJsonLine, readLogRecord } from './log-record.ts';
import type { Style } from './style.ts';
import { padText, textWidth } from './text-width.ts';

export interface LogFormat {
  readonly hasPrefix: boolean;
  readonly hasTimestamp: boolean;
  /** Revision and stream of each line. */
  readonly isLong?: boolean;
  /** Lines of JSON as level, message and fields, for a person to read. */
  readonly isParsed?: boolean;
}

const revisionDigits = 8;
const levelWidth = 5;

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
    return `${this.prefix(line.instance)}${time}${this.#origin(line)}${this.#text(line)}`;
  }

  #origin({ revision, stream }: LogLine): string {
    if (this.#format.isLong !== true) return '';
    const shown = padText((revision ?? '').slice(0, revisionDigits), revisionDigits);
    return `${this.#style.dim(shown)} ${stream === 'stderr' ? this.#style.doubtful(stream) : stream} `;
  }

  #text({ text }: LogLine): string {
    const object = this.#format.isParsed === true ? parseJsonLine(text) : undefined;
    const record = object === undefined ? undefined : readLogRecord(object);
    if (record === undefined) return text;
    const level = record.level === undefined ? [] : [this.#level(record.level)];
    const fields = formatFields(record.fields);
    return [...level, record.message, ...(fields === '' ? [] : [this.#style.dim(fields)])].join(' ');
  }

  #level(level: string): string {
    const shown = padText(level.toUpperCase(), levelWidth);
    if (/^(?:error|err|fatal|crit|panic|alert|emerg)/.test(level)) return this.#style.bad(shown);
    return level.startsWith('warn') ? this.#style.doubtful(shown) : this.#style.dim(shown);
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
