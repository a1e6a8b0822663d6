import type { ListenerEntry, PoolEntry } from '../../balancer-driver.ts';
import { algorithmLines } from './algorithm-lines.ts';
import { healthLines } from './health-lines.ts';
import { poolSections } from './names.ts';
import { lineOf, literal, quoted } from './quoting.ts';

const retryAfterSeconds = 1;

export interface PoolPlaces {
  readonly reasonsPath: string;
  /** Makes cookies that others cannot guess. */
  readonly cookieKey: string;
}

/** The backends of a pool: name, and the lines without servers. */
export function backendsOf(
  pool: PoolEntry,
  protocol: ListenerEntry['protocol'],
  places: PoolPlaces,
): readonly { readonly name: string; readonly lines: readonly string[] }[] {
  const sections = poolSections(pool.id);
  const shared = sharedLines(pool, protocol, places);
  const checked = [...shared, ...queueLines(pool, protocol), ...healthLines(pool.policy.activeHealth)];
  const open = [...shared, ...(protocol === 'http' ? emptyLines(sections.open, sections.rest, places) : [])];
  return [
    { name: sections.rest, lines: checked },
    ...(pool.split === undefined
      ? []
      : [
          { name: sections.canary, lines: checked },
          { name: sections.turns, lines: ['stick-table type integer size 10 store gpc0'] },
        ]),
    { name: sections.open, lines: open },
  ];
}

function sharedLines(
  { policy }: PoolEntry,
  protocol: ListenerEntry['protocol'],
  { cookieKey }: PoolPlaces,
): readonly string[] {
  const common = [
    ...algorithmLines(policy),
    `timeout connect ${policy.connectTimeoutMs}ms`,
    `timeout queue ${Math.max(1, policy.queue?.timeoutMs ?? 1)}ms`,
    `retries ${policy.retries}`,
    'option redispatch 1',
    'option allbackups',
    'option log-health-checks',
  ];
  if (protocol === 'tcp') return common;
  return [
    ...common,
    `timeout server ${policy.responseTimeoutMs}ms`,
    // What has reached a replica is sent again only when the method allows it (RFC 9110 section 9.2.2).
    'retry-on conn-failure empty-response junk-response',
    'http-request disable-l7-retry if !{ method GET HEAD OPTIONS TRACE PUT DELETE }',
    ...(policy.sendProxyProtocol === undefined ? [] : ['http-reuse never']),
    ...stickyLines(policy.sticky, cookieKey),
    'http-response del-header Keep-Alive',
    // Nobody was asked: it waited for too long, or the last one went away.
    'http-after-response set-status 503 reason "Service Unavailable" if { status 502 } !{ srv_id -m found }',
    `http-after-response set-header Retry-After ${retryAfterSeconds} if { status 503 } !{ srv_id -m found }`,
    ...(policy.responseHeaders
      ? [
          'http-response set-header X-Served-By %[srv_name,field(1,:)]',
          'http-response set-header X-Upstream-Server %[bc_dst]:%[bc_dst_port]',
          'http-after-response set-header X-Request-ID %[var(txn.id)]',
        ]
      : []),
  ];
}

function stickyLines(sticky: PoolEntry['policy']['sticky'], cookieKey: string): readonly string[] {
  if (sticky === undefined) return [];
  const age =
    sticky.maxAgeMs === undefined ? '' : ` attr ${quoted(`Max-Age=${Math.round(sticky.maxAgeMs / 1000)}`)}`;
  return [
    `cookie ${sticky.cookie} insert indirect nocache httponly dynamic attr ${quoted(`SameSite=${sticky.sameSite}`)}${age}`,
    `dynamic-cookie-key ${cookieKey}`,
  ];
}

/** With no room left, a request is refused where there is no queue, or none left in it. */
function queueLines(pool: PoolEntry, protocol: ListenerEntry['protocol']): readonly string[] {
  const { maxConnections, queue } = pool.policy;
  if (maxConnections === undefined) return [];
  const { rest } = poolSections(pool.id);
  const isFull = `{ be_conn_free(${rest}) le 0 }`;
  const condition = queue === undefined ? isFull : `${isFull} { queue(${rest}) ge ${queue.size} }`;
  if (protocol === 'tcp') return [`tcp-request content reject if ${condition}`];
  const reason = `every replica of ${pool.service} has all the requests that it may have`;
  return refusal(literal(reason), literal(JSON.stringify(reason).slice(1, -1)), condition);
}

function emptyLines(open: string, rest: string, { reasonsPath }: PoolPlaces): readonly string[] {
  const reason = `%[str(${rest}),map(${reasonsPath})]`;
  const json = `%[str(${rest}),map(${reasonsPath}),json(utf8s)]`;
  return refusal(reason, json, `{ nbsrv(${open}) eq 0 }`);
}

/** 503 with `Retry-After` and the reason, as JSON for those who ask for it. */
function refusal(reason: string, json: string, condition: string): readonly string[] {
  const answer = (contentType: string, body: string, more: string): string =>
    `http-request return status 503 content-type ${quoted(contentType)} hdr Retry-After ${retryAfterSeconds} hdr Cache-Control no-store lf-string ${lineOf(body)} if ${condition}${more}`;
  const title = 'Service Unavailable';
  const error = `"status":503,"title":"${title}","reason":"${json}","requestId":"%[var(txn.id),json(utf8s)]"`;
  return [
    answer('application/json', `{"error":{${error}}}`, ' { req.hdr(accept) -m sub application/json }'),
    answer('text/plain; charset=utf-8', `503 ${title}: ${reason}`, ''),
  ];
}
