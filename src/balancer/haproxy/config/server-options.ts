import type { EndpointEntry } from '../../balancer-driver.ts';
import type { BalancingPolicy } from '../../../model/balancing.ts';

/** So that a part of a weight, and the ramp of a slow start, can be told in HAProxy's whole numbers up to 256. */
const weightUnit = 16;
const maxWeight = 256;

export function serverWeight(endpoint: EndpointEntry): number {
  return Math.min(maxWeight, Math.max(1, Math.round((endpoint.weight ?? 1) * weightUnit)));
}

/** What every server of the pool has on its line where it is checked. */
export function checkedOptions(policy: BalancingPolicy): string {
  const { activeHealth: health, maxFails, failTimeoutMs, slowStartMs } = policy;
  // A server that was ejected comes back by its checks, and within fail_timeout when they pass.
  const probeMs = Math.max(1, Math.min(health.intervalMs, Math.ceil(failTimeoutMs / health.rise)));
  const words = [
    'check',
    `inter ${health.intervalMs}ms`,
    `fastinter ${probeMs}ms`,
    `downinter ${probeMs}ms`,
    `rise ${health.rise}`,
    `fall ${health.fall}`,
  ];
  if (maxFails > 0) words.push(`observe layer4 error-limit ${maxFails} on-error mark-down`);
  // What lasts would go on with a server that the pool is no longer for, such as a primary that has become a replica.
  if (health.mustPass && health.path === undefined) words.push('on-marked-down shutdown-sessions');
  if (slowStartMs > 0) words.push(`slowstart ${slowStartMs}ms`);
  return [...words, commonOptions(policy)].filter((word) => word !== '').join(' ');
}

/** What servers have where they are not checked. */
export function commonOptions(policy: BalancingPolicy): string {
  const words: string[] = [];
  if (policy.sendProxyProtocol !== undefined)
    words.push(policy.sendProxyProtocol === 'v1' ? 'send-proxy' : 'send-proxy-v2');
  return words.join(' ');
}
