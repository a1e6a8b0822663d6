import { join } from 'node:path';
import { createHaproxyDriver } from '../../src/balancer/haproxy/haproxy-driver.ts';
import { skipWithout } from '../helpers/parts.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { testBalancerContract } from './balancer-contract.ts';

testBalancerContract('HAProxy', {
  skip: await skipWithout('haproxy'),
  lacks: {
    least_time: 'HAProxy does not choose by response times',
    hold: 'HAProxy answers at once when a backend has no server',
    'latency-outlier': 'HAProxy does not compare the response times of servers',
    'circuit-breaker': 'HAProxy has no breaker for a whole backend',
    'panic-threshold': 'HAProxy asks all only when none is healthy',
    'policy-in-place': 'each policy takes an HAProxy of its own, which lives as long as its requests',
    'strict-requests': 'HAProxy mends what RFC 9112 lets a proxy mend',
    'nominated-fields': 'HAProxy passes on fields that Connection names',
    'early-close': 'HAProxy goes on reading the request, for as long as the client may be silent',
    'stream-spread': 'HAProxy shuts all sessions of a server down at once',
    'half-closed-clients': 'HAProxy takes the end of a client’s side for its leaving',
  },
  open: async () => {
    const folder = await temporaryFolder();
    const driver = createHaproxyDriver({ folder: join(folder.path, 'haproxy') });
    return {
      driver,
      [Symbol.asyncDispose]: async () => {
        await driver.shutdown(0, new AbortController().signal);
        await driver[Symbol.asyncDispose]();
        await folder[Symbol.asyncDispose]();
      },
    };
  },
});
