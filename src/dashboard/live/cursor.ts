/** How far a page has read. Times are milliseconds since the epoch. */
export interface Cursor {
  /** Time of the last event, and how many of that very time have been sent. */
  readonly eventTime: number;
  readonly eventCount: number;
  /** Time of the newest line of a log. */
  readonly logTime: number;
}

export const atTheBeginning: Cursor = { eventTime: 0, eventCount: 0, logTime: 0 };

export function formatCursor({ eventTime, eventCount, logTime }: Cursor): string {
  return `${eventTime}-${eventCount}-${logTime}`;
}

/** Undefined for a page that comes for the first time, or with something that is no cursor. */
export function parseCursor(text: string | undefined): Cursor | undefined {
  const match = /^(\d{1,15})-(\d{1,9})-(\d{1,15})$/.exec(text ?? '');
  if (match === null) return undefined;
  const [eventTime = 0, eventCount = 0, logTime = 0] = match.slice(1).map(Number);
  return { eventTime, eventCount, logTime };
}

export function afterEvent(cursor: Cursor, time: number): Cursor {
  const eventCount = time === cursor.eventTime ? cursor.eventCount + 1 : 1;
  return { ...cursor, eventTime: time, eventCount };
}

export function afterLog(cursor: Cursor, time: number): Cursor {
  return { ...cursor, logTime: Math.max(cursor.logTime, time) };
}
