import { after, before, describe } from 'node:test';
import type { BalancerDriver } from '../../src/balancer/balancer-driver.ts';
import { testDraining } from './balancer/draining.ts';
import { testFailures } from './balancer/failures.ts';
import { testHttpTraffic } from './balancer/http-traffic.ts';
import { testListeners } from './balancer/listeners.ts';
import { testRefusals } from './balancer/refusals.ts';
import { testTcpTraffic } from './balancer/tcp-traffic.ts';

/** How one balancer takes part: what `open` makes, once for each suite. */
export interface BalancerHarness extends AsyncDisposable {
  readonly driver: BalancerDriver;
}

/** What every balancer driver promises. A driver takes part with a test file that calls this with its harness. */
export function testBalancerContract(
  name: string,
  options: { readonly open: () => Promise<BalancerHarness>; readonly skip: string | false },
): void {
  describe(`the ${name} balancer`, { skip: options.skip, timeout: 180_000 }, () => {
    let harness: BalancerHarness | undefined;
    const driver = (): BalancerDriver => {
      if (harness === undefined) throw new Error('the suite has not begun');
      return harness.driver;
    };

    before(async () => {
      harness = await options.open();
    });
    after(async () => {
      await harness?.[Symbol.asyncDispose]();
    });

    testHttpTraffic(driver);
    testRefusals(driver);
    testFailures(driver);
    testDraining(driver);
    testListeners(driver);
    testTcpTraffic(driver);
  });
}
