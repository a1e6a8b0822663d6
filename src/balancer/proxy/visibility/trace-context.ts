import { randomBytes } from 'node:crypto';

/** What a valid `traceparent` says (W3C Trace Context, section 3.2). */
export interface TraceParent {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits: the span of who sent the request. */
  readonly spanId: string;
  readonly isSampled: boolean;
}

const shape = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const noTrace = '0'.repeat(32);
const noSpan = '0'.repeat(16);

/** Undefined: malformed, and then `tracestate` means nothing either. */
export function parseTraceparent(value: string | undefined): TraceParent | undefined {
  if (value === undefined || value.length < 55) return undefined;
  const [, version, traceId, spanId, flags, more] = shape.exec(value) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (traceId === noTrace || spanId === noSpan) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, isSampled }: TraceParent): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

/** The system's source of chance is asked for a page at a time, which is written out at once. */
const pageBytes = 4_096;
let page = '';
let used = 0;

function randomHex(digits: number): string {
  if (used + digits > page.length) {
    page = randomBytes(pageBytes).toString('hex');
    used = 0;
  }
  used += digits;
  return page.slice(used - digits, used);
}

export function newTraceId(): string {
  return randomHex(32);
}

export function newSpanId(): string {
  return randomHex(16);
}

/** Lines for a request of which no span is recorded here: a valid context passes as it came, else one is begun. */
export function traceLine(given: string | undefined): string {
  if (given !== undefined && parseTraceparent(given) !== undefined) return `traceparent: ${given}\r\n`;
  return `traceparent: 00-${newTraceId()}-${newSpanId()}-01\r\n`;
}
