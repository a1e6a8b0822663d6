import { join } from 'node:path';
import { createHaproxyDriver } from '../../src/balancer/haproxy/haproxy-driver.ts';
import { skipWithout } from '../helpers/parts.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { testBalancerContract } from './balancer-contract.ts';

testBalancerContract('HAProxy', {
  skip: await skipWithout('haproxy'),
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
