import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { eventually } from '../helpers/eventually.ts';
import { printed, startProgram, type RunningProgram } from '../helpers/program.ts';
import { startFakeDaemon, type FakeDaemon } from './fake-daemon.ts';
import { sampleNow, sampleStack } from './sample-status.ts';

const main = join(import.meta.dirname, '../../src/main.ts');
const limitMs = 30_000;

function start(daemon: FakeDaemon, ...words: readonly string[]): RunningProgram {
  return startProgram(process.execPath, [main, '-p', 'demo', ...words], { environment: daemon.environment });
}

/** Logs for as long as somebody reads. */
async function withLogs(work: (daemon: FakeDaemon) => Promise<void>): Promise<void> {
  await using daemon = await startFakeDaemon();
  daemon.answer('GET /v1/stacks/demo', { json: sampleStack() });
  daemon.answer('GET /v1/stacks/demo/logs', ({ gone }) => ({ stream: untilGone(gone) }));
  await work(daemon);
}

async function* untilGone(gone: AbortSignal): AsyncGenerator {
  const line = {
    service: 'web',
    instance: 'web-1',
    stream: 'stdout',
    time: sampleNow,
    text: 'x'.repeat(1_000),
  };
  while (!gone.aborted) {
    yield line;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('the program', () => {
  test('ends with the exit code of what it ran', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('GET /v1/stacks/demo', { json: sampleStack() });
    daemon.answer('POST /v1/stacks/demo/exec', { stream: [{ type: 'exit', exitCode: 42 }] });
    await using program = start(daemon, 'exec', 'web', 'true');
    assert.equal(await program.ended(limitMs), 42);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`ends with 130 when ${signal} interrupts it`, () =>
      withLogs(async (daemon) => {
        await using program = start(daemon, 'logs', '-f');
        await printed(program, /web-1/);
        assert.equal(await program.end(signal), 130);
        assert.equal(program.stderr(), '');
      }));
  }

  test('ends quietly, and lets the daemon know, when its reader goes away', () =>
    withLogs(async (daemon) => {
      await using program = start(daemon, 'logs', '-f');
      await printed(program, /web-1/);
      program.process.stdout?.destroy();
      assert.equal(await program.ended(limitMs), 0);
      assert.equal(program.stderr(), '');
      await eventually(() =>
        assert.ok(daemon.requests.some(({ path, gone }) => path.endsWith('/logs') && gone.aborted)),
      );
    }));
});
