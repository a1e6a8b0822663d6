import type { BalancingPolicy, HashKey } from '../../../model/balancing.ts';

/** How the next server is chosen. All of them take servers that come and go at run time. */
export function algorithmLines(policy: BalancingPolicy): readonly string[] {
  const consistent = 'hash-type consistent sdbm avalanche';
  switch (policy.algorithm) {
    case 'least_conn':
      return ['balance leastconn'];
    case 'round_robin':
      return ['balance roundrobin'];
    case 'random_two':
      return ['balance random(2)'];
    case 'ip_hash':
      return ['balance source', consistent];
    case 'hash':
      return [`balance hash ${hashSample(policy.hashKey ?? { from: 'uri' })}`, consistent];
    case 'least_time':
      throw new Error('least_time is refused before a configuration is written');
  }
}

function hashSample(key: HashKey): string {
  switch (key.from) {
    case 'header':
      return `req.fhdr(${key.name})`;
    case 'cookie':
      return `req.cook(${key.name})`;
    case 'path':
      return 'path';
    case 'uri':
      return 'pathq';
  }
}
