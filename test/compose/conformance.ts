/** Prints how the loader agrees with the reference's recorded cases, per category: `npm run conformance [-- -v]`. */
import { existsSync } from 'node:fs';
import { composeCasesDir } from '../helpers/parts.ts';
import { categories, runCategory } from './conformance/categories.ts';

if (!existsSync(composeCasesDir)) {
  console.log(`skipped: no recorded cases at ${composeCasesDir}`);
} else {
  const isVerbose = process.argv.includes('-v');
  console.log('| category | cases | agree |\n|---|--:|--:|');
  for (const category of categories) {
    const outcomes = runCategory(category);
    const differing = outcomes.filter(({ difference }) => difference !== undefined);
    console.log(`| ${category} | ${outcomes.length} | ${outcomes.length - differing.length} |`);
    if (differing.length > 0) process.exitCode = 1;
    if (isVerbose) for (const { name, difference } of differing) console.log(`  ${name}: ${difference}`);
  }
}
