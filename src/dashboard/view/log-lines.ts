import type { LogLine } from '../../runtime/runtime-driver.ts';

/** A line as it is shown. */
export interface ShownLine extends LogLine {
  /** Unique among the lines kept, in order. */
  readonly key: number;
  /** What a program that logs JSON says, taken apart; undefined for plain text. */
  readonly parsed: ParsedLine | undefined;
}

export interface ParsedLine {
  readonly level: string | undefined;
  readonly message: string;
  /** The other fields, as `name=value`. */
  readonly fields: string;
}

const levelKeys = ['level', 'severity', 'lvl', 'loglevel'];
const messageKeys = ['msg', 'message', 'event'];
const timeKeys = new Set(['time', 'timestamp', 'ts', '@timestamp']);
/** Numbers that pino and bunyan write for levels. */
const numericLevels: Readonly<Record<string, string>> = {
  '10': 'trace',
  '20': 'debug',
  '30': 'info',
  '40': 'warn',
  '50': 'error',
  '60': 'fatal',
};

/** Undefined for what is no JSON object with a message. */
export function parseLine(text: string): ParsedLine | undefined {
  if (!text.startsWith('{') || !text.trimEnd().endsWith('}')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const entries = Object.entries(value);
  const find = (keys: readonly string[]): readonly [string, unknown] | undefined =>
    entries.find(([key]) => keys.includes(key.toLowerCase()));
  const message = find(messageKeys);
  const level = find(levelKeys);
  if (message === undefined || typeof message[1] !== 'string') return undefined;
  const rest = entries.filter(
    ([key]) => key !== message[0] && key !== level?.[0] && !timeKeys.has(key.toLowerCase()),
  );
  return {
    level: level === undefined ? undefined : levelName(level[1]),
    message: message[1],
    fields: rest
      .map(([key, field]) => `${key}=${typeof field === 'string' ? field : JSON.stringify(field)}`)
      .join(' '),
  };
}

function levelName(level: unknown): string {
  const text = typeof level === 'string' || typeof level === 'number' ? String(level).toLowerCase() : '';
  return numericLevels[text] ?? text;
}

const alarmingText = /^\W*(error|fatal|panic|critical)\b|\b\w*(Error|Exception): /i;

/** It says of itself that something went wrong. To have come by stderr means nothing: many programs log there. */
export function isAlarming({ text, parsed }: Pick<ShownLine, 'text' | 'parsed'>): boolean {
  if (parsed?.level !== undefined) return /^(err|fatal|crit|alert|emerg|panic)/.test(parsed.level);
  return alarmingText.test(text);
}

export interface LogFilter {
  /** Looked for in the text, whatever its case; between slashes it is a regular expression. */
  readonly search: string;
  readonly service: string;
  readonly instance: string;
  readonly stream: string;
}

export type LineTest = (line: LogLine) => boolean;

/** The filter as a test; `fault` says why a regular expression cannot be one. */
export function compileFilter(filter: LogFilter): { readonly isWanted: LineTest; readonly fault?: string } {
  const { service, instance, stream } = filter;
  const { finds, fault } = compileSearch(filter.search);
  return {
    isWanted: (line) =>
      (service === '' || line.service === service) &&
      (instance === '' || line.instance === instance) &&
      (stream === '' || line.stream === stream) &&
      finds(line.text),
    ...(fault !== undefined && { fault }),
  };
}

function compileSearch(search: string): {
  readonly finds: (text: string) => boolean;
  readonly fault?: string;
} {
  const expression = /^\/(.+)\/(i?)$/.exec(search);
  if (expression === null) {
    const wanted = search.trim().toLowerCase();
    return { finds: (text) => wanted === '' || text.toLowerCase().includes(wanted) };
  }
  try {
    const compiled = new RegExp(expression[1] ?? '', expression[2]);
    return { finds: (text) => compiled.test(text) };
  } catch (thrown) {
    return { finds: () => true, fault: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

export interface KeepOptions {
  readonly maxLines: number;
  /** A page that comes back is sent the lines of this very moment once more, milliseconds since the epoch. */
  readonly repeatedAt: number | undefined;
}

/** Adds lines that came to those that are kept, in order of time; keeps the newest. */
export function addLines(
  kept: readonly ShownLine[],
  lines: readonly LogLine[],
  { maxLines, repeatedAt }: KeepOptions,
): readonly ShownLine[] {
  const repeated = new Set(kept.filter(({ time }) => time === repeatedAt).map(identity));
  let key = kept.reduce((highest, line) => Math.max(highest, line.key), 0);
  const added = lines
    .filter((line) => !repeated.has(identity(line)))
    .map((line): ShownLine => ({ ...line, key: (key += 1), parsed: parseLine(line.text) }));
  if (added.length === 0) return kept;
  const newest = kept.at(-1)?.time ?? 0;
  const isInOrder = added.every(({ time }, index) => time >= (added[index - 1]?.time ?? newest));
  const all = [...kept, ...added];
  return (isInOrder ? all : all.sort((a, b) => a.time - b.time || a.key - b.key)).slice(-maxLines);
}

function identity({ instance, stream, text }: LogLine): string {
  return `${instance} ${stream} ${text}`;
}
