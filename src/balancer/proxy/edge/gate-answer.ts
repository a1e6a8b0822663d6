import type { Page } from '../../../model/routing.ts';

/** What the balancer itself says to a request that goes no further. */
export interface GateAnswer {
  readonly status: number;
  /** One line for a person. */
  readonly reason: string;
  /** Further field lines, each with its CRLF. */
  readonly lines: string;
  /** Instead of the balancer's own words. */
  readonly page?: Page;
  readonly retryAfterSeconds?: number;
}

export function refusal(status: number, reason: string, lines = ''): GateAnswer {
  return { status, reason, lines };
}

export function tooManyRequests(waitMs: number): GateAnswer {
  const answer = refusal(429, 'more requests came than the rate limit lets through');
  return { ...answer, retryAfterSeconds: retryAfter(waitMs) };
}

/** Whole seconds, 1 at least (RFC 9110 section 10.2.3). */
export function retryAfter(waitMs: number): number {
  return Math.max(1, Math.ceil(waitMs / 1000));
}

export function redirection(status: number, url: string): GateAnswer {
  return refusal(status, `it is at ${url}`, `Location: ${url}\r\n`);
}
