import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resolveStack } from '../../src/compose/resolve-stack.ts';
import type { Service } from '../../src/model/service.ts';
import { loadText, refusals } from './helpers/load-text.ts';

async function servicesOf(text: string): Promise<Readonly<Record<string, Service>>> {
  return resolveStack(await loadText(text), {}).stack.services;
}

describe('which balancer carries a service', () => {
  test('is the embedded one, the file’s, or the service’s own', async () => {
    const web = 'image: a\n    ports: ["8080:80"]';
    const of = async (top: string, own: string): Promise<string | undefined> =>
      (await servicesOf(`${top}\nservices:\n  web:\n    ${web}\n    x-tenfold: ${own}\n`))['web']?.balancer;
    assert.equal(await of('', '{}'), undefined);
    assert.equal(await of('', '{ balancer: haproxy }'), 'haproxy');
    assert.equal(await of('x-tenfold: { balancer: haproxy }', '{}'), 'haproxy');
    assert.equal(await of('x-tenfold: { balancer: haproxy }', '{ balancer: proxy }'), undefined);
  });

  test('is nobody’s question where a service has no port on the host', async () => {
    const text = 'x-tenfold: { balancer: haproxy, algorithm: least_time }\nservices: { job: { image: a } }\n';
    assert.equal((await servicesOf(text))['job']?.balancer, undefined);
  });

  test('refuses all that HAProxy cannot do, each at its line', async () => {
    const text = `x-tenfold:
  balancer: haproxy
  circuit_breaker: { errors: 50% }
services:
  web:
    image: a
    ports: ['8080:80']
    x-tenfold:
      algorithm: least_time
      latency_outlier: { factor: 3 }
      panic_threshold: 50%
      access_log: {}
      autoscale: { min: 0, max: 3, target: { requests_per_second: 10 } }
      edge: { allow: ['127.0.0.0/8'] }
`;
    const errors = await refusals(loadText(text).then((project) => resolveStack(project, {})));
    const places = errors.map(({ where, message }) => `${where?.line} ${/^[\w.]+/.exec(message)?.[0]}`);
    assert.deepEqual(places.sort(), [
      '10 latency_outlier',
      '11 panic_threshold',
      '12 access_log',
      '13 autoscale.min',
      '14 edge',
      '3 circuit_breaker',
      '9 algorithm',
    ]);
  });
});
