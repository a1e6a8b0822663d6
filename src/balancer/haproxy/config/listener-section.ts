import { existsSync } from 'node:fs';
import type { ListenerEntry, PoolEntry } from '../../balancer-driver.ts';
import { hostPort, poolSections, sectionName } from './names.ts';
import { quoted } from './quoting.ts';

const saneRequestId = '^[A-Za-z0-9+./:_=~-]{1,128}$';
const shareScale = 10_000;
const turnStep = 6_181;

/** Linux and others without IPv6 have no such file, or an empty one; elsewhere it is taken to be there. */
const hasIpv6 = process.platform !== 'linux' || existsSync('/proc/net/if_inet6');

/** The `frontend` of one listener: what it demands, what it adds, and which backend it goes to. */
export function listenerSection(
  listener: ListenerEntry,
  pool: PoolEntry,
  sharesPath: string,
): readonly string[] {
  const name = sectionName(listener.id);
  const isHttp = listener.protocol === 'http';
  return [
    `frontend ${name} from ${listener.protocol}`,
    ...[
      `bind ${bindAddress(listener)}`,
      // What traffic/log-line.ts reads: names, how it ended, and times in milliseconds.
      isHttp
        ? 'log-format "~ %rt %f %b %s %ts %ST %rc %Ta %TR %Tw"'
        : 'log-format "~ %rt %f %b %s %ts 0 %rc %Tt 0 %Tw"',
      ...(isHttp ? httpLines() : []),
      ...backendLines(pool, sharesPath, isHttp),
    ].map((line) => `  ${line}`),
  ];
}

function bindAddress({ hostIp, port }: ListenerEntry): string {
  if (hostIp !== '') return hostPort(hostIp, port);
  return hasIpv6 ? `[::]:${port} v4v6` : `0.0.0.0:${port}`;
}

function httpLines(): readonly string[] {
  return [
    // A process that gives its listeners to the next one ends each connection with an answer, not between two.
    'option idle-close-on-response',
    'option forwardfor',
    'http-request deny deny_status 400 if HTTP_1.1 !{ req.hdr(host) -m found }',
    'http-request deny deny_status 400 if { req.hdr_cnt(host) gt 1 }',
    `http-request set-header X-Request-ID %[uuid()] if !{ req.hdr(X-Request-ID) -m reg ${quoted(saneRequestId)} }`,
    'http-request set-var(txn.id) req.hdr(X-Request-ID)',
    'http-request set-header X-Forwarded-Host %[req.hdr(host)] if { req.hdr(host) -m found }',
    'http-request set-header X-Forwarded-Proto http',
    'http-request set-header X-Forwarded-Port %[dst_port]',
    // An upgrade to HTTP/2 would hide what follows from every rule.
    'http-request del-header Upgrade if { req.hdr(Upgrade) -i -m beg h2c }',
    'http-request del-header HTTP2-Settings',
    'http-request del-header TE',
    'http-after-response set-header Connection close if { status 400 } !{ srv_id -m found }',
  ];
}

/** The canary's part first, then the rest, then whatever is left. */
function backendLines(pool: PoolEntry, sharesPath: string, isHttp: boolean): readonly string[] {
  const { rest, canary, open, turns } = poolSections(pool.id);
  const lines: string[] = [];
  if (pool.split !== undefined) {
    const { header, cookie } = pool.split;
    const request = isHttp ? 'http-request' : 'tcp-request content';
    lines.push(`${request} set-var(txn.share) str(${rest}),map_str_int(${sharesPath},0)`);
    const isUsable = `{ nbsrv(${canary}) gt 0 }`;
    const ask = (condition: string): void =>
      void lines.push(`use_backend ${canary} if ${isUsable} ${condition}`);
    if (isHttp && header !== undefined) ask(`{ req.fhdr(${header.name}) -m str -- ${quoted(header.value)} }`);
    if (isHttp && cookie !== undefined) ask(`{ req.cook(${cookie.name}) -m str -- ${quoted(cookie.value)} }`);
    // Counted turns, not chances: multiples of a number without a common divisor spread evenly, and exactly in the end.
    lines.push(`${request} track-sc0 int(1) table ${turns}`);
    ask(`{ sc0_inc_gpc0,mul(${turnStep}),mod(${shareScale}),sub(txn.share) lt 0 }`);
    ask(`{ nbsrv(${rest}) eq 0 }`);
  }
  return [...lines, `use_backend ${rest} if { nbsrv(${rest}) gt 0 }`, `default_backend ${open}`];
}

/** A share from 0 to 1 as it stands in the map of shares. */
export function shareValue(share: number): string {
  return String(Math.round(share * shareScale));
}
