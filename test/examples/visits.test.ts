import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { eventually } from '../helpers/eventually.ts';
import { skipWithout } from '../helpers/parts.ts';
import { printed, printedPort, type RunningProgram, startProgram } from '../helpers/program.ts';
import { freePort } from '../helpers/free-port.ts';
import { startRedis } from '../helpers/redis-server.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

const exampleDir = join(import.meta.dirname, '../../examples/visits');

interface VisitsReply {
  readonly visits: number;
  readonly requests: Record<string, number>;
  readonly error: string;
  readonly duration: number;
  readonly served_by: {
    readonly hostname: string;
    readonly container_id: string | null;
    readonly instance: string;
  };
}

function startReplica(instance: string, environment: Record<string, string>): RunningProgram {
  return startProgram(process.execPath, ['server.ts'], {
    cwd: exampleDir,
    environment: { PORT: '0', HOST: '127.0.0.1', TENFOLD_INSTANCE: instance, REDIS_URL: '', ...environment },
  });
}

async function ask(port: number, path: string): Promise<{ status: number; body: VisitsReply }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each test asserts on what it uses
  return { status: response.status, body: (await response.json()) as VisitsReply };
}

describe('the visits example', { concurrency: false }, () => {
  test('says who served, and counts visits and requests of each instance together', async () => {
    await using folder = await temporaryFolder();
    await using first = startReplica('web-1', { DATA_DIR: join(folder.path, 'not/yet/there') });
    await using second = startReplica('web-2', { DATA_DIR: join(folder.path, 'not/yet/there') });
    const ports = [await printedPort(first), await printedPort(second)] as const;

    assert.equal((await ask(ports[0], '/')).body.visits, 1);
    const answer = await ask(ports[1], '/?from=elsewhere');
    assert.equal(answer.body.visits, 2);
    assert.equal(answer.body.served_by.instance, 'web-2');
    assert.equal(typeof answer.body.served_by.hostname, 'string');
    const totals = await ask(ports[0], '/visits');
    assert.deepEqual([totals.body.visits, totals.body.requests], [2, { 'web-1': 2, 'web-2': 1 }]);
    assert.equal((await ask(ports[0], '/nowhere')).status, 404);
  });

  test('loses no visit when replicas count at once and one of them is killed', async () => {
    await using folder = await temporaryFolder();
    const replicas = [1, 2, 3].map((index) => startReplica(`web-${index}`, { DATA_DIR: folder.path }));
    await using stack = new AsyncDisposableStack();
    for (const replica of replicas) stack.use(replica);
    const ports = await Promise.all(replicas.map((replica) => printedPort(replica)));

    const perReplica = 150;
    let answered = 0;
    const visitors = ports.map(async (port, at) => {
      const visits = Array.from({ length: perReplica }, async (_, visit) => {
        if (at === 2 && visit === 100) replicas[2]?.process.kill('SIGKILL');
        const { status } = await ask(port, '/');
        if (status === 200) answered += 1;
      });
      await Promise.allSettled(visits);
    });
    await Promise.all(visitors);

    const { visits } = (await ask(ports[0] ?? 0, '/visits')).body;
    assert.ok(answered >= 2 * perReplica, `only ${answered} were answered`);
    assert.ok(answered <= visits && visits <= 3 * perReplica, `${answered} answered, ${visits} counted`);
  });

  test('finishes the request in flight when it is told to stop, then ends by itself', async () => {
    await using folder = await temporaryFolder();
    await using replica = startReplica('web-1', { DATA_DIR: folder.path });
    const port = await printedPort(replica);
    const running = ask(port, '/load-test');
    // The request is begun once it was counted, and only then takes its time.
    await eventually(
      async () => assert.equal((await ask(port, '/visits')).body.requests['web-1'], 2),
      2_000,
      1,
    );
    const code = await replica.end('SIGTERM');

    const { status, body } = await running;
    assert.equal(status, 200);
    assert.ok(body.duration >= 0.1 && body.duration <= 0.5, `${body.duration} s`);
    assert.equal(code, 0);
  });

  test('answers 503 with the reason while its folder cannot be used', async () => {
    await using folder = await temporaryFolder();
    const blocker = join(folder.path, 'blocker');
    await writeFile(blocker, 'a file where a folder should be');
    await using replica = startReplica('web-1', { DATA_DIR: join(blocker, 'data') });
    const port = await printedPort(replica);

    assert.equal((await ask(port, '/health')).status, 503);
    const refused = await ask(port, '/');
    assert.equal(refused.status, 503);
    assert.match(refused.body.error, /cannot count: ENOTDIR/);

    await rm(blocker);
    assert.equal((await ask(port, '/')).status, 200);
    assert.equal((await ask(port, '/health')).status, 200);
  });

  test('its health check ends with 0 only while the replica can serve', async () => {
    await using folder = await temporaryFolder();
    await using replica = startReplica('web-1', { DATA_DIR: folder.path });
    const port = await printedPort(replica);
    const check = (): Promise<number | string> => {
      const program = startProgram(process.execPath, ['healthcheck.mjs'], {
        cwd: exampleDir,
        environment: { PORT: String(port) },
      });
      return new Promise((resolve) => program.process.once('close', (code) => resolve(code ?? 'killed')));
    };

    assert.equal(await check(), 0);
    await replica.end('SIGTERM');
    assert.equal(await check(), 1);
  });
});

describe('the visits example with Redis', { concurrency: false, skip: await skipWithout('redis') }, () => {
  test('counts in Redis, over all replicas', async () => {
    await using folder = await temporaryFolder();
    const redisPort = await freePort();
    await using _redis = await startRedis(redisPort, folder.path, 'p@ss/word');
    const url = `redis://:${encodeURIComponent('p@ss/word')}@127.0.0.1:${redisPort}/3`;
    await using first = startReplica('web-1', { REDIS_URL: url });
    await using second = startReplica('web-2', { REDIS_URL: url });
    const ports = [await printedPort(first), await printedPort(second)] as const;

    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, at) => ask(ports[at % 2 === 0 ? 0 : 1], '/')),
    );
    const numbers = answers.map(({ body }) => body.visits).sort((a, b) => a - b);
    assert.deepEqual(
      numbers,
      Array.from({ length: 60 }, (_, at) => at + 1),
    );
    const { body } = await ask(ports[0], '/visits');
    assert.deepEqual([body.visits, body.requests], [60, { 'web-1': 31, 'web-2': 30 }]);
  });

  test('answers 503 with the reason while Redis is down, and goes on where it was when Redis is back', async () => {
    await using folder = await temporaryFolder();
    const redisPort = await freePort();
    const redis = await startRedis(redisPort, folder.path);
    await using replica = startReplica('web-1', { REDIS_URL: `redis://127.0.0.1:${redisPort}` });
    const port = await printedPort(replica);
    assert.equal((await ask(port, '/')).body.visits, 1);

    await redis.end('SIGTERM');
    const refused = await ask(port, '/');
    assert.equal(refused.status, 503);
    assert.match(refused.body.error, new RegExp(`cannot count: Redis at 127.0.0.1:${redisPort}: .+`));
    assert.equal((await ask(port, '/health')).status, 503);

    await using _again = await startRedis(redisPort, folder.path);
    await eventually(async () => assert.equal((await ask(port, '/health')).status, 200));
    assert.equal((await ask(port, '/')).body.visits, 2);
  });

  test('says so when Redis refuses the password', async () => {
    await using folder = await temporaryFolder();
    const redisPort = await freePort();
    await using _redis = await startRedis(redisPort, folder.path, 'right');
    await using replica = startReplica('web-1', { REDIS_URL: `redis://:wrong@127.0.0.1:${redisPort}` });
    const { status, body } = await ask(await printedPort(replica), '/');
    assert.equal(status, 503);
    assert.match(body.error, /WRONGPASS|NOAUTH/);
  });

  test('refuses a REDIS_URL that is not one', async () => {
    await using replica = startReplica('web-1', { REDIS_URL: 'http://example.test' });
    await printed(replica, /REDIS_URL must begin with redis:\/\//);
  });
});
