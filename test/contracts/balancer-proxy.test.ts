import { openProxy } from '../balancer/edge/open-proxy.ts';
import { testBalancerContract } from './balancer-contract.ts';

for (const workers of [1, 3]) {
  testBalancerContract(`embedded (${workers} workers)`, {
    skip: false,
    open: () => openProxy({ workers }),
  });
}
