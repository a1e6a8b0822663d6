import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Desired } from '../../src/controller/desired.ts';
import type { Observed } from '../../src/controller/observed.ts';
import type { Draft } from '../../src/controller/reconcile/draft.ts';
import { planSharedAddresses } from '../../src/controller/reconcile/shared-addresses.ts';
import { resolveStack } from '../../src/compose/resolve-stack.ts';
import { poolEntry } from '../balancer/routing-samples.ts';
import { loadText } from '../compose/helpers/load-text.ts';

const file = `
x-tenfold: {entrypoints: {web: {port: 8080}}}
services:
  api: {image: a, expose: [80], x-tenfold: {routes: [{path: /api}]}}
`;

async function drafted(phase: 'running' | 'absent', pools: Draft['pools']): Promise<Draft> {
  const { stack } = resolveStack(await loadText(file), {});
  const draft: Draft = { operations: [], waits: [], listeners: [], pools, wakeTimes: [] };
  // Only what is looked at stands here.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const desired = { stack, services: { api: { phase } } } as unknown as Desired;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  planSharedAddresses(draft, desired, { byService: new Map() } as unknown as Observed);
  return draft;
}

describe('an entrypoint', () => {
  const api = poolEntry([], { id: 'demo/api:80', stack: 'demo', service: 'api' });

  test('is opened with its routes, and what none of them takes is 404', async () => {
    const { listeners, pools } = await drafted('running', [api]);
    const [listener] = listeners;
    assert.deepEqual([listener?.id, listener?.port], ['demo/@web:8080', 8080]);
    assert.deepEqual(
      listener?.routes?.map(({ action }) => action.kind),
      ['forward', 'respond'],
    );
    assert.ok(pools.some(({ id }) => id === listener?.pool));
  });

  test('is closed when no service runs or shall run', async () => {
    assert.deepEqual((await drafted('absent', [api])).listeners, []);
  });

  test('answers 503 for a service without a pool, rather than let its requests go to another', async () => {
    const [listener] = (await drafted('running', [])).listeners;
    assert.equal(listener?.routes?.[0]?.action.kind, 'maintenance');
  });
});
