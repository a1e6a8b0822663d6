import { createHash } from 'node:crypto';
import type { EndpointEntry } from '../../balancer-driver.ts';

// HAProxy takes letters, digits, and `-_.:` in names.

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

/** A name that a person recognises in HAProxy's own output, and that no other id has. */
export function sectionName(id: string): string {
  return `${id.replaceAll(/[^\w.:-]/g, '_')}.${digest(id, 6)}`;
}

/** The endpoint's instance, and behind the last colon which life of it. */
export function serverName(endpoint: EndpointEntry): string {
  return `${endpoint.instance.replaceAll(/[^\w.-]/g, '_')}:${digest(endpoint.id, 10)}`;
}

/** Names of the backends that a pool is made of. */
export interface PoolSections {
  /** Every endpoint that is healthy; with a split, those that are not of its revision. */
  readonly rest: string;
  /** Those of the split's revision. */
  readonly canary: string;
  /** Every endpoint in rotation, unchecked: asked when there is no other (fail open). */
  readonly open: string;
  /** Has no servers: counts whose turn it is under a split. */
  readonly turns: string;
}

export function poolSections(poolId: string): PoolSections {
  const rest = sectionName(poolId);
  return { rest, canary: `${rest}.canary`, open: `${rest}.open`, turns: `${rest}.turns` };
}

/** `10.0.0.1:80`, `[::1]:80`. */
export function hostPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
