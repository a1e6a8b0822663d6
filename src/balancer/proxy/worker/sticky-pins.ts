import { createHmac } from 'node:crypto';
import type { StickyPolicy } from '../../../model/balancing.ts';
import type { EndpointState } from './endpoint-state.ts';

/**
 * Which endpoint a client's cookie stands for. A cookie's value is a keyed hash of the endpoint's id, so it tells nothing
 * about the endpoint and cannot be made by anyone without the key; one that is unknown, forged or of a replica that is
 * gone is no pin.
 */
export class StickyPins {
  readonly #policy: StickyPolicy;
  readonly #endpoints = new Map<string, EndpointState>();
  readonly #values = new Map<EndpointState, string>();

  constructor(policy: StickyPolicy, pool: string, endpoints: readonly EndpointState[], key: string) {
    this.#policy = policy;
    for (const endpoint of endpoints) {
      const hash = createHmac('sha256', Buffer.from(key, 'hex')).update(`${pool}\0${endpoint.id}`);
      const value = hash.digest('base64url').slice(0, 22);
      this.#endpoints.set(value, endpoint);
      this.#values.set(endpoint, value);
    }
  }

  /** The endpoint that the value stands for, in whatever state it is. */
  endpointOf(value: string): EndpointState | undefined {
    return this.#endpoints.get(value);
  }

  /** The `Set-Cookie` line that pins a client to the endpoint (RFC 6265 section 4.1). */
  lineFor(endpoint: EndpointState, isSecure: boolean): string {
    const { cookie, maxAgeMs, sameSite } = this.#policy;
    const value = this.#values.get(endpoint);
    if (value === undefined) return '';
    const age = maxAgeMs === undefined ? '' : `; Max-Age=${Math.max(1, Math.round(maxAgeMs / 1_000))}`;
    // Browsers refuse SameSite=None without Secure.
    const secure = isSecure || sameSite === 'None' ? '; Secure' : '';
    return `Set-Cookie: ${cookie}=${value}; Path=/${age}; HttpOnly; SameSite=${sameSite}${secure}\r\n`;
  }
}
