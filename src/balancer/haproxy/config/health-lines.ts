import type { ActiveHealthPolicy, ExpectedText } from '../../../model/balancing.ts';
import { quoted } from './quoting.ts';

/** The lines of a backend that say what its checks ask and what they expect. */
export function healthLines(health: ActiveHealthPolicy): readonly string[] {
  return [
    `timeout check ${health.timeoutMs}ms`,
    ...(health.path === undefined ? tcpLines(health) : httpLines(health, health.path)),
  ];
}

function httpLines(health: ActiveHealthPolicy, path: string): readonly string[] {
  const statuses = (health.statuses ?? [[200, 399]]).map(([from, to]) =>
    from === to ? `${from}` : `${from}-${to}`,
  );
  const host = health.host === undefined ? '' : ` hdr Host ${quoted(health.host)}`;
  return [
    'option httpchk',
    `http-check send meth ${health.method ?? 'GET'} uri ${quoted(path)} ver HTTP/1.1${host === '' ? ' hdr Host localhost' : host} hdr User-Agent tenfold-health`,
    `http-check expect status ${statuses.join(',')}`,
    ...(health.expected === undefined ? [] : [`http-check expect ${expectation(health.expected)}`]),
  ];
}

function tcpLines(health: ActiveHealthPolicy): readonly string[] {
  if (health.send === undefined && health.expected === undefined) return [];
  return [
    'option tcp-check',
    'tcp-check connect',
    ...(health.send === undefined
      ? []
      : [`tcp-check send-binary ${Buffer.from(health.send).toString('hex')}`]),
    ...(health.expected === undefined ? [] : [`tcp-check expect ${expectation(health.expected)}`]),
  ];
}

function expectation(expected: ExpectedText): string {
  return expected.kind === 'contains'
    ? `string ${quoted(expected.text)}`
    : `rstring ${quoted(expected.pattern)}`;
}
