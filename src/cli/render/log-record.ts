import { isRecord } from '../connection/error-from-json.ts';
/** What a line of a structured log says; the fields are all but its level, message and time. */
export interface LogRecord {
  readonly level: string | undefined;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const levelNames = ['level', 'severity', 'lvl', 'log.level'] as const;
const messageNames = ['message', 'msg', '@message', 'event'] as const;
const timeNames = new Set(['time', 'timestamp', 'ts', '@timestamp', 'datetime']);

/** Levels that are numbers, as pino and bunyan write them. */
const numberedLevels: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

/** The object that a line is; undefined when it is any other text. */
export function parseJsonLine(text: string): Readonly<Record<string, unknown>> | undefined {
  const line = text.trim();
  if (!line.startsWith('{') || !line.endsWith('}')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined: an object without a message is shown as it is. */
export function readLogRecord(object: Readonly<Record<string, unknown>>): LogRecord | undefined {
  const messageName = messageNames.find((name) => typeof object[name] === 'string');
  if (messageName === undefined) return undefined;
  const levelName = levelNames.find((name) => name in object);
  const level = levelName === undefined ? undefined : object[levelName];
  const fields = Object.entries(object).filter(
    ([name]) => name !== messageName && name !== levelName && !timeNames.has(name),
  );
  return {
    level:
      typeof level === 'number' ? (numberedLevels[level] ?? String(level)) : asText(level)?.toLowerCase(),
    message: String(object[messageName]),
    fields: Object.fromEntries(fields),
  };
}

/** `key=value` pairs, values with blanks as JSON. */
export function formatFields(fields: LogRecord['fields']): string {
  return Object.entries(fields)
    .map(([name, value]) => {
      const text = typeof value === 'string' && /^\S+$/.test(value) ? value : JSON.stringify(value);
      return `${name}=${text}`;
    })
    .join(' ');
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
