import { join } from 'node:path';
import { createProxyDriver } from '../../src/balancer/proxy/proxy-driver.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { testBalancerContract } from './balancer-contract.ts';

for (const workers of [1, 3]) {
  testBalancerContract(`embedded (${workers} workers)`, {
    skip: false,
    open: async () => {
      const folder = await temporaryFolder();
      const driver = createProxyDriver({
        socketPath: join(folder.path, 'proxy.sock'),
        logPath: join(folder.path, 'proxy.log'),
        workers,
      });
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
}
