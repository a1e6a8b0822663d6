import { randomFillSync } from 'node:crypto';

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

/** The system's source of chance is asked for a page at a time. */
const pool = Buffer.allocUnsafeSlow(4_096);
let used = pool.length;

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}

export function newTraceId(): string {
  return randomHex(16);
}

export function newSpanId(): string {
  return randomHex(8);
}

/** Lines for a request of which no span is recorded here: a valid context passes as it came, else one is begun. */
export function traceLine(given: string | undefined): string {
  if (given !== undefined && parseTraceparent(given) !== undefined) return `traceparent: ${given}\r\n`;
  const chance = randomHex(24);
  return `traceparent: 00-${chance.slice(0, 32)}-${chance.slice(32)}-01\r\n`;
}
