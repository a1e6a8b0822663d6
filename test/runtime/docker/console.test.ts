import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import type { Replica } from '../../../src/model/replica.ts';
import { killMarked } from '../../../src/runtime/docker/console/end-exec.ts';
import { execMark } from '../../../src/runtime/docker/console/exec.ts';
import { engineAddress } from '../../../src/runtime/docker/engine/address.ts';
import { Engine } from '../../../src/runtime/docker/engine/engine.ts';
import { eventually } from '../../helpers/eventually.ts';
import { skipWithout } from '../../helpers/parts.ts';
import { hookOf, never, openScene } from './scene.ts';
import type { Scene } from './scene.ts';

describe('the console of a container', { skip: await skipWithout('docker'), timeout: 300_000 }, () => {
  let scene: Scene;
  let replica: Replica;
  before(async () => {
    scene = await openScene();
    const stack = scene.stack({
      main: { command: ['sleep', 'infinity'], network_mode: 'none', environment: { OWN: 'own' } },
    });
    replica = await scene.start(stack, 'main');
  });
  after(() => scene?.[Symbol.asyncDispose]());

  async function ran(service: string, script: string, more: Parameters<Scene['stack']>[0][string] = {}) {
    const stack = scene.stack({
      [service]: { command: ['sh', '-c', script], network_mode: 'none', ...more },
    });
    const replica = await scene.start(stack, service);
    await scene.docker.getContainer(replica.id).wait();
    return replica;
  }

  test('a line longer than the engine keeps in one piece is one line', async () => {
    const length = 50_000;
    const replica = await ran('long', `head -c ${length} /dev/zero | sed s/./x/g; echo; echo next`, {
      command: ['node', '-e', `console.log('x'.repeat(${length})); console.log('next')`],
    });
    const lines = await scene.lines(replica);
    assert.deepEqual(
      lines.map(({ text }) => text.length),
      [length, 4],
    );
  });

  test('a last line without its end is a line, and so is an empty one', async () => {
    const replica = await ran('cut', `printf 'one\\n\\nlast'`);
    assert.deepEqual(
      (await scene.lines(replica)).map(({ text }) => text),
      ['one', '', 'last'],
    );
  });

  test('the output of a terminal has plain line ends', async () => {
    const replica = await ran('terminal', 'tty > /dev/null && echo one; echo two >&2', { tty: true });
    const lines = await scene.lines(replica);
    assert.deepEqual(
      lines.map(({ stream, text }) => [stream, text]),
      [
        ['stdout', 'one'],
        ['stdout', 'two'],
      ],
    );
    for (const { time } of lines) assert.ok(Math.abs(time - Date.now()) < 60_000);
  });

  test('lines since a time are those at or after it, to the millisecond', async () => {
    const replica = await ran('timed', 'echo early; sleep 0.3; echo late');
    const [early, late] = await scene.lines(replica);
    assert.ok(early !== undefined && late !== undefined && late.time - early.time >= 250);
    const since = async (sinceMs: number) =>
      (await scene.lines(replica, { sinceMs })).map(({ text }) => text);
    assert.deepEqual(await since(early.time), ['early', 'late']);
    assert.deepEqual(await since(early.time + 1), ['late']);
    assert.deepEqual(await since(late.time + 1), []);
  });

  test('the last lines can still be read when the container is removed', async () => {
    const replica = await ran('removed', 'echo why it failed >&2; exit 1');
    await scene.driver.remove(replica, never);
    const [line] = await scene.lines(replica);
    assert.equal(line?.text, 'why it failed');
    assert.equal(line?.stream, 'stderr');
    assert.deepEqual(await scene.lines(replica, { tail: 0 }), []);
  });

  test('a followed log ends with its container', async () => {
    const stack = scene.stack({
      ending: { command: ['sh', '-c', 'echo begun; sleep 0.5; echo done'], network_mode: 'none' },
    });
    const replica = await scene.start(stack, 'ending');
    const lines = await scene.lines(replica, { follow: true });
    assert.deepEqual(
      lines.map(({ text }) => text),
      ['begun', 'done'],
    );
  });

  test('a command runs as the hook says: user, folder, variables', async () => {
    const hook = {
      ...hookOf('sh', '-c', 'id -u; pwd; echo $OWN $EXTRA'),
      user: '1000',
      workingDir: '/tmp',
      environment: { EXTRA: 'extra' },
    };
    const { output, exitCode } = await scene.driver.console.exec(replica, { hook }, never);
    assert.deepEqual([exitCode, output], [0, '1000\n/tmp\nown extra\n']);
  });

  test('a terminal has the size that was asked for', async () => {
    const hook = hookOf('sh', '-c', 'tty; node -p "[process.stdout.columns, process.stdout.rows].join()"');
    await eventually(async () => {
      const { output } = await scene.driver.console.exec(
        replica,
        { hook, terminal: { columns: 123, rows: 45 } },
        never,
      );
      assert.match(output, /\/dev\/pts\/\d+\r\n123,45\r\n/);
    });
  });

  test('input goes on as it comes, and a command may answer in between', async () => {
    const input = new PassThrough();
    const seen: string[] = [];
    const running = scene.driver.console.exec(
      replica,
      {
        hook: hookOf('sh', '-c', 'while read line; do echo "got $line"; done; echo end'),
        input,
        onOutput: (_, chunk) => seen.push(Buffer.from(chunk).toString()),
      },
      never,
    );
    input.write('one\n');
    await eventually(() => assert.deepEqual(seen, ['got one\n']));
    input.end('two\n');
    assert.deepEqual(await running, { exitCode: 0, output: 'got one\ngot two\nend\n' });
  });

  test('a command that ends before its input did is not waited for', async () => {
    const input = new PassThrough();
    const { exitCode } = await scene.driver.console.exec(replica, { hook: hookOf('false'), input }, never);
    assert.equal(exitCode, 1);
  });

  test('of much output, the last 64 KiB are kept', async () => {
    const script = "process.stdout.write('x'.repeat(300000) + 'end')";
    let bytes = 0;
    const { output } = await scene.driver.console.exec(
      replica,
      { hook: hookOf('node', '-e', script), onOutput: (_, chunk) => (bytes += chunk.length) },
      never,
    );
    assert.equal(bytes, 300_003);
    assert.equal(output.length, 65_536);
    assert.ok(output.endsWith('xend'));
  });

  test('a command that is given up is ended, with all that it started', async () => {
    const giveUp = new AbortController();
    const running = scene.driver.console.exec(
      replica,
      {
        hook: hookOf('sh', '-c', 'sleep 4711 & echo begun; sleep 4711'),
        onOutput: () => giveUp.abort(new Error('enough')),
      },
      giveUp.signal,
    );
    await assert.rejects(running, { message: 'enough' });
    await eventually(async () => {
      const { output } = await scene.driver.console.exec(replica, { hook: hookOf('ps') }, never);
      assert.doesNotMatch(output, /4711/);
    });
  });

  test('what an exec started is found by its mark where its processes cannot be seen from here', async () => {
    const begin = async (mark: string, seconds: string): Promise<void> => {
      const exec = await scene.docker.getContainer(replica.id).exec({
        Cmd: ['sh', '-c', `sleep ${seconds} & sleep ${seconds}`],
        Env: [`${execMark}=${mark}`],
      });
      (await exec.start({ Detach: true })).destroy();
    };
    const processes = async (): Promise<string> =>
      (await scene.driver.console.exec(replica, { hook: hookOf('ps') }, never)).output;
    await begin('the-one', '4712');
    await begin('the-other', '4713');
    await eventually(async () => assert.match(await processes(), /4712[^]*4713|4713[^]*4712/));
    const engine = new Engine(() => engineAddress(undefined, process.env));
    await killMarked(engine, replica.id, 'the-one', never);
    await eventually(async () => assert.doesNotMatch(await processes(), /4712/));
    assert.match(await processes(), /4713/);
  });

  test('a command that does not exist ends with 126 or 127 and says why', async () => {
    const { exitCode, output } = await scene.driver.console.exec(
      replica,
      { hook: hookOf('/no/such/program') },
      never,
    );
    assert.ok(exitCode === 126 || exitCode === 127, String(exitCode));
    assert.match(output, /no such file/);
  });

  test('no command can be run in a container that does not run', async () => {
    const replica = await ran('ended', 'true');
    await assert.rejects(scene.driver.console.exec(replica, { hook: hookOf('true') }, never), {
      code: 'runtime-failed',
      message: /is not running/,
    });
    await scene.driver.console.signal(replica, 'SIGHUP', never);
  });
});
