import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveStack } from '../../src/compose/resolve-stack.ts';
import { loadText, refusals } from './helpers/load-text.ts';

test('`max_requests` is refused at its place where the balancer carries no port of the service, and `max_age` is not', async () => {
  const text = `services:
  web:
    image: a
    ports: ['8080:80']
    x-tenfold: { recycle: { max_requests: 100 } }
  worker:
    image: a
    x-tenfold:
      recycle:
        max_age: 24h
        max_requests: 100
  direct:
    image: a
    ports: ['8081:80']
    x-tenfold: { publish: direct, recycle: { max_requests: 100 } }
  cron:
    image: a
    x-tenfold: { recycle: { max_age: 24h } }
`;
  const errors = await refusals(loadText(text).then((project) => resolveStack(project, {})));
  assert.deepEqual(
    errors
      .map(({ where, message }) => [where?.line, where?.column, message])
      .sort(([a], [b]) => Number(a) - Number(b)),
    [
      [11, 9, 'service worker: nobody counts the requests of its replicas'],
      [15, 46, 'service direct: nobody counts the requests of its replicas'],
    ],
  );
});

test('a `max_requests` for all services holds for those that the balancer carries', async () => {
  const text = `x-tenfold: { recycle: { max_requests: 100 } }
services:
  web: { image: a, ports: ['8080:80'] }
  worker: { image: a }
`;
  const { services } = resolveStack(await loadText(text), {}).stack;
  assert.equal(services['web']?.recycle?.maxRequests, 100);
});
