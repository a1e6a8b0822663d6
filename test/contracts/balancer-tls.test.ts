import { join } from 'node:path';
import { createProxyDriver } from '../../src/balancer/proxy/proxy-driver.ts';
import { makeCertificate } from '../balancer/tls/certificates.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { testBalancerContract } from './balancer-contract.ts';
import { overTls } from './balancer/over-tls.ts';

testBalancerContract('embedded, over TLS,', {
  skip: false,
  lacks: { 'plain-listeners': 'a relay speaks TLS for the clients' },
  open: async () => {
    const folder = await temporaryFolder();
    const proxy = createProxyDriver({
      socketPath: join(folder.path, 'proxy.sock'),
      logPath: join(folder.path, 'proxy.log'),
      workers: 2,
    });
    const certificates = [makeCertificate(folder.path, 'own', ['a.test'])];
    const driver = overTls(proxy, { certificates, minVersion: 'TLSv1.2', offersHttp2: true });
    return {
      driver,
      [Symbol.asyncDispose]: async () => {
        await proxy.shutdown(0, new AbortController().signal);
        await driver[Symbol.asyncDispose]();
        await folder[Symbol.asyncDispose]();
      },
    };
  },
});
