import { parseArgs } from 'node:util';
import { withHome } from '../test/helpers/tenfold.ts';
import {
  assertTakenBack,
  assertWithinShare,
  defectNames,
  deployBad,
  goodStack,
  strategyNames,
} from '../test/scenarios/bad-revision.ts';
import { scenarioRuntimes } from '../test/scenarios/web-stack.ts';

// Every kind of bad revision by every strategy under 200 requests/s: what an independent client had of it, and what the report
// says. A row of a Markdown table per case; ends with an error when one was not taken back, or cost more than its share.

const { values } = parseArgs({
  options: {
    runtimes: { type: 'string', default: 'process,docker' },
    strategies: { type: 'string', default: strategyNames.join(',') },
    rate: { type: 'string', default: '200' },
  },
});

console.log(
  '| runtime | strategy | a revision that | asked of it | its errors | lost | cause in the report |',
);
console.log('| --- | --- | --- | --: | --: | --: | --- |');
for (const { runtime, skip } of scenarioRuntimes) {
  if (!values.runtimes.split(',').includes(runtime)) continue;
  if (skip !== false) {
    console.log(`without ${runtime}: ${skip}`);
    continue;
  }
  for (const strategy of strategyNames.filter((name) => values.strategies.split(',').includes(name)))
    await withHome(async (home) => {
      const stack = await goodStack(home, runtime, strategy);
      for (const defect of defectNames) {
        const finding = await deployBad(home, stack, defect, Number(values.rate));
        const { asked, meanwhile, errors, lost, history } = finding;
        const cells = [runtime, strategy, defect, `${asked} of ${meanwhile}`, errors, lost.length];
        console.log(`| ${cells.join(' | ')} | ${history.at(-1)?.reason ?? ''} |`);
        assertTakenBack(finding, defect);
        assertWithinShare(finding, strategy, defect);
      }
    });
}
