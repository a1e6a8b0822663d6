import { describe, test } from 'node:test';
import { withHome } from '../helpers/tenfold.ts';
import { assertTakenBack, assertWithinShare, defectNames, deployBad, goodStack } from './bad-revision.ts';
import { scenarioRuntimes } from './web-stack.ts';

/** By each of the clients, which load side by side; `node bench/bad-revisions.ts` takes more time and more load. */
const ratePerSecond = 60;

const cases = [
  { runtime: 'process', strategy: 'rolling' },
  { runtime: 'process', strategy: 'blue-green' },
  { runtime: 'process', strategy: 'canary' },
  { runtime: 'docker', strategy: 'blue-green' },
] as const;

const obligation =
  'a bad revision is taken back by itself, for a cause that is named, and costs no more than its share';

describe(obligation, { concurrency: true }, () => {
  for (const { runtime, strategy } of cases) {
    const skip = scenarioRuntimes.find((each) => each.runtime === runtime)?.skip ?? false;
    test(`${strategy}, ${runtime} replicas: one that ${defectNames.join(', ')}`, { skip }, () =>
      withHome(async (home) => {
        const stack = await goodStack(home, runtime, strategy);
        for (const defect of defectNames) {
          const finding = await deployBad(home, stack, defect, ratePerSecond);
          assertTakenBack(finding, defect);
          assertWithinShare(finding, strategy, defect);
        }
      }),
    );
  }
});
