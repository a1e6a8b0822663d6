import { globSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

// `npm test` runs everything; `npm test -- unit` the fast ones; any other words are folders or files below test/.
const groups: Record<string, readonly string[]> = {
  unit: ['test/!(scenarios|contracts|docker)/**/*.test.ts', 'test/*.test.ts'],
};
const words = process.argv.slice(2);
const patterns =
  words.length === 0
    ? ['test/**/*.test.ts']
    : words.flatMap(
        (word) =>
          groups[word] ??
          (word.endsWith('.ts') ? [word] : [`${word.startsWith('test') ? '' : 'test/'}${word}/**/*.test.ts`]),
      );
const files = globSync([...patterns]).sort();
if (files.length === 0) {
  console.error(`no test files match ${patterns.join(' ')}`);
  process.exit(2);
}

const skipped: string[] = [];
let failed = 0;
const events = run({ files, concurrency: 2, timeout: 600_000 });
events.on('test:pass', (event) => {
  if (event.skip !== undefined)
    skipped.push(`${event.name}: ${event.skip === true ? 'no reason given' : event.skip}`);
});
events.on('test:fail', () => (failed += 1));
events.compose(new spec()).pipe(process.stdout);
events.on('end', () => {
  process.on('exit', () => {
    if (skipped.length > 0)
      process.stdout.write(`\nSkipped:\n${skipped.map((line) => `  ${line}\n`).join('')}`);
    if (failed > 0) process.exitCode = 1;
  });
});
