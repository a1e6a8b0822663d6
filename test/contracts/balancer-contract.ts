import { after, before, describe } from 'node:test';
import type { BalancerDriver } from '../../src/balancer/balancer-driver.ts';
import { testCanaries } from './balancer/canaries.ts';
import { testChanges } from './balancer/changes.ts';
import { testDraining } from './balancer/draining.ts';
import { testFailures } from './balancer/failures.ts';
import type { Lacks } from './balancer/harness.ts';
import { testHealth } from './balancer/health.ts';
import { testHttpTraffic } from './balancer/http-traffic.ts';
import { testLimits } from './balancer/limits.ts';
import { testListeners } from './balancer/listeners.ts';
import { testRefusals } from './balancer/refusals.ts';
import { testRoles } from './balancer/roles.ts';
import { testSelection } from './balancer/selection.ts';
import { testStreams } from './balancer/streams.ts';
import { testTcpTraffic } from './balancer/tcp-traffic.ts';

/** How one balancer takes part: what `open` makes, once for each suite. */
export interface BalancerHarness extends AsyncDisposable {
  readonly driver: BalancerDriver;
}

/** What every balancer driver promises. A driver takes part with a test file that calls this with its harness. */
export function testBalancerContract(
  name: string,
  options: {
    readonly open: () => Promise<BalancerHarness>;
    readonly skip: string | false;
    /** What it cannot do; the tests of that are skipped with the reason. */
    readonly lacks?: Lacks;
  },
): void {
  describe(`the ${name} balancer`, { skip: options.skip, timeout: 500_000 }, () => {
    const { lacks = {} } = options;
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

    testHttpTraffic(driver, lacks);
    testRefusals(driver, lacks);
    testFailures(driver);
    testDraining(driver);
    testStreams(driver, lacks);
    testListeners(driver, lacks);
    testTcpTraffic(driver);
    testSelection(driver, lacks);
    testCanaries(driver, lacks);
    testLimits(driver, lacks);
    testHealth(driver, lacks);
    testRoles(driver);
    testChanges(driver, lacks);
  });
}
