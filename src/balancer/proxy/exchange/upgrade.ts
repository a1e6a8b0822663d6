import { FrameScanner } from '../http/frame-scanner.ts';
import type { ResponseHead } from '../http/response-head.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import type { ExchangeClient } from './exchange-client.ts';
import { Tunnel, type TunnelSides } from './tunnel.ts';

/** After a 101 has been passed on: the client's socket and the replica's are one from here on. `rest` came after the head. */
export function beginTunnel(
  exchangeClient: ExchangeClient,
  sides: Omit<TunnelSides, 'client'>,
  head: ResponseHead,
  rest: Buffer,
  context: WorkerContext,
): Tunnel {
  const frames = head.fields.upgrade?.toLowerCase() === 'websocket' ? new FrameScanner() : undefined;
  const { socket: client, early } = exchangeClient.handOver();
  if (early !== undefined && early.length > 0) sides.upstream.write(early);
  const tunnel = new Tunnel({ ...sides, client, frames }, context, () => exchangeClient.tunnelEnded());
  if (rest.length > 0) tunnel.passToClient(rest);
  return tunnel;
}
