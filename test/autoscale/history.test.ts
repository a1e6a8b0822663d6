import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { replay } from '../../src/autoscale/simulation/replay.ts';
import { whatIf } from '../../src/autoscale/simulation/what-if.ts';
import type { AutoscaleRecord } from '../../src/autoscale/record.ts';
import { AutoscaleHistory } from '../../src/daemon/autoscale/history.ts';
import { ScaledService } from '../../src/daemon/autoscale/scaled-service.ts';
import type { AutoscalePolicy } from '../../src/model/autoscale.ts';
import { TenfoldError } from '../../src/shared/errors.ts';
import { ManualClock } from '../helpers/simulated/manual-clock.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { runInProcess } from '../cli/run-in-process.ts';
import { modelledService, type ModelledService } from './modelled-service.ts';
import { defaultDown, minute, noon, policyOf, second } from './samples.ts';

const never = new AbortController().signal;
const policy = policyOf({
  max: 12,
  metrics: [
    { kind: 'in_flight', average: 2 },
    { kind: 'p95', targetMs: 200 },
  ],
  intervalMs: minute,
  schedule: [
    {
      when: { kind: 'hours', days: [0, 1, 2, 3, 4, 5, 6], from: 8 * 60, until: 18 * 60 },
      timeZone: 'UTC',
      min: 2,
      max: undefined,
    },
  ],
});

/** Requests in flight through a day: 1-3-5-2-1 units of two, over and over, with a little noise that is always the same. */
function loadAt(step: number): number {
  const units = [1, 3, 5, 2, 1][Math.floor(step / 40) % 5] ?? 1;
  return 2 * units * (0.9 + (0.2 * ((step * 7919) % 97)) / 97);
}

function serviceOn(model: ModelledService, clock: ManualClock, directory: string): ScaledService {
  return new ScaledService(model.stack, 'web', {
    metrics: model.metrics,
    clock,
    directory,
    machine: () => ({ totalBytes: 8e9, availableBytes: 4e9 }),
    ask: () => Promise.resolve({ value: 1 }),
  });
}

/** Makes a decision each interval, from samples a second apart. `onStep` may change the world, or the one who decides. */
async function run(
  model: ModelledService,
  directory: string,
  steps: number,
  onStep: (step: number) => 'restart' | undefined = () => undefined,
): Promise<ScaledService> {
  const clock = new ManualClock(noon);
  let service = serviceOn(model, clock, directory);
  for (let step = 0; step < steps; step += 1) {
    const action = onStep(step);
    if (action === 'restart') service = serviceOn(model, clock, directory);
    model.load = loadAt(step);
    await clock.advance(policy.intervalMs);
    for (let ageMs = 15 * second; ageMs >= 0; ageMs -= second) model.sample(clock.now() - ageMs);
    await service.decide(0, never);
  }
  return service;
}

async function recordsOf(service: ScaledService, since = 0): Promise<AutoscaleRecord[]> {
  const records: AutoscaleRecord[] = [];
  for await (const record of service.history.read(since)) records.push(record);
  return records;
}

function withPolicy(model: ModelledService, autoscale: AutoscalePolicy): void {
  const { desired } = model;
  const web = desired.stack.services['web'] ?? assert.fail();
  model.desired = { ...desired, stack: { ...desired.stack, services: { web: { ...web, autoscale } } } };
}

describe('a recorded day', { concurrency: true }, () => {
  test('gives the same decisions when it is simulated, to the step: over restarts, a new policy and a full disk', async () => {
    await using folder = await temporaryFolder();
    const model = modelledService(policy);
    const service = await run(model, folder.path, 1_440, (step) => {
      model.failure = step >= 240 && step < 243 ? new TenfoldError('state-write-failed', 'full') : undefined;
      if (step === 600) withPolicy(model, { ...policy, max: 4 });
      if (step === 700) withPolicy(model, policy);
      return step % 300 === 299 ? 'restart' : undefined;
    });
    const records = await recordsOf(service);
    const failed = records.filter((record) => record.type === 'decision' && !record.isCarriedOut);
    assert.equal(failed.length, 3);
    const steps = [...replay(records)];
    assert.equal(steps.length, 1_440);
    assert.deepEqual(
      steps.filter(({ isSame }) => !isSame),
      [],
    );
    const changes = steps.filter(({ recorded }) => recorded.from !== recorded.to);
    assert.ok(changes.length > 30, `${changes.length} changes make a day`);
    assert.ok(steps.every(({ recorded }) => recorded.sentence.length > 20));

    const trace = join(folder.path, 'day.jsonl');
    await writeFile(trace, records.map((record) => JSON.stringify(record)).join('\n'));
    const { stdout, exitCode } = await runInProcess(['autoscale', 'simulate', trace], {});
    assert.match(stdout, /^1440 decisions from .*: each came out the same when it was made again$/m);
    assert.equal(exitCode, 0);
  });

  test('says so where a decision was another one', async () => {
    await using folder = await temporaryFolder();
    const service = await run(modelledService(policy), folder.path, 50);
    const records = await recordsOf(service);
    const forged = records.map((record) =>
      record.type === 'decision' && record.decision.from !== record.decision.to
        ? { ...record, decision: { ...record.decision, to: 9 } }
        : record,
    );
    const trace = join(folder.path, 'day.jsonl');
    await writeFile(trace, forged.map((record) => JSON.stringify(record)).join('\n'));
    const { stdout, exitCode } = await runInProcess(['autoscale', 'simulate', trace], {});
    assert.match(stdout, /50 decisions .*: [1-9]\d* came out otherwise/);
    assert.equal(exitCode, 1);
  });

  test('tells what another policy would have made of it', async () => {
    await using folder = await temporaryFolder();
    const records = await recordsOf(await run(modelledService(policy), folder.path, 200));
    const halved = policyOf({
      max: 12,
      metrics: [{ kind: 'in_flight', average: 4 }],
      scaleDown: { ...defaultDown, stabilizationMs: 0 },
    });
    const most = (counts: readonly number[]) => Math.max(...counts);
    const steps = [...whatIf(halved, records)];
    assert.equal(most(steps.map(({ recorded }) => recorded.to)), 5);
    assert.equal(most(steps.map(({ decision }) => decision.to)), 3);
  });
});

describe('the history', () => {
  test('of a time begins with the policy and the state of that time', async () => {
    await using folder = await temporaryFolder();
    const service = await run(modelledService(policy), folder.path, 120);
    const late = await recordsOf(service, noon + 100 * minute);
    assert.equal(late[0]?.type, 'policy');
    assert.equal(late.length, 1 + 21);
    assert.ok([...replay(late)].every(({ isSame }) => isSame));
  });

  test('is bounded, and what is left of it stands by itself', async () => {
    await using folder = await temporaryFolder();
    const model = modelledService(policy);
    const service = await run(model, folder.path, 60);
    const all = await recordsOf(service);
    const path = join(folder.path, 'small', 'web.jsonl');
    const small = new AutoscaleHistory(path, 20_000);
    let beginning = all[0];
    for (const record of all.slice(1)) {
      assert.ok(beginning?.type === 'policy');
      await small.append([record], beginning);
      if (record.type === 'policy') beginning = record;
    }
    const sizes = await Promise.all([path, `${path}.1`].map(async (file) => (await stat(file)).size));
    assert.ok(Math.max(...sizes) < 25_000, sizes.join(' and '));
    const kept: AutoscaleRecord[] = [];
    for await (const record of small.read(0)) kept.push(record);
    assert.equal(kept[0]?.type, 'policy');
    assert.ok(kept.length > 5 && kept.length < all.length);
  });

  test('passes over a line that is torn, and goes on after it', async () => {
    await using folder = await temporaryFolder();
    const model = modelledService(policy);
    await run(model, folder.path, 10);
    const path = join(folder.path, 'demo', 'web.jsonl');
    await truncate(path, (await stat(path)).size - 20);
    await appendFile(path, '\n{"type":"decision"}\nnonsense\n');
    const service = await run(model, folder.path, 5);
    assert.equal((await recordsOf(service)).filter(({ type }) => type === 'decision').length, 9 + 5);
  });
});

test('what it knows survives a restart: the scale-down window goes on where it was', async () => {
  await using folder = await temporaryFolder();
  const model = modelledService(
    policyOf({ metrics: [{ kind: 'in_flight', average: 2 }], intervalMs: minute }),
    5,
  );
  const clock = new ManualClock(noon);
  const sentences: string[] = [];
  for (const load of [10, 1, 1, 1, 1, 1]) {
    // Each time another daemon.
    const service = serviceOn(model, clock, folder.path);
    model.load = load;
    await clock.advance(minute);
    for (let ageMs = 15 * second; ageMs >= 0; ageMs -= second) model.sample(clock.now() - ageMs);
    await service.decide(0, never);
    sentences.push(service.decision?.sentence ?? '');
  }
  assert.match(sentences[1] ?? '', /scale-down waits 240 s more/);
  assert.match(sentences[4] ?? '', /scale-down waits 60 s more/);
  assert.match(sentences[5] ?? '', /^scaled from 5 to 1/);
  assert.deepEqual(
    model.events.map(({ kind }) => kind),
    ['autoscale.held', 'autoscale.held', 'autoscale.scaled'],
  );
  const files = await readdir(join(folder.path, 'demo'));
  assert.deepEqual(files.sort(), ['web.jsonl', 'web.state.json']);
  const kept: unknown = JSON.parse(await readFile(join(folder.path, 'demo', 'web.state.json'), 'utf8'));
  assert.ok(typeof kept === 'object' && kept !== null && 'told' in kept);
});
