import assert from 'node:assert/strict';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CapacityReport } from '../../src/capacity/report/capacity-report.ts';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/free-port.ts';
import { withHome } from '../helpers/tenfold.ts';

const example = join(import.meta.dirname, '../../examples/load');
const question = '/api/v1/query?query=2+2';

test('a real stack is measured with each number of replicas, and has its own again afterwards and after Ctrl-C', async () => {
  await withHome(async (home) => {
    await cp(example, home.projectDir, { recursive: true });
    const compose = await readFile(join(example, 'compose.yaml'), 'utf8');
    await home.write('compose.yaml', compose.replace("'8080:8000'", `'${await freePort()}:8000'`));
    await home.succeed(['-p', 'agent', 'up', '-d']);
    const words = ['-p', 'agent', 'capacity', 'api', '--path', question];

    const { stdout } = await home.succeed(['--json', ...words, '--max', '2', '--step', '500ms']);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what --json prints
    const report = JSON.parse(stdout) as CapacityReport;
    assert.deepEqual(
      report.steps.map(({ replicas }) => replicas),
      [1, 2],
    );
    assert.ok(report.steps.every(({ throughput, failedShare }) => throughput > 0 && failedShare === 0));
    // Two workers of 150 ms each cannot answer more than 13.4 in a second, however fast the machine is.
    assert.ok(report.steps.every(({ throughput, replicas }) => throughput < 13.4 * 1.2 * replicas));
    assert.equal(await inRotation(home), 3);

    const interrupted = home.start([...words, '--step', '1m']);
    await eventually(async () => assert.equal(await inRotation(home), 1));
    assert.equal(await interrupted.end('SIGINT'), 130);
    assert.match(interrupted.stdout(), /it was ended early/);
    assert.equal(await inRotation(home), 3);
  });
});

test('a service is not measured whose replicas would not share the load, and is left as it is', async () => {
  await withHome(async (home) => {
    const service = (xTenfold: object): object => ({
      command: [process.execPath, join(import.meta.dirname, '../fixtures/replicas/http-replica.mjs')],
      environment: { HOST: '127.0.0.1', HANDLER_MS: '5' },
      ports: ['80'],
      deploy: { replicas: 1 },
      'x-tenfold': xTenfold,
    });
    const services = {
      byaddress: service({ algorithm: 'ip_hash' }),
      bypath: service({ algorithm: 'hash', hash_on: 'path' }),
      byuser: service({ algorithm: 'hash', hash_on: 'header:X-User' }),
    };
    await home.write('compose.yaml', JSON.stringify({ name: 'spread', services }));
    await home.succeed(['up', '-d']);
    for (const name of ['byaddress', 'bypath']) {
      const { exitCode, stderr } = await home.run(['capacity', name, '--max', '2', '--step', '200ms']);
      assert.equal(exitCode, 2);
      assert.match(
        stderr,
        /cannot be measured under `algorithm: (ip_)?hash.*\[usage\][\s\S]*a single replica/,
      );
    }
    await home.succeed(['capacity', 'byuser', '--max', '1', '--step', '200ms']);
  });
});

async function inRotation(home: Parameters<Parameters<typeof withHome>[0]>[0]): Promise<number | undefined> {
  const { services } = await home.status('agent');
  return services.find(({ name }) => name === 'api')?.inRotation;
}
