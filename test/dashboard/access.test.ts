import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { request, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../helpers/temporary.ts';
import { balanced, dashboardWorld, type DashboardWorld } from './dashboard-world.ts';
import { createAccess } from '../../src/dashboard/access.ts';
import { readDashboardKey } from '../../src/dashboard/key-file.ts';
import { isTenfoldError } from '../../src/shared/errors.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A plain client: it says what it is told to and nothing else. */
function ask(url: string, { method = 'GET', headers = {}, body = '' }: Asked = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const outgoing = request(url, { method, headers }, (response) => {
    let received = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: received }),
    );
  });
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}

async function signIn(world: DashboardWorld): Promise<{ readonly page: string; readonly cookie: string }> {
  const { headers } = await ask(world.link());
  const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  return { page: `${world.origin}${headers.location}`, cookie };
}

const change = { requester: { user: 'ada', commandLine: 'test' }, scale: { web: 2 }, isDryRun: true };

test('a link is exchanged for a cookie that no script can read, and leaves the address bar', async () => {
  await using world = await dashboardWorld();
  const { status, headers } = await ask(world.link());
  assert.equal(status, 303);
  assert.equal(headers.location, `/dashboard/${world.access.door}/`);
  const [cookie = ''] = headers['set-cookie'] ?? [];
  for (const attribute of ['HttpOnly', 'SameSite=Strict', `Path=/dashboard/${world.access.door}/`])
    assert.ok(cookie.includes(attribute), cookie);
  assert.equal(headers['referrer-policy'], 'no-referrer');

  const page = await ask(`${world.origin}${headers.location}`, {
    headers: { cookie: cookie.split(';')[0] ?? '' },
  });
  assert.equal(page.status, 200);
  assert.match(page.body, /<title>Tenfold<\/title>/);
  const policy = String(page.headers['content-security-policy']);
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
});

test('a link that is missing, false, of another key or older than ten minutes opens nothing', async () => {
  await using world = await dashboardWorld();
  const genuine = world.access.issueLink(Date.now());
  const tokens = [
    '',
    'x',
    `${genuine}x`,
    genuine.replace(/\..*/, '.'),
    `zzzzzzzz.${genuine.split('.')[1]}`,
    createAccess('6'.repeat(64)).issueLink(Date.now()),
    world.access.issueLink(Date.now() - 10 * 60_000 - 1),
  ];
  for (const token of tokens) {
    const { status, headers, body } = await ask(
      `${world.origin}/dashboard?token=${encodeURIComponent(token)}`,
    );
    assert.equal(status, 403, token);
    assert.equal(headers['set-cookie'], undefined);
    assert.match(body, /tenfold dashboard/);
  }
  assert.equal((await ask(`${world.origin}/dashboard`)).status, 403);
});

test('without a session there is neither page nor stream nor change', async () => {
  await using world = await dashboardWorld();
  await world.open([balanced('web', 8080)]);
  const { page, cookie } = await signIn(world);
  const stale =
    createAccess('5'.repeat(64))
      .issueCookie(Date.now() - 8 * 24 * 3_600_000)
      .split(';')[0] ?? '';
  const cookies = ['', `${cookie}x`, cookie.replace(/=.*/, '='), stale];
  for (const each of cookies) {
    const headers = {
      ...(each !== '' && { cookie: each }),
      origin: world.origin,
      'content-type': 'application/json',
    };
    for (const path of ['', 'app.js', 'live', 'v1/stacks', 'v1/stacks/demo/logs'])
      assert.equal((await ask(`${page}${path}`, { headers })).status, 403, `${path} with ${each}`);
    const body = JSON.stringify(change);
    assert.equal((await ask(`${page}v1/stacks/demo/scale`, { method: 'POST', headers, body })).status, 403);
  }
  const elsewhere = page.replace(world.access.door, '0'.repeat(20));
  assert.equal((await ask(`${elsewhere}v1/stacks`, { headers: { cookie } })).status, 403);
});

test('another origin, a foreign Host and a body that is no JSON are refused, whatever the cookie', async () => {
  await using world = await dashboardWorld();
  await world.open([balanced('web', 8080)]);
  const { page, cookie } = await signIn(world);
  const own = { cookie, origin: world.origin, 'content-type': 'application/json' };
  const post = (headers: Asked['headers']): Promise<Answer> =>
    ask(`${page}v1/stacks/demo/scale`, {
      method: 'POST',
      body: JSON.stringify(change),
      ...(headers && { headers }),
    });
  const allowed = await post({ ...own, 'sec-fetch-site': 'same-origin' });
  assert.equal(allowed.status, 200, allowed.body);
  assert.match(allowed.body, /"type":"plan"/);

  const refused: Readonly<Record<string, Asked['headers']>> = {
    'another origin': { ...own, origin: 'http://evil.example' },
    'another port of this host': { ...own, origin: 'http://127.0.0.1:1' },
    'no origin': { cookie, 'content-type': 'application/json' },
    'an opaque origin': { ...own, origin: 'null' },
    'a form': { ...own, 'content-type': 'application/x-www-form-urlencoded' },
    'plain text': { ...own, 'content-type': 'text/plain' },
    'a page of the same site': { ...own, 'sec-fetch-site': 'same-site' },
    'a name that was made to lead here': { ...own, host: 'evil.example', origin: 'http://evil.example' },
  };
  for (const [what, headers] of Object.entries(refused))
    assert.equal((await post(headers)).status, 403, what);
  for (const path of ['', 'v1/stacks', 'live']) {
    const foreign = await ask(`${page}${path}`, { headers: { cookie, host: 'evil.example' } });
    assert.equal(foreign.status, 403, path);
  }
});

test('a page can run no program and end nothing for good', async () => {
  await using world = await dashboardWorld();
  await world.open([balanced('web', 8080)]);
  const { page, cookie } = await signIn(world);
  const headers = { cookie, origin: world.origin, 'content-type': 'application/json' };
  for (const path of [
    'v1/stacks/demo/up',
    'v1/stacks/demo/exec',
    'v1/stacks/demo/down',
    'v1/stacks/demo/kill',
    'v1/exit',
  ]) {
    const { status } = await ask(`${page}${path}`, { method: 'POST', headers, body: '{}' });
    assert.equal(status, 404, path);
  }
});

test('the key is made once, for its owner alone, and one that is torn is refused', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'dashboard.key');
  const keys = await Promise.all([readDashboardKey(path), readDashboardKey(path), readDashboardKey(path)]);
  assert.equal(new Set(keys).size, 1);
  assert.match(keys[0], /^[0-9a-f]{64}$/);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await readFile(path, 'utf8')).trim(), keys[0]);
  await writeFile(path, 'torn');
  await assert.rejects(readDashboardKey(path), (thrown) => isTenfoldError(thrown, 'state-unreadable'));
});
