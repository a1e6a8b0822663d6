import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import { desiredOf, webService } from '../helpers/simulated/memory-stack.ts';
import { observedReplica } from '../helpers/simulated/observed-replica.ts';
import { runSmokeTest } from '../../src/daemon/rollout/smoke-test.ts';
import type { SmokeTest } from '../../src/model/rollout.ts';
import type { Replica } from '../../src/model/replica.ts';
import { isTenfoldError } from '../../src/shared/errors.ts';

const never = new AbortController().signal;

async function withReplica(status: number, check: (replica: Replica) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    if (request.url === '/hang') return;
    response.writeHead(request.url === '/health' ? status : 404).end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    await check(observedReplica(1, {}, { endpoints: [{ target: 80, host: '127.0.0.1', port }] }).replica);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function run(smoke: SmokeTest, replicas: readonly Replica[]): Promise<void> {
  const web = webService();
  const service = { ...web, rollout: { ...web.rollout, smoke } };
  const stack = { ...desiredOf([service]).stack, workingDir: process.cwd() };
  return runSmokeTest({ stack, service, replicas }, never);
}

const path = (name: string, timeoutMs = 5_000): SmokeTest => ({ kind: 'path', path: name, timeoutMs });
const shell = (line: string, timeoutMs = 5_000): SmokeTest => ({
  kind: 'command',
  command: ['/bin/sh', '-c', line],
  timeoutMs,
});

describe('a smoke test', () => {
  test('asks its path of every new replica', () =>
    withReplica(204, async (replica) => {
      await run(path('/health'), [replica, replica]);
      await assert.rejects(run(path('/other'), [replica]), /GET http:.*\/other answered 404/);
      await assert.rejects(run(path('/hang', 200), [replica]), /did not answer in time/);
    }));

  test('fails where nothing can be asked', async () => {
    const gone = observedReplica(1, {}, { endpoints: [] }).replica;
    await assert.rejects(run(path('/health'), [gone]), /no replica of the new set has an address/);
  });

  test('runs its command with the addresses, and shows what it said when it fails', () =>
    withReplica(200, async (replica) => {
      const url = `http://127.0.0.1:${replica.endpoints[0]?.port ?? 0}`;
      await run(shell(`test "$TENFOLD_SMOKE_URL" = ${url} && test "$TENFOLD_SERVICE" = web`), [replica]);
      await assert.rejects(
        run(shell('echo it is broken; exit 3'), [replica]),
        (thrown) =>
          isTenfoldError(thrown, 'replica-failed') &&
          /exit code 3/.test(thrown.message) &&
          thrown.details.includes('it is broken'),
      );
      await assert.rejects(run(shell('sleep 30', 200), [replica]), /was ended after 200 ms/);
    }));
});
