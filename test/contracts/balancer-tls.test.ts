import { openProxy } from '../balancer/edge/open-proxy.ts';
import { makeCertificate } from '../balancer/tls/certificates.ts';
import { testBalancerContract } from './balancer-contract.ts';
import { overTls } from './balancer/over-tls.ts';

testBalancerContract('embedded, over TLS,', {
  skip: false,
  lacks: { 'plain-listeners': 'a relay speaks TLS for the clients' },
  open: async () => {
    const proxy = await openProxy({ workers: 2 });
    const certificates = [makeCertificate(proxy.folder, 'own', ['a.test'])];
    const tls = { certificates, minVersion: 'TLSv1.2', offersHttp2: true } as const;
    const driver = overTls(proxy.driver, tls);
    return {
      driver,
      [Symbol.asyncDispose]: async () => {
        await driver[Symbol.asyncDispose]();
        await proxy[Symbol.asyncDispose]();
      },
    };
  },
});
