import type { ClientConnection } from './client-connection.ts';

/** A connection on which nothing came for so long is likely to be idle for longer. */
const restAfterMs = 1_000;
/** A client may be slow for so long before its average counts. */
const paceGraceMs = 5_000;

/** Ends what has lasted too long on a connection. */
export function overdue(connection: ClientConnection, now: number): void {
  const { phase, limits, wire } = connection;
  const waitedMs = now - connection.since;
  switch (phase) {
    case 'exchange':
      return overdueExchange(connection, now);
    case 'closing':
      if (waitedMs > limits.lingerMs && (wire.writableLength === 0 || waitedMs > limits.sendTimeoutMs))
        connection.destroy();
      return;
    case 'asking':
      // A body may be on its way, and nobody reads it.
      if (waitedMs > limits.bodyTimeoutMs) connection.refuse(503);
      return;
    case 'head':
      if (connection.parts.isBegun) {
        if (waitedMs > limits.headTimeoutMs) connection.refuse(408);
      } else if (waitedMs > (connection.hasServed ? limits.keepAliveMs : limits.headTimeoutMs)) {
        connection.beginClosing();
      } else if (waitedMs > restAfterMs) connection.parts.letGo();
      return;
    case 'gone':
  }
}

function overdueExchange(connection: ClientConnection, now: number): void {
  const { limits, halfClose } = connection;
  const { exchange, reader } = connection.parts;
  const { policy } = exchange;
  if (policy === undefined) return;
  const silentMs = now - exchange.lastProgressAt;
  if (halfClose.isClientGone(now, exchange.isResponding, silentMs, connection.isHttp10)) {
    connection.destroy();
  } else if (exchange.expireWait(now)) {
    // Whatever the client does meanwhile, its wait is bounded.
  } else if (exchange.isConnecting) {
    if (silentMs > policy.connectTimeoutMs) exchange.cut('timeout');
  } else if (exchange.isClientFull) {
    if (silentMs > limits.sendTimeoutMs) connection.destroy();
  } else if (!reader.isBodyComplete && !exchange.isUpstreamFull) {
    if (silentMs > limits.bodyTimeoutMs || isTooSlow(connection, now)) connection.breakRequest(408);
  } else if (!reader.isBodyComplete) {
    // The replica is the slow one: the client's time does not count.
    connection.since = now;
    if (silentMs > policy.responseTimeoutMs) exchange.cut('timeout');
  } else if (silentMs > policy.responseTimeoutMs) {
    exchange.cut('timeout');
  }
}

/** A body that trickles holds a replica for nothing. */
function isTooSlow({ limits, parts, since }: ClientConnection, now: number): boolean {
  const { minBytesPerSecond } = limits;
  const elapsedMs = now - since;
  if (minBytesPerSecond === 0 || elapsedMs <= paceGraceMs) return false;
  return parts.reader.bodyBytes * 1000 < minBytesPerSecond * elapsedMs;
}
