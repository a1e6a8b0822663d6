import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createDockerDriver } from '../../../src/runtime/docker/docker-driver.ts';
import { isTenfoldError } from '../../../src/shared/errors.ts';
import { skipWithoutPrivateEngine, startPrivateEngine } from '../../helpers/docker/private-engine.ts';
import { eventually } from '../../helpers/eventually.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { hookOf, never, openScene } from './scene.ts';

/** A server on a unix socket that answers each request as it is told. */
async function fakeEngine(folder: string, answer: Parameters<typeof createServer>[1] & {}) {
  const socketPath = join(folder, 'fake.sock');
  const server = createServer(answer).listen(socketPath);
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    host: `unix://${socketPath}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('an engine that is not there', () => {
  test('is named, with what to do', async () => {
    await using driver = createDockerDriver({ host: 'unix:///no/such/docker.sock' });
    await assert.rejects(driver.observe('any', never), {
      code: 'runtime-unreachable',
      message: /unix:\/\/\/no\/such\/docker\.sock/,
      got: 'the socket does not exist',
      hint: /systemctl start docker/,
    });
  });

  test('is found through DOCKER_HOST, which the error names', async () => {
    const before = process.env['DOCKER_HOST'];
    process.env['DOCKER_HOST'] = 'tcp://127.0.0.1:1';
    try {
      await using driver = createDockerDriver();
      await assert.rejects(driver.observe('any', never), {
        code: 'runtime-unreachable',
        message: /tcp:\/\/127\.0\.0\.1:1 \(from DOCKER_HOST\)/,
        got: 'the connection was refused',
      });
    } finally {
      if (before === undefined) delete process.env['DOCKER_HOST'];
      else process.env['DOCKER_HOST'] = before;
    }
  });

  test('an engine that breaks off in the middle of an answer is unreachable, and no call waits for ever', async () => {
    await using folder = await temporaryFolder();
    await using engine = await fakeEngine(folder.path, (request, response) => {
      if (request.url === '/version?' || request.url === '/version') {
        response.end(JSON.stringify({ ApiVersion: '1.41', MinAPIVersion: '1.12' }));
      } else {
        response.write('[{"Id":"half');
        setImmediate(() => response.destroy());
      }
    });
    await using driver = createDockerDriver({ host: engine.host });
    await assert.rejects(driver.observe('any', never), { code: 'runtime-unreachable' });
  });

  test('an engine that only speaks what is too new for us says so', async () => {
    await using folder = await temporaryFolder();
    await using engine = await fakeEngine(folder.path, (_, response) => {
      response.end(JSON.stringify({ ApiVersion: '1.99', MinAPIVersion: '1.90' }));
    });
    await using driver = createDockerDriver({ host: engine.host });
    await assert.rejects(driver.observe('any', never), {
      code: 'runtime-unreachable',
      hint: 'upgrade tenfold',
    });
  });

  test('a newer engine is spoken to in the newest version that both know', async () => {
    await using folder = await temporaryFolder();
    const paths: string[] = [];
    await using engine = await fakeEngine(folder.path, (request, response) => {
      paths.push(request.url?.split('?')[0] ?? '');
      const isVersion = request.url?.startsWith('/version');
      response.end(isVersion ? JSON.stringify({ ApiVersion: '1.60', MinAPIVersion: '1.44' }) : '[]');
    });
    await using driver = createDockerDriver({ host: engine.host });
    assert.deepEqual(await driver.observe('any', never), []);
    assert.deepEqual(paths, ['/version', '/v1.51/containers/json']);
  });

  test('a caller who gives up gets the own reason back, even from an engine that hangs', async () => {
    await using folder = await temporaryFolder();
    await using engine = await fakeEngine(folder.path, () => undefined);
    await using driver = createDockerDriver({ host: engine.host });
    const giveUp = new AbortController();
    const observing = driver.observe('any', giveUp.signal);
    giveUp.abort(new Error('enough'));
    await assert.rejects(observing, { message: 'enough' });
  });
});

describe('an engine that is restarted', { skip: skipWithoutPrivateEngine(), timeout: 300_000 }, () => {
  test('is unreachable meanwhile; its replicas answer on, and are the same when it is back', async () => {
    await using engine = await startPrivateEngine();
    await using scene = await openScene({ host: engine.host });
    const stack = scene.stack(
      { web: { command: ['httpd', '-f', '-p', '80', '-h', '/etc'], network_mode: 'bridge' } },
      { service: { targets: [80] } },
    );
    const replica = await scene.start(stack, 'web');
    const url = `http://${replica.endpoints[0]?.host}:80/passwd`;
    const watching = new AbortController();
    let changes = 0;
    scene.driver.watch(scene.name, { onChange: () => changes++ }, watching.signal);
    await eventually(() => assert.ok(changes > 0, 'told that it watches'));

    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      const changesBefore = changes;
      const following = scene.lines(replica, { follow: true }).then(
        () => 'ended',
        (thrown: unknown) => (isTenfoldError(thrown) ? thrown.code : thrown),
      );
      // Only then is it really following, and not about to connect.
      await scene.lines(replica);
      await engine.end(signal);
      // An engine that is asked to end may end its answers too.
      const endings = signal === 'SIGKILL' ? ['runtime-unreachable'] : ['runtime-unreachable', 'ended'];
      const ending = await following;
      assert.ok(
        endings.some((expected) => expected === ending),
        String(ending),
      );
      await assert.rejects(scene.driver.observe(scene.name, never), {
        code: 'runtime-unreachable',
        message: new RegExp(engine.host),
      });
      assert.equal((await fetch(url)).status, 200);
      await eventually(() => assert.ok(changes > changesBefore, 'told of the loss'));
      const changesAtLoss = changes;
      await engine.start();
      await eventually(() => assert.ok(changes > changesAtLoss, 'told of the return'));
      assert.deepEqual(await scene.driver.observe(scene.name, never), [replica]);
    }

    const { output } = await scene.driver.console.exec(replica, { hook: hookOf('echo', 'alive') }, never);
    assert.equal(output, 'alive\n');
    await scene.driver.stop(replica, { signal: 'SIGTERM', graceMs: 1_000 }, never);
    watching.abort();
  });
});
