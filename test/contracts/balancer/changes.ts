import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BalancerDriver, EndpointEntry } from '../../../src/balancer/balancer-driver.ts';
import { eventually } from '../../helpers/eventually.ts';
import { ask, responseTo } from './clients.ts';
import { BalancedService, type Lacks } from './harness.ts';
import { httpReplica, type TestReplica } from './replicas.ts';

const steps = 100;

/** A sequence of numbers from 0 to 1 that is the same in every run. */
function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}

/** The table changes again and again while there is traffic. */
export function testChanges(driver: () => BalancerDriver, lacks: Lacks): void {
  describe('changes under load', () => {
    test(`${steps} random steps of scaling and draining fail no request`, { timeout: 60_000 }, async (t) => {
      const chance = chances(42);
      let serial = 0;
      const start = (): Promise<TestReplica> =>
        httpReplica(`web-${++serial}`, (incoming, outgoing) => {
          incoming.resume();
          setTimeout(() => outgoing.end('ok'), chance() * 8);
        });
      let replicas = [await start(), await start(), await start()];
      t.after(() => replicas.forEach((replica) => replica.kill()));
      const draining = new Set<TestReplica>();
      const service = await BalancedService.open(driver(), replicas, { policy: { maxFails: 1 } });
      const entries = (): EndpointEntry[] =>
        replicas.map((replica) => ({
          ...replica.entry,
          rotation: draining.has(replica) ? 'draining' : 'active',
        }));
      const loading = new AbortController();
      const statuses = new Map<string, number>();
      const load = async (agent: Agent): Promise<void> => {
        for (let turn = 0; !loading.signal.aborted; turn++) {
          const isPost = turn % 3 === 0;
          const result = await ask(service.port, {
            agent,
            ...(isPost ? { method: 'POST', body: 'x'.repeat(500) } : {}),
          }).then(
            ({ status }) => String(status),
            (error: Error) => error.message,
          );
          statuses.set(result, (statuses.get(result) ?? 0) + 1);
        }
      };
      const agents = Array.from({ length: 8 }, (_, index) => new Agent({ keepAlive: index % 2 === 0 }));
      const loads = agents.map(load);
      for (let step = 0; step < steps; step++) {
        const active = replicas.filter((replica) => !draining.has(replica));
        const victim = active[Math.floor(chance() * active.length)];
        if (active.length < 2 || (active.length < 6 && chance() < 0.5)) {
          replicas.push(await start());
        } else if (victim !== undefined) {
          draining.add(victim);
        }
        await service.setEntries(entries());
        // What has drained is stopped, as the controller does it: seen as drained, then out of the table, then killed.
        for (const replica of Array.from(draining)) {
          if ((await service.observe(replica)).state !== 'drained') continue;
          draining.delete(replica);
          replicas = replicas.filter((other) => other !== replica);
          await service.setEntries(entries());
          replica.kill();
        }
        await sleep(5);
      }
      loading.abort();
      await Promise.all(loads);
      for (const agent of agents) agent.destroy();
      t.diagnostic(`${statuses.get('200')} requests over ${serial} replicas`);
      assert.deepEqual([...statuses.keys()], ['200'], JSON.stringify([...statuses]));
      assert.ok((statuses.get('200') ?? 0) > steps);
      assert.equal((await service.observeListener()).failed, 0);
    });

    const inPlace = { skip: lacks['policy-in-place'] ?? false };
    test(`long responses live through ${steps} tables`, inPlace, async (t) => {
      const replica = await httpReplica('web-1', (_, outgoing) => {
        let count = 0;
        outgoing.write('begin\n');
        const timer = setInterval(() => outgoing.write(`${++count}\n`), 10);
        outgoing.on('close', () => clearInterval(timer));
        timer.unref();
      });
      t.after(() => replica.kill());
      const others = await Promise.all(
        [2, 3, 4].map((index) => httpReplica(`web-${index}`, (_, outgoing) => outgoing.end())),
      );
      t.after(() => others.forEach((other) => other.kill()));
      const service = await BalancedService.open(driver(), [replica]);
      const received = Array.from({ length: 10 }, () => ({ text: '', isOver: false }));
      const requests = received.map(() => request({ port: service.port, host: '127.0.0.1', agent: false }));
      await Promise.all(
        requests.map(async (each, index) => {
          const responding = responseTo(each);
          each.end();
          const state = received[index];
          const response = await responding;
          assert.ok(state);
          response.on('data', (bytes: Buffer) => (state.text += bytes.toString()));
          response.on('error', () => {});
          response.on('close', () => (state.isOver = true));
        }),
      );
      await eventually(() => assert.ok(received.every(({ text }) => text.startsWith('begin\n1\n'))));
      for (let step = 0; step < steps; step++) {
        const algorithm = (['least_conn', 'round_robin', 'ip_hash'] as const)[step % 3] ?? 'least_conn';
        await service.setPolicy({ algorithm, retries: step % 2, responseHeaders: step % 4 > 1 });
        await service.setReplicas([replica, ...others.slice(0, step % 4)]);
      }
      const lengths = received.map(({ text }) => text.length);
      await eventually(() => {
        assert.ok(received.every(({ text }, index) => text.length > (lengths[index] ?? 0)));
      });
      assert.ok(received.every(({ isOver }) => !isOver));
      for (const { text } of received) {
        const numbers = text.split('\n').slice(1, -1).map(Number);
        assert.deepEqual(
          numbers,
          numbers.map((_, index) => index + 1),
          'nothing is missing',
        );
      }
      for (const each of requests) each.destroy();
    });
  });
}
