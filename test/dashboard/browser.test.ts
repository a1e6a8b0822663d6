import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { policyOf } from '../autoscale/samples.ts';
import { serviceOf } from '../contracts/stack-of.ts';
import { eventually } from '../helpers/eventually.ts';
import { accessFaults, overflowOf, skipWithoutBrowser, TestBrowser } from './browser.ts';
import { balanced, dashboardWorld, type DashboardWorld } from './dashboard-world.ts';
import type { Script } from './scripted-metrics.ts';
import type { Decision } from '../../src/autoscale/decision.ts';
import type { RevisionRecord } from '../../src/controller/revisions.ts';
import type { DashboardContext } from '../../src/dashboard/routes.ts';

const steadyTraffic: Script = () => ({
  requestsPerSecond: 120,
  failedShare: 0,
  latencyMs: 20,
  cores: 0.5,
  memoryBytes: 100e6,
});

/** One that has scaled a service up once, and holds it there. */
function autoscalerOf(service: string): DashboardContext['autoscaler'] {
  const finding = { kind: 'cpu' as const, text: 'cpu 71 % of 70 %', current: 0.71, target: 0.7, replicas: 3 };
  const bounds = { min: 1, max: 9, findings: [finding], recommended: 3 };
  const input = { now: 0, current: 1, queries: [], connections: [], isRollingOut: false, isPaused: false };
  const decisions = (): readonly Decision[] => [
    {
      ...bounds,
      at: Date.now() - 60_000,
      from: 1,
      to: 3,
      reason: 'load',
      sentence: 'scaled from 1 to 3: cpu 200 % of 70 %',
    },
    {
      ...bounds,
      at: Date.now() - 5_000,
      from: 3,
      to: 3,
      reason: 'on target',
      sentence: 'held at 3: cpu 71 % of 70 % is inside the tolerance',
    },
  ];
  return {
    statuses: () =>
      decisions()
        .slice(-1)
        .map((decision) => ({
          stack: 'demo',
          service,
          current: 3,
          min: 1,
          max: 9,
          mode: 'active' as const,
          nextAt: Date.now() + 10_000,
          policy: policyOf(),
          decision,
        })),
    async *history({ name }) {
      for (const decision of decisions())
        yield { type: 'decision', stack: name, service, input, decision, isCarriedOut: true };
    },
  };
}

describe('the dashboard in a browser', { skip: skipWithoutBrowser }, () => {
  let browser: TestBrowser;
  before(async () => {
    browser = await TestBrowser.launch();
  });
  afterEach(() => browser.closePages());
  after(() => browser[Symbol.asyncDispose]());

  async function openService(world: DashboardWorld, service: string): Promise<Page> {
    const page = await browser.open(world.link());
    await page.getByRole('rowheader').getByRole('link', { name: service, exact: true }).click();
    await page.getByRole('heading', { level: 1, name: service }).waitFor();
    return page;
  }

  const desiredReplicas = (world: DashboardWorld, service: string): number | undefined =>
    world.registry.get('demo').controller.desired.services[service]?.replicas;

  test('scale and undo by clicks: the plan first, then the change, then the way back', async () => {
    await using world = await dashboardWorld({ script: steadyTraffic });
    await world.open([balanced('web', 8080)]);
    const page = await openService(world, 'web');
    await page.getByRole('button', { name: 'Scale…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Scale web' });
    assert.ok(await dialog.getByRole('button', { name: 'Scale to 3' }).isDisabled(), 'nothing would change');
    await dialog.getByRole('spinbutton', { name: 'Replicas' }).fill('5');
    await dialog.getByText('2 replicas start, 2 enter rotation.').waitFor();
    await dialog.getByText('tenfold -p demo scale web=5').waitFor();
    assert.equal(desiredReplicas(world, 'web'), 3);
    await dialog.getByRole('button', { name: 'Scale to 5' }).click();
    await page.getByText(/web went from 3 to 5/).waitFor();
    assert.equal(desiredReplicas(world, 'web'), 5);
    await page.getByText('5/5').waitFor();
    await page.getByRole('rowheader', { name: 'web-5' }).waitFor();

    await page.getByRole('button', { name: 'Undo…' }).click();
    await page
      .getByRole('dialog')
      .getByText(/2 replicas leave rotation/)
      .waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Undo' }).click();
    await page.getByText(/web went from 5 to 3/).waitFor();
    assert.equal(desiredReplicas(world, 'web'), 3);
    assert.deepEqual(world.bugs, []);
  });

  test('drain and put back by clicks; of the last replica the refusal is shown with its code and a way on', async () => {
    await using world = await dashboardWorld();
    await world.open([balanced('web', 8080, { replicas: 2 })]);
    const page = await openService(world, 'web');
    const row = (instance: string) => page.getByRole('row').filter({ hasText: instance });
    await page.getByRole('button', { name: 'Drain web-1…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Drain', exact: true }).click();
    await row('web-1').getByText('drained').waitFor();

    await page.getByRole('button', { name: 'Drain web-2…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Drain web-2' });
    await dialog.getByText('last-replica', { exact: true }).waitFor();
    await dialog.getByText(/scale web up first/).waitFor();
    assert.ok(await dialog.getByRole('button', { name: 'Drain', exact: true }).isDisabled());
    await dialog.getByRole('button', { name: 'Drain it all the same…' }).click();
    await dialog.getByRole('button', { name: 'Drain all the same' }).click();
    await page.getByText('web serves nobody').waitFor();

    await page.getByRole('button', { name: 'Put web-1 back…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Put back' }).click();
    await row('web-1').getByText('in rotation').waitFor();
  });

  test('a dialog takes the focus, is left with Escape, and gives the focus back', async () => {
    await using world = await dashboardWorld();
    await world.open([balanced('web', 8080)]);
    const page = await openService(world, 'web');
    await page.getByRole('button', { name: 'Scale…' }).focus();
    await page.keyboard.press('Enter');
    const input = page.getByRole('spinbutton', { name: 'Replicas' });
    await input.waitFor();
    const focused = (): Promise<string> =>
      page.evaluate('document.activeElement.textContent || document.activeElement.id');
    assert.equal(await focused(), 'replicas');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await focused(), 'Scale…');
    assert.equal(desiredReplicas(world, 'web'), 3);
  });

  test('what is wrong stands first: what, since when, what is done about it', async () => {
    await using world = await dashboardWorld({
      script: steadyTraffic,
      behaviourOf: ({ index }) => (index === 2 ? { exit: { afterMs: 50, code: 3 } } : {}),
    });
    const restart = {
      condition: 'any' as const,
      delayMs: 30_000,
      maxAttempts: undefined,
      windowMs: undefined,
    };
    await world.open([serviceOf('worker', { replicas: 2, restart })]);
    const page = await browser.open(world.link());
    await page.getByRole('heading', { level: 1, name: '1 thing is wrong' }).waitFor();
    const trouble = page.getByRole('region', { name: 'Needs a look' });
    await trouble.getByText('worker-2 has ended with exit code 3').waitFor();
    await trouble.getByText(/for \d+ s, since \d\d:\d\d:\d\d/).waitFor();
    await trouble.getByText(/1 of 2 serve\..*restart 1 in/).waitFor();
    await trouble.getByRole('link', { name: 'Logs of worker-2' }).click();
    await page.getByRole('heading', { level: 1, name: 'Logs of demo' }).waitFor();
    assert.equal(await page.getByRole('combobox', { name: 'Replica' }).inputValue(), 'worker-2');
  });

  test('a runtime that does not answer is said, and what it would take', async () => {
    let reason: string | undefined;
    await using world = await dashboardWorld({ unreachableAt: () => reason });
    await world.open([balanced('web', 8080)]);
    const page = await browser.open(world.link());
    await page.getByRole('heading', { level: 1, name: /^All is well/ }).waitFor();
    reason = 'it is being upgraded';
    const { controller } = world.registry.get('demo');
    controller.wake();
    await page.getByText('The runtime process does not answer').waitFor();
    await page.getByText(/it is being upgraded\..*traffic goes on/i).waitFor();
    reason = undefined;
    controller.wake();
    await page.getByRole('heading', { level: 1, name: /^All is well/ }).waitFor();
  });

  test('a daemon that goes away is said at once; the page comes back with what it has missed, once', async () => {
    await using world = await dashboardWorld();
    await world.open([balanced('web', 8080)]);
    const page = await browser.open(world.link());
    await page.getByText('live', { exact: true }).waitFor();
    await world.stopListening();
    await page.getByText('The daemon does not answer.').waitFor();
    const session = world.registry.get('demo');
    session.record({ kind: 'warning', message: 'something was said meanwhile' });
    await world.listenAgain();
    await page.getByText('live', { exact: true }).waitFor();
    await page.getByText('something was said meanwhile').waitFor();
    session.record({ kind: 'warning', message: 'something is said now' });
    await page.getByText('something is said now').waitFor();
    assert.equal(await page.getByText('something was said meanwhile').count(), 1);
    assert.equal(await page.getByText('The daemon does not answer.').count(), 0);
  });

  test('a stack that is taken down is said, and shows up again when it is back', async () => {
    await using world = await dashboardWorld();
    await world.open([balanced('web', 8080)]);
    const page = await openService(world, 'web');
    await world.registry.close(world.registry.get('demo'));
    await page.getByRole('heading', { name: 'No stack demo is known' }).waitFor();
    await world.open([balanced('web', 8080)]);
    await page.getByRole('heading', { level: 1, name: 'web' }).waitFor();
  });

  test('logs of all replicas are searched and followed in one place', async () => {
    await using world = await dashboardWorld({
      behaviourOf: ({ index }) => ({
        prints: [
          { stream: 'stdout', text: `listening on ${index}` },
          { stream: 'stdout', text: '{"level":"error","msg":"no route","path":"/x"}' },
        ],
      }),
    });
    await world.open([balanced('web', 8080)]);
    const page = await browser.open(world.link());
    await page.getByRole('link', { name: 'demo' }).first().click();
    await page.getByRole('link', { name: 'Logs' }).click();
    const log = page.getByRole('log');
    await log.getByText('listening on 3').waitFor();
    await page.getByText('6 lines').waitFor();
    assert.equal(await log.getByText('no route').count(), 3);
    assert.equal(await log.getByText('path=/x').count(), 3);

    const search = page.getByRole('searchbox', { name: 'Search' });
    await search.fill('LISTENING on 2');
    await page.getByText('1 line of 6').waitFor();
    await search.fill('/listening on [13]/');
    await page.getByText('2 lines of 6').waitFor();
    await search.fill('/(/');
    await page.getByText(/no regular expression/).waitFor();
    await search.fill('');
    await page.getByRole('combobox', { name: 'Replica' }).selectOption('web-2');
    await page.getByText('2 lines of 6').waitFor();
    await page.getByRole('combobox', { name: 'Replica' }).selectOption('');

    const { controller } = world.registry.get('demo');
    controller.setDesired({
      ...controller.desired,
      services: Object.fromEntries(
        Object.entries(controller.desired.services).map(([name, each]) => [name, { ...each, replicas: 4 }]),
      ),
    });
    await log.getByText('listening on 4').waitFor();
  });

  test('two hundred replicas are told in sum, and those that need a look by name', async () => {
    await using world = await dashboardWorld({
      script: steadyTraffic,
      behaviourOf: ({ index }) => (index === 150 ? { healthyAfterMs: 'never' } : {}),
    });
    await world.open([balanced('web', 8080, { replicas: 200 })]);
    const page = await openService(world, 'web');
    await page.getByText('199/200').waitFor();
    await page.getByText(/200 replicas, 0.5 % each if spread evenly/).waitFor();
    const rows = page.getByRole('table', { name: 'Replicas of web' }).getByRole('row');
    await eventually(async () => assert.match((await rows.nth(1).textContent()) ?? '', /web-150/));
    assert.equal(await rows.count(), 31);
    await page.getByRole('searchbox', { name: 'Find replicas by name or state' }).fill('web-199');
    await eventually(async () => assert.equal(await rows.count(), 2));
    await page.getByRole('searchbox', { name: 'Find replicas by name or state' }).fill('');
    await page.getByRole('button', { name: 'Show all 200' }).click();
    await eventually(async () => assert.equal(await rows.count(), 201));
    assert.equal(await overflowOf(page), 0);
  });

  test('the colours follow the system until they are chosen', async () => {
    await using world = await dashboardWorld();
    await world.open([balanced('web', 8080)]);
    const page = await browser.open(world.link(), { colours: 'dark' });
    const ground = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.equal(await ground(), 'rgb(16, 19, 20)');
    await page.getByRole('button', { name: 'Colours: auto' }).click();
    assert.equal(await ground(), 'rgb(245, 246, 247)');
    await page.reload();
    await page.getByRole('button', { name: 'Colours: light' }).waitFor();
    assert.equal(await ground(), 'rgb(245, 246, 247)');
  });

  test('no page has a serious fault of access or is wider than its window, on a phone or a desk, by day or night', async () => {
    const web = balanced('web', 8080);
    await using world = await dashboardWorld({
      autoscaler: autoscalerOf('web'),
      script: (service) => ({ ...steadyTraffic(service, 0), failedShare: service === 'web' ? 0.002 : 0 }),
      behaviourOf: ({ service, index }) =>
        service === 'worker' && index === 2
          ? { exit: { afterMs: 20, code: 1 }, prints: [{ stream: 'stderr', text: 'Error: it broke' }] }
          : { prints: [{ stream: 'stdout', text: '{"level":"warn","msg":"slow","ms":120}' }] },
    });
    const restart = {
      condition: 'any' as const,
      delayMs: 60_000,
      maxAttempts: undefined,
      windowMs: undefined,
    };
    const record = { revision: web.revision, service: web, user: 'ada', command: 'tenfold up -d' };
    const revisions: readonly RevisionRecord[] = [
      {
        ...record,
        number: 1,
        startedAt: 1,
        endedAt: 900,
        outcome: 'rolled back',
        reason: 'web-1 ended with exit code 1',
      },
      { ...record, number: 2, startedAt: Date.now(), outcome: 'succeeded' },
    ];
    await world.open([web, serviceOf('worker', { replicas: 2, restart })], { web: { revisions } });
    const places: readonly (readonly [hash: string, sight: string])[] = [
      ['#/', 'What happened last'],
      ['#/stacks/demo', 'What happened last'],
      ['#/stacks/demo/services/web', 'held at 3: cpu 71 % of 70 % is inside the tolerance'],
      ['#/stacks/demo/services/worker', 'worker-2 has ended'],
      ['#/stacks/demo/events', 'Only what went wrong'],
      ['#/stacks/demo/logs', 'Error: it broke'],
      ['#/stacks/gone', 'No stack gone is known'],
    ];
    const faults: string[] = [];
    for (const colours of ['light', 'dark'] as const) {
      const page = await browser.open(world.link(), { colours });
      for (const [hash, sight] of places) {
        await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
        await page.getByText(sight).first().waitFor();
        for (const width of [1280, 360]) {
          await page.setViewportSize({ width, height: 900 });
          const where = `${hash} ${colours} ${width}`;
          faults.push(...(await accessFaults(page)).map((fault) => `${where}: ${fault}`));
          const overflow = await overflowOf(page);
          if (overflow > 0) faults.push(`${where}: ${overflow} pixels too wide`);
        }
      }
      await page.evaluate("location.hash = '#/stacks/demo/services/web'");
      await page.getByRole('button', { name: 'Scale…' }).click();
      await page.locator('dialog [aria-busy="false"]').waitFor();
      faults.push(...(await accessFaults(page)).map((fault) => `dialog ${colours}: ${fault}`));
    }
    assert.deepEqual(faults, []);
    assert.deepEqual(browser.complaints, []);
    assert.deepEqual(world.bugs, []);
  });
});
