import type { Call } from '../../daemon/control/control-server.ts';
import type { LiveMessage } from '../live-api.ts';

const heartbeatMs = 15_000;
const reconnectMs = 1_000;
/** A page that reads so slowly is cut off; it comes back with its cursor. */
const maxUnsentBytes = 8 * 1024 * 1024;

export type Send = (message: LiveMessage) => void;

/** Begins a stream of server-sent events that ends with the call. `cursor` is what a page would come back with. */
export function beginEventStream({ response, signal }: Call, cursor: () => string): Send {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.write(`retry: ${reconnectMs}\n\n`);
  // A proxy or a laptop's network that has gone silently is found out by writing to it.
  const heartbeat = setInterval(() => response.write(':\n\n'), heartbeatMs);
  signal.addEventListener('abort', () => clearInterval(heartbeat), { once: true });
  return (message) => {
    if (signal.aborted || response.destroyed) return;
    response.write(`id: ${cursor()}\ndata: ${JSON.stringify(message)}\n\n`);
    if (response.writableLength > maxUnsentBytes) response.destroy();
  };
}
