import assert from 'node:assert/strict';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LoadReport } from '../../src/load/report/load-report.ts';
import { readScenario } from '../../src/load/scenario/read-scenario.ts';
import { freePort } from '../helpers/free-port.ts';
import { withHome } from '../helpers/tenfold.ts';

const example = join(import.meta.dirname, '../../examples/load');

test("the example is the guide's script: its stages, request, checks and think time", () => {
  const { shape, requests } = readScenario(join(example, 'query.yaml'));
  assert.deepEqual(shape, {
    model: 'closed',
    level: 0,
    stages: [
      { kind: 'ramp', durationMs: 120_000, to: 10 },
      { kind: 'hold', durationMs: 300_000 },
      { kind: 'ramp', durationMs: 120_000, to: 0 },
    ],
  });
  const [query] = requests;
  assert.deepEqual([query?.method, query?.path, query?.think.fromMs], ['POST', '/api/v1/query', 1000]);
  assert.equal(query?.headers['Content-Type'], 'application/json');
  assert.deepEqual(JSON.parse(query?.body ?? ''), { query: 'What is 2+2?', agent_type: 'math' });
  assert.deepEqual(
    query?.checks.map((check) => (check.kind === 'max duration' ? check.durationMs : check.kind)),
    ['status', 5000],
  );
});

test('the example runs: every request is answered, by all three instances, and the checks hold', async () => {
  await withHome(async (home) => {
    await cp(example, home.projectDir, { recursive: true });
    const port = await freePort();
    const compose = await readFile(join(example, 'compose.yaml'), 'utf8');
    await home.write('compose.yaml', compose.replace("'8080:8000'", `'${port}:8000'`));
    await home.succeed(['up', '-d']);
    const words = ['--json', 'load', 'query.yaml', '--target', `http://localhost:${port}`];
    const { stdout } = await home.succeed([...words, '--users', '6', '--for', '2s']);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what --json prints
    const report = JSON.parse(stdout) as LoadReport;
    assert.ok(report.answered >= 6);
    assert.deepEqual([report.failed, report.answered], [0, report.sent]);
    assert.deepEqual(
      report.replicas.map(({ instance }) => instance),
      ['api-1', 'api-2', 'api-3'],
    );
    const rush = await home.succeed(['--json', 'load', 'rush.yaml', '--rate', '10', '--for', '1s']);
    assert.match(rush.stdout, /"failed":0/);
  });
});
