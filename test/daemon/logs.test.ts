import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../helpers/eventually.ts';
import { withHome } from '../helpers/tenfold.ts';

const program = join(import.meta.dirname, '../fixtures/programs/print.mjs');

interface Line {
  readonly instance: string;
  readonly revision?: string;
  readonly stream: string;
  readonly time: number;
  readonly text: string;
  readonly json?: { readonly msg: string };
}

test('logs picks lines by instance, pattern and time, with their revision and what they say in JSON', () =>
  withHome(async (home) => {
    const command = [
      process.execPath,
      program,
      'out:{"level":"info","msg":"hello"}',
      'out:plain',
      'err:trouble',
    ];
    await home.write(
      'compose.yaml',
      JSON.stringify({ name: 'logged', services: { job: { command, deploy: { replicas: 2 } } } }),
    );
    await home.change(['up', '-d']);
    const logs = async (...args: string[]): Promise<Line[]> => {
      const { stdout } = await home.succeed(['--json', 'logs', ...args]);
      return stdout
        .split('\n')
        .filter((text) => text !== '')
        .map((text): Line => JSON.parse(text));
    };
    const all = await eventually(async () => {
      const lines = await logs();
      assert.equal(lines.length, 6);
      return lines;
    });
    const revision = (await home.status('logged')).services[0]?.revision;
    assert.ok(all.every((line) => line.revision === revision));
    assert.deepEqual(all.find(({ json }) => json !== undefined)?.json?.msg, 'hello');
    const picked = await logs('--replica', 'job-2', '--grep', '^(plain|tr)');
    assert.deepEqual(picked.map(({ instance, stream, text }) => [instance, stream, text]).toSorted(byText), [
      ['job-2', 'stdout', 'plain'],
      ['job-2', 'stderr', 'trouble'],
    ]);
    assert.deepEqual(await logs('--until', '2020-01-01'), []);
    assert.equal((await logs('--since', '2020-01-01', '--until', '0s')).length, 6);
    const wrong = await home.run(['logs', '--grep', '(']);
    assert.equal(wrong.exitCode, 2);
    assert.match(wrong.stderr, /It is no regular expression/);
    const { stdout } = await home.succeed(['logs', '--long', '--grep', 'trouble', 'job-1']);
    assert.match(stdout, /^job-1 {2}\| \S+Z [0-9a-f]{8} stderr trouble\n$/);
  }));

function byText(one: readonly string[], other: readonly string[]): number {
  return String(one[2]).localeCompare(String(other[2]));
}
