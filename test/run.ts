import { existsSync, globSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

// `npm test` runs everything; `npm test -- unit` the fast ones; any other words are folders or files below test/.

/** What starts real programs or waits for real time. */
const slow =
  /^test\/((scenarios|contracts|examples|exporters|fixtures|helpers|runtime|prove|capacity|load|balancer|dashboard)\/|daemon\/(kill-walk|logs|random-changes|run-hook)\.|cli\/(attached-up|daemon-connection)\.|rollout\/hold\.)/;

const words = process.argv.slice(2);
const files = (words.length === 0 ? ['test'] : words).flatMap(filesOf).sort();
if (files.length === 0) {
  console.error(`no test files below ${words.join(', ')}`);
  process.exit(2);
}

const skipped: string[] = [];
let failed = 0;
const events = run({
  files,
  concurrency: 2,
  timeout: 600_000,
  // A file whose process never ends would be waited for, for ever: no test of it runs any more.
  signal: AbortSignal.timeout(50 * 60_000),
});
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

function filesOf(word: string): readonly string[] {
  if (word === 'unit') return filesOf('test').filter((file) => !slow.test(file));
  if (word.endsWith('.ts')) return [existsSync(word) ? word : `test/${word}`];
  const folder = word.startsWith('test') ? word : `test/${word}`;
  return globSync(`${folder}/**/*.test.ts`);
}
