import type { Socket } from 'node:net';
import { plainAddress } from '../edge/range-set.ts';
import type { Peer } from '../edge/client-facts.ts';
import type { ForwardedBy } from '../exchange/request-format.ts';
import type { Wire } from '../socket/wire.ts';

/** A client's connection, ready for its first request. */
export interface Entrant {
  /** Undefined: `raw` itself, read without a copy. */
  readonly wire: Wire | undefined;
  /** What was accepted. */
  readonly raw: Socket;
  readonly peer: Peer;
  readonly peerPort: number;
  /** Where it was accepted; undefined: the wire knows. */
  readonly localAddress: string | undefined;
}

/** One that came in with nothing before its first request. */
export function plainEntrant(raw: Socket, port: number): Entrant {
  const peer = { address: plainAddress(raw.remoteAddress), isTls: false, port };
  return { wire: undefined, raw, peer, peerPort: raw.remotePort ?? 0, localAddress: undefined };
}

/** What replicas are told of every request of the connection. */
export function forwardedBy(entrant: Entrant, wire: Wire, lines: string): ForwardedBy {
  const { peer, peerPort, localAddress } = entrant;
  return {
    clientAddress: peer.address,
    lines,
    ends: () => ({
      source: { address: peer.address, port: peerPort },
      destination: { address: plainAddress(localAddress ?? wire.localAddress), port: peer.port },
    }),
  };
}
