import { isDeepStrictEqual } from 'node:util';
import type { Reply } from '../client/reply.ts';
import { formatMs } from '../report/format.ts';
import { valueAt, type JsonPath } from './json-path.ts';

/** What has to be true of an answer. */
export type Check =
  /** Single codes and whole classes: 200, or 2 for 2xx. */
  | { readonly kind: 'status'; readonly codes: readonly number[]; readonly classes: readonly number[] }
  | { readonly kind: 'body contains'; readonly text: string }
  | { readonly kind: 'json'; readonly path: JsonPath; readonly pathText: string; readonly value: unknown }
  | { readonly kind: 'max duration'; readonly durationMs: number };

/** For a request that says nothing about its status: 1xx to 3xx is well. */
export const statusBelow400: Check = { kind: 'status', codes: [], classes: [1, 2, 3] };

export function needsBody(check: Check): boolean {
  return check.kind === 'body contains' || check.kind === 'json';
}

/** The check in words, for reports. */
export function describeCheck(check: Check): string {
  switch (check.kind) {
    case 'status':
      if (check === statusBelow400) return 'status below 400';
      return `status ${[...check.codes, ...check.classes.map((each) => `${each}xx`)].join(' or ')}`;
    case 'body contains':
      return `body contains ${JSON.stringify(check.text)}`;
    case 'json':
      return `${check.pathText} = ${JSON.stringify(check.value)}`;
    case 'max duration':
      return `within ${formatMs(check.durationMs)}`;
  }
}

/** One answer, whose body is parsed at most once. */
export class CheckedAnswer {
  readonly #reply: Reply & { readonly kind: 'response' };
  readonly #durationMs: number;
  #document: { readonly value: unknown } | undefined;

  constructor(reply: Reply & { readonly kind: 'response' }, durationMs: number) {
    this.#reply = reply;
    this.#durationMs = durationMs;
  }

  passes(check: Check): boolean {
    const { status, body = '' } = this.#reply;
    switch (check.kind) {
      case 'status':
        return check.codes.includes(status) || check.classes.includes(Math.floor(status / 100));
      case 'body contains':
        return body.includes(check.text);
      case 'json':
        return isDeepStrictEqual(valueAt(this.#json(body), check.path), check.value);
      case 'max duration':
        return this.#durationMs <= check.durationMs;
    }
  }

  #json(body: string): unknown {
    if (this.#document === undefined) {
      try {
        this.#document = { value: JSON.parse(body) };
      } catch {
        // No JSON has no value at any path.
        this.#document = { value: undefined };
      }
    }
    return this.#document.value;
  }
}
