/** Bounds on what clients may do. Times in milliseconds. */
export interface ProxyLimits {
  /** From the first byte of a request head (or the connection) to its end; then 408. */
  readonly headTimeoutMs: number;
  /** Longest silence of a client inside its request body; then 408. */
  readonly bodyTimeoutMs: number;
  /** Longest time that a client may take nothing of a response that waits for it. */
  readonly sendTimeoutMs: number;
  /** How long an idle client connection is kept. */
  readonly keepAliveMs: number;
  /** How long a closing connection is still read, so that the client sees the response and not a reset. */
  readonly lingerMs: number;
  /** Longest request or response head; a longer one is 431. The request line has its own limit of 8 KiB, 414. */
  readonly maxHeadBytes: number;
  /** Bytes per second that a client must send of its body on average, from some seconds on; 0 turns it off. */
  readonly minBytesPerSecond: number;
}

export const defaultProxyLimits: ProxyLimits = {
  headTimeoutMs: 30_000,
  bodyTimeoutMs: 60_000,
  sendTimeoutMs: 60_000,
  keepAliveMs: 75_000,
  lingerMs: 2_000,
  maxHeadBytes: 32_768,
  minBytesPerSecond: 0,
};

/** Reads limits given on the command line; those not given keep their default. */
export function parseProxyLimits(json: string | undefined): ProxyLimits {
  if (json === undefined) return defaultProxyLimits;
  const given: unknown = JSON.parse(json);
  return { ...defaultProxyLimits, ...(typeof given === 'object' && given !== null ? given : {}) };
}
