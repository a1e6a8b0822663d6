/** What a listener demands of its clients before any replica hears of them. What is undefined is not demanded. */
export interface EdgePolicy {
  readonly tls: TlsPolicy | undefined;
  /** Plain HTTP only: every request is sent to the same host and path on this port of HTTPS, with 308. */
  readonly redirectToHttpsPort: number | undefined;
  /** In order; the first whose path fits decides. */
  readonly access: readonly AccessRule[];
  readonly basicAuth: BasicAuth | undefined;
  readonly rateLimit: RateLimit | undefined;
  readonly limits: ClientLimits;
  /** Peers in these CIDR ranges begin each connection with a PROXY protocol header (v1 or v2), which says who the client is. */
  readonly proxyProtocolFrom: readonly string[];
  /**
   * Peers in these CIDR ranges are believed what they say in `X-Forwarded-*`: the client is the right-most address that is
   * not one of them. Undefined: `X-Forwarded-For` is passed on with the peer added, and believed by nobody.
   */
  readonly trustedProxies: readonly string[] | undefined;
  readonly compression: CompressionPolicy | undefined;
}

export interface TlsPolicy {
  /** The first is shown to clients that name no host, or one that none is for. */
  readonly certificates: readonly CertificateFiles[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** HTTP/2 is offered beside HTTP/1.1. */
  readonly offersHttp2: boolean;
}

/** Absolute paths of PEM files, read again when they change. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Who may ask for what: denied ranges first; where there are allowed ranges, only they may. A refusal is 403. */
export interface AccessRule {
  /** A path and all below it; `/` for everything. Judged percent-decoded, so that no spelling gets around it. */
  readonly path: string;
  /** CIDR ranges; undefined: everybody that is not denied. */
  readonly allow: readonly string[] | undefined;
  readonly deny: readonly string[];
}

export interface BasicAuth {
  readonly realm: string;
  /** A path and all below it; `/` for everything. */
  readonly path: string;
  /** Absolute path of an htpasswd file, read again when it changes; or its lines. */
  readonly users: { readonly file: string } | { readonly lines: readonly string[] };
  /** The `Authorization` field stays in the request that is forwarded. */
  readonly keepsHeader: boolean;
}

/** nginx `limit_req`: a leaky bucket for each key. */
export interface RateLimit {
  readonly key:
    { readonly kind: 'ip' } | { readonly kind: 'header'; readonly name: string } | { readonly kind: 'route' };
  /** Milliseconds of one request at the steady rate: 100 for `10r/s`. */
  readonly intervalMs: number;
  /** Requests that may come at once beyond the rate; more are 429. */
  readonly burst: number;
  /** False: requests of the burst wait until the rate lets them through. */
  readonly isImmediate: boolean;
}

/** Bounds on what a client may do; undefined: the proxy's own. Times in milliseconds. */
export interface ClientLimits {
  readonly maxHeaderBytes: number | undefined;
  readonly maxBodyBytes: number | undefined;
  readonly maxConnectionsPerIp: number | undefined;
  readonly headTimeoutMs: number | undefined;
  readonly bodyTimeoutMs: number | undefined;
  readonly sendTimeoutMs: number | undefined;
  readonly keepAliveMs: number | undefined;
  /** Bytes per second that a client must at least send of its body, and take of a response, on average; 0 turns it off. */
  readonly minBytesPerSecond: number | undefined;
}

export interface CompressionPolicy {
  /** Best first. */
  readonly encodings: readonly ('br' | 'gzip')[];
  /** Responses known to be smaller stay as they are. */
  readonly minBytes: number;
  /** Media types in lower case; `text/*` for all of a kind. Never `text/event-stream`. */
  readonly types: readonly string[];
}
