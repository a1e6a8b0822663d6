import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Turns } from '../../src/health/turns.ts';

const never = new AbortController().signal;

test('jobs run in the order in which they came, no more of them at a time than allowed', async () => {
  const turns = new Turns(2);
  const order: number[] = [];
  let running = 0;
  await Promise.all(
    [1, 2, 3, 4, 5].map((job) =>
      turns.run(async () => {
        order.push(job);
        assert.ok(++running <= 2);
        await setImmediate();
        running--;
      }, never),
    ),
  );
  assert.deepEqual(order, [1, 2, 3, 4, 5]);
});

test('a job that fails makes room for the next', async () => {
  const turns = new Turns(1);
  await assert.rejects(
    turns.run(() => Promise.reject(new Error('broken')), never),
    /broken/,
  );
  assert.equal(await turns.run(async () => 'ran', never), 'ran');
});

test('a job that is given up while it waits takes nobody else out of the queue', async () => {
  const turns = new Turns(1);
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = turns.run(() => promise, never);
  const giveUp = new AbortController();
  const second = turns.run(() => assert.fail('it was given up'), giveUp.signal);
  const third = turns.run(async () => 'ran', never);
  giveUp.abort();
  await assert.rejects(second, { name: 'AbortError' });
  resolve();
  await first;
  assert.equal(await third, 'ran');
});

test('a job that is given up in the moment of its turn passes the turn on', async () => {
  const turns = new Turns(1);
  const { promise, resolve } = Promise.withResolvers<void>();
  const giveUp = new AbortController();
  const first = turns.run(() => promise, never).then(() => giveUp.abort());
  const second = turns.run(async () => giveUp.signal.throwIfAborted(), giveUp.signal);
  const settled = Promise.allSettled([second]);
  const third = turns.run(async () => 'ran', never);
  resolve();
  await first;
  await settled;
  assert.equal(await third, 'ran');
});
