import type { NetworkInspectInfo } from 'dockerode';
import type { Stack } from '../../../model/stack.ts';
import { lowerHalf } from '../ambassador/address.ts';
import { composeNetworkOf } from '../compose-types.ts';
import type { Engine } from '../engine/engine.ts';
import { networkName } from '../names.ts';

export type NetworkBody = Readonly<Record<string, unknown>> & { readonly Name: string };

/**
 * Creates a network. Where ambassadors will stand on it, and the file leaves its addresses to the engine, their upper half is
 * kept for them: an address that others have cached must not go to another container while its owner starts again.
 */
export async function createNetwork(
  engine: Engine,
  body: NetworkBody,
  keepsAddresses: boolean,
  signal: AbortSignal,
): Promise<void> {
  const create = (asked: NetworkBody): Promise<{ Id: string }> =>
    engine.json(`create the network ${body.Name}`, {
      method: 'POST',
      path: '/networks/create',
      body: asked,
      signal,
    });
  const { Id: id } = await create(body);
  if (!keepsAddresses) return;
  // Only the engine knows which of its ranges are free, and it tells by giving one away.
  const path = `/networks/${id}`;
  const doing = `inspect the network ${body.Name}`;
  const { IPAM: ipam } = await engine.json<NetworkInspectInfo>(doing, { method: 'GET', path, signal });
  const config = (ipam?.Config ?? []).map((range) => {
    const half = lowerHalf(range.Subnet ?? '');
    return half === undefined ? range : { ...range, IPRange: half };
  });
  if (!config.some((range) => 'IPRange' in range)) return;
  await engine.send(`remove the network ${body.Name}`, { method: 'DELETE', path, signal });
  try {
    await create({ ...body, IPAM: { Driver: 'default', Config: config } });
  } catch {
    // Somebody else got that range in between; then with the next one, and without this.
    await create(body);
  }
}

/** Whether addresses on the network can be, and need to be, kept for ambassadors. */
export function keepsAddresses(stack: Stack, key: string): boolean {
  const { driver = 'bridge', ipam } = composeNetworkOf(stack, key);
  const name = networkName(stack, key);
  return (
    (driver === '' || driver === 'bridge') &&
    (ipam?.config ?? []).length === 0 &&
    Object.values(stack.services).some(({ listeners }) =>
      listeners.some(({ networks = [] }) => networks.some(({ network }) => network === name)),
    )
  );
}
