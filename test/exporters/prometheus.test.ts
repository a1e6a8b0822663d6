import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { dashboards } from '../../src/exporters/grafana/dashboards.ts';
import { ask } from '../contracts/balancer/clients.ts';
import { eventually } from '../helpers/eventually.ts';
import { findProgram, skipWithout } from '../helpers/parts.ts';
import { withHome, type TestHome } from '../helpers/tenfold.ts';
import { writeWebStack } from '../scenarios/web-stack.ts';
import { startPrometheus } from './prometheus-server.ts';

const handlerMs = 30;
const requests = 90;
const windowSeconds = 300;

describe('a real Prometheus', { skip: await skipWithout('prometheus'), timeout: 300_000 }, () => {
  test("scrapes a stack, and the guides' queries and every panel of the dashboards give what was asked of it", () =>
    withHome(async (home) => {
      const stack = await writeWebStack(home, {
        runtime: 'process',
        replicas: 3,
        environment: { HANDLER_MS: String(handlerMs) },
      });
      await home.change(['up', '-d']);
      await stack.settled(3);
      await home.succeed(['export', 'prometheus', '--out', 'exported']);
      const config = await readFile(join(home.projectDir, 'exported', 'prometheus.yml'), 'utf8');
      await using prometheus = await startPrometheus(
        config.replaceAll(/scrape_interval: \d+s/g, 'scrape_interval: 1s'),
      );
      // Two scrapes of nought, so that the first requests are an increase.
      await eventually(async () => {
        const [seen] = await prometheus.query('min(count_over_time(http_requests_in_flight[1m]))');
        assert.ok((seen?.value ?? 0) >= 2);
      });

      const answers = await Promise.all(Array.from({ length: requests }, () => timed(stack.port)));
      const expected = new Map<string, number>();
      for (const { headers } of answers) {
        const instance = String(headers['x-instance']);
        expected.set(instance, (expected.get(instance) ?? 0) + 1);
      }
      await eventually(async () => {
        const [counted] = await prometheus.query('sum(http_requests_total{code="2xx"})');
        assert.equal(counted?.value, requests);
      });

      const byInstance = async (query: string): Promise<Map<string, number>> =>
        new Map(
          (await prometheus.query(query)).map(({ metric, value }) => [metric['instance'] ?? '', value]),
        );
      assert.deepEqual(await byInstance('sum(http_requests_total) by (instance)'), expected);

      // The first of the guides' queries, as it is written there.
      const rates = await byInstance('sum(rate(http_requests_total[5m])) by (instance)');
      assert.deepEqual([...rates.keys()].toSorted(), ['web-1', 'web-2', 'web-3']);
      for (const [instance, perSecond] of rates) {
        const told = perSecond * windowSeconds;
        const known = expected.get(instance) ?? 0;
        // Prometheus extends what it saw by up to half the time between two scrapes at each end.
        assert.ok(told >= known * 0.99 && told <= known * 1.6, `${instance}: ${told} of ${known} requests`);
      }

      // The second has a `by` that no version of Prometheus takes after a function; without it, it says what it means.
      await assert.rejects(
        prometheus.query(
          'histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m])) by (instance)',
        ),
        /parse error/,
      );
      for (const query of [
        'histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m]))',
        'histogram_quantile(0.95, sum(rate(http_request_duration_seconds_bucket[5m])) by (instance, le))',
      ]) {
        const quantiles = await byInstance(query);
        assert.equal(quantiles.size, 3);
        const slowest = Math.max(...answers.map(({ durationMs }) => durationMs)) / 1_000;
        for (const [instance, seconds] of quantiles) {
          assert.ok(seconds >= (handlerMs / 1_000) * 0.7, `${instance}: ${seconds} s`);
          assert.ok(
            seconds <= slowest * 1.5,
            `${instance}: ${seconds} s, and the slowest answer took ${slowest} s`,
          );
        }
      }

      for (const { title, panels } of dashboards) {
        for (const { expression } of panels.flatMap(({ queries }) => queries)) {
          const query = expression
            .replaceAll('$stack', '.*')
            .replaceAll('$service', '.*')
            .replaceAll('$__rate_interval', '1m');
          const series = await prometheus.query(query);
          // There is a reason for each failure, and nothing failed.
          const isEmpty = expression.includes('tenfold_service_requests_failed_total');
          assert.equal(series.length === 0, isEmpty, `${title}: ${query} gives ${series.length} series`);
        }
      }
      assert.deepEqual(await promtoolComplaints(home), '');
    }));
});

async function timed(
  port: number,
): Promise<{ readonly headers: IncomingHttpHeaders; readonly durationMs: number }> {
  const begun = performance.now();
  const { headers } = await ask(port);
  return { headers, durationMs: performance.now() - begun };
}

async function promtoolComplaints(home: TestHome): Promise<string> {
  const { admin } = await home.version();
  const text = await (await fetch(`http://${admin?.address}/metrics`)).text();
  const result = spawnSync(findProgram('promtool') ?? 'promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  return `${result.stdout}${result.stderr}`;
}
