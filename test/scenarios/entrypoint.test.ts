import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { ProofReport } from '../../src/prove/proof-report.ts';
import type { MetricsReply } from '../../src/daemon/metrics-api.ts';
import { controlRequest } from '../helpers/control-request.ts';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/free-port.ts';
import { openLoop } from '../helpers/open-loop.ts';
import { type TestHome, withHome } from '../helpers/tenfold.ts';
import { assertNothingFailed } from './web-stack.ts';

const replicaFile = join(import.meta.dirname, '../fixtures/replicas/http-replica.mjs');

/** Two services that have no port of their own behind one entrypoint: `/` is the site's, `/api` the other's. */
async function writeSharedStack(home: TestHome, name: string): Promise<number> {
  const port = await freePort();
  const service = (route: Record<string, unknown>): Record<string, unknown> => ({
    command: [process.execPath, replicaFile],
    environment: { HOST: '127.0.0.1', HANDLER_MS: '10' },
    expose: ['80'],
    stop_grace_period: '1s',
    'x-tenfold': { routes: [route] },
  });
  const file = {
    name,
    'x-tenfold': { entrypoints: { web: { port, host_ip: '127.0.0.1' } } },
    services: {
      site: service({ host: 'shop.test' }),
      api: service({ host: 'shop.test', path: '/api' }),
    },
  };
  await home.write('compose.yaml', JSON.stringify(file, undefined, 2));
  return port;
}

describe('services behind one entrypoint', () => {
  test('have their own requests in their reports and metrics, and are found by load and proof', () =>
    withHome(async (home) => {
      const name = `shared-${process.pid}`;
      const port = await writeSharedStack(home, name);
      await home.change(['up', '-d']);
      const headers = { host: 'shop.test' };
      const url = `http://127.0.0.1:${port}/`;
      await using siteLoad = openLoop({ urls: [url], ratePerSecond: 20, headers });
      await using apiLoad = openLoop({ urls: [`${url}api`], ratePerSecond: 60, headers });
      await apiLoad.sendMore(30);

      await eventually(async () => {
        const path = `/v1/stacks/${name}/metrics`;
        const { services } = await controlRequest<MetricsReply>(home.home.socketPath, 'GET', path);
        const rateOf = (service: string): number =>
          services.find((each) => each.service === service)?.points.at(-1)?.requestsPerSecond ?? 0;
        assert.ok(rateOf('site') > 5 && rateOf('api') > rateOf('site'), JSON.stringify(services));
      });

      const report = await home.change(['scale', 'api=2']);
      await apiLoad.sendMore(30);
      const [site, api] = [await siteLoad.stop(), await apiLoad.stop()];
      for (const result of [site, api]) assertNothingFailed(result);
      assert.deepEqual(Object.keys(api.byInstance).sort(), ['api-1', 'api-2']);
      assert.ok(report.traffic.requests > 0, 'what came by the route is reported');
      assert.ok(report.traffic.requests <= api.sent, `${report.traffic.requests} of ${api.sent}`);
      assert.equal(report.traffic.failed, 0);

      const whole = await home.change(['down']);
      assert.equal(whole.traffic.failed, 0);
      await home.change(['up', '-d']);

      const words = ['--rate', '40', '--before', '500ms', '--after', '500ms'];
      const proof = await home.run(['--json', 'prove', ...words, '--', 'scale', 'api=2']);
      assert.equal(proof.exitCode, 0, proof.stdout + proof.stderr);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what --json prints
      const { service, target, requests, change } = JSON.parse(proof.stdout) as ProofReport;
      assert.deepEqual([service, target], ['api', `http://shop.test:${port}/api`]);
      assert.match(proof.stderr, /api is loaded by entrypoint web, route api.*, Host shop\.test, path \/api/);
      assert.equal(requests.failed, 0);
      assert.ok(requests.good > 20 && change.kind === 'begun');
      assert.ok((change.report?.traffic.requests ?? 0) > 0, proof.stdout);

      const load = await home.run(['--json', 'load', 'site', '--rate', '40', '--for', '1s']);
      assert.equal(load.exitCode, 0, load.stdout + load.stderr);
      await eventually(async () => {
        const [found] = (await home.status(name)).entrypoints ?? [];
        assert.ok(found !== undefined && found.requests > 0 && found.failed === 0);
      });
    }));
});
