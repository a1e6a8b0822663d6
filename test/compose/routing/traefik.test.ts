import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resolveStack } from '../../../src/compose/resolve-stack.ts';
import { RuleError } from '../../../src/compose/stack/routing/traefik/rule-error.ts';
import { parseRule } from '../../../src/compose/stack/routing/traefik/rule-parser.ts';
import type { Match, Route } from '../../../src/model/routing.ts';
import { loadText, refusals } from '../helpers/load-text.ts';

describe('a rule of Traefik', () => {
  const host = (name: string): Match => ({ kind: 'host', host: name });
  const rules: Record<string, Match> = {
    'Host(`A.test`)': host('a.test'),
    'Host("a.test", `b.test`)': { kind: 'any', of: [host('a.test'), host('b.test')] },
    'Host(`a`) && PathPrefix(`/x`) || Path(`/y`)': {
      kind: 'any',
      of: [
        { kind: 'all', of: [host('a'), { kind: 'path-prefix', prefix: '/x' }] },
        { kind: 'path', path: '/y' },
      ],
    },
    'Host(`a`) && (PathPrefix(`/x`) || !Method(`post`))': {
      kind: 'all',
      of: [
        host('a'),
        {
          kind: 'any',
          of: [
            { kind: 'path-prefix', prefix: '/x' },
            { kind: 'not', of: { kind: 'method', methods: ['POST'] } },
          ],
        },
      ],
    },
    'HostRegexp(`{sub:[a-z]+}.a.test`)': { kind: 'host-regex', pattern: '^(?:[a-z]+)\\.a\\.test$' },
    'HostRegexp(`^.+\\.test$`)': { kind: 'host-regex', pattern: '^.+\\.test$' },
    'PathPrefix(`/users/{id:[0-9]+}`)': { kind: 'path-regex', pattern: '^\\/users\\/(?:[0-9]+)' },
    'Headers(`X-A`, `b`)': { kind: 'header', name: 'x-a', value: 'b' },
    'HeaderRegexp(`X-A`, `^b+$`)': { kind: 'header-regex', name: 'x-a', pattern: '^b+$' },
    'Query(`a=b`)': { kind: 'all', of: [{ kind: 'query', name: 'a', value: 'b' }] },
    'ClientIP(`10.0.0.0/8`, `::1`)': { kind: 'client', ranges: ['10.0.0.0/8', '::1'] },
  };
  for (const [rule, match] of Object.entries(rules)) {
    test(rule, () => assert.deepEqual(parseRule(rule), match));
  }

  for (const rule of [
    '',
    'Host(`a`',
    'Host(a)',
    'Host(`a`) &&',
    'Host(`a`) Path(`/`)',
    'Nobody(`a`)',
    'PathRegexp(`(`)',
    'Header(`a`)',
    '!',
  ]) {
    test(`${JSON.stringify(rule)} is none`, () => {
      assert.throws(() => parseRule(rule), RuleError);
    });
  }
});

const lesson = `
services:
  traefik:
    image: traefik:v2.9
    command:
      - "--providers.docker=true"
      - "--entrypoints.web.address=:80"
    ports:
      - "80:80"
    volumes:
      - /var/run/docker.sock:/var/run/docker.sock
  web:
    image: nginx
    depends_on: [traefik]
    labels:
      - "traefik.http.routers.web.rule=Host(\`localhost\`)"
      - "traefik.port=80"
    deploy:
      replicas: 3
`;

/** A stack with a Traefik on 80 and 443, and one service with these labels. */
const stackWith = (labels: Record<string, string>, flags: readonly string[] = [], more = ''): string => `
services:
  edge:
    image: traefik:v3
    command: ${JSON.stringify(['--providers.docker', '--entrypoints.web.address=:80', '--entrypoints.websecure.address=:443', ...flags])}
    ports: ["80:80", "443:443"]
${more}
  app:
    image: a
    expose: [3000]
    labels:
${Object.entries(labels)
  .map(([key, value]) => `      ${key}: ${JSON.stringify(value)}`)
  .join('\n')}
`;

async function resolved(text: string): Promise<ReturnType<typeof resolveStack>> {
  return resolveStack(await loadText(text), {});
}

async function routesOf(text: string, entrypoint = 'web'): Promise<readonly Route[]> {
  const { stack } = await resolved(text);
  return stack.entrypoints?.find(({ name }) => name === entrypoint)?.routes ?? [];
}

describe('a stack with Traefik', () => {
  test("the lesson's runs with no Traefik: its port becomes an entrypoint, with a warning that says so", async () => {
    const { stack, warnings } = await resolved(lesson);
    assert.deepEqual(Object.keys(stack.services), ['web']);
    assert.deepEqual(stack.services['web']?.dependsOn, []);
    assert.deepEqual(stack.services['web']?.routedTargets, [80]);
    const [entrypoint] = stack.entrypoints ?? [];
    assert.deepEqual([entrypoint?.name, entrypoint?.port], ['web', 80]);
    assert.deepEqual(
      entrypoint?.routes.map(({ id, match, action }) => [id, match, action]),
      [
        [
          'web@labels',
          { kind: 'host', host: 'localhost' },
          { kind: 'forward', to: { service: 'web', target: 80 } },
        ],
      ],
    );
    assert.match(warnings.join('\n'), /service traefik is not run.*web on port 80.*traefik: keep/);
  });

  test('is left as it is where the file says so, and then its labels are left to it', async () => {
    const kept = lesson.replace(
      '    image: traefik:v2.9',
      '    image: traefik:v2.9\n    x-tenfold: {traefik: keep}',
    );
    const { stack, warnings } = await resolved(kept);
    assert.deepEqual(Object.keys(stack.services), ['traefik', 'web']);
    assert.equal(stack.entrypoints, undefined);
    assert.match(warnings.join('\n'), /traefik is a Traefik that stays/);
  });

  test('stays when it does more than the balancer can: a file provider, a configuration file', async () => {
    const filed = stackWith({ other: 'x' }, ['--providers.file.directory=/etc/rules']);
    assert.deepEqual(Object.keys((await resolved(filed)).stack.services), ['app', 'edge']);
  });

  test('without any Traefik or entrypoint, labels are named in a warning and open nothing', async () => {
    const { stack, warnings } = await resolved(
      'services: {a: {image: a, expose: [80], labels: {"traefik.enable": "true"}}}',
    );
    assert.equal(stack.entrypoints, undefined);
    assert.match(warnings.join('\n'), /no entrypoint that they could be routes of/);
  });

  test('longer rules come first, unless a priority says otherwise', async () => {
    const routes = await routesOf(
      stackWith({
        'traefik.http.routers.short.rule': 'Host(`a.test`)',
        'traefik.http.routers.long.rule': 'Host(`a.test`) && PathPrefix(`/x`)',
        'traefik.http.routers.first.rule': 'Path(`/`)',
        'traefik.http.routers.first.priority': '1000',
      }),
    );
    assert.deepEqual(
      routes.map(({ id }) => id),
      ['first@labels', 'long@labels', 'short@labels'],
    );
  });

  test('the port is that of the load balancer, else the one that is exposed', async () => {
    const named = await routesOf(
      stackWith({
        'traefik.http.routers.app.rule': 'Path(`/`)',
        'traefik.http.services.app.loadbalancer.server.port': '9000',
      }),
    );
    assert.deepEqual(named[0]?.action, { kind: 'forward', to: { service: 'app', target: 9000 } });
    const exposed = await routesOf(stackWith({ 'traefik.http.routers.app.rule': 'Path(`/`)' }));
    assert.deepEqual(exposed[0]?.action, { kind: 'forward', to: { service: 'app', target: 3000 } });
  });

  test('services that do not ask are left out where Traefik exposes none by default', async () => {
    const flags = ['--providers.docker.exposedbydefault=false'];
    const rule = { 'traefik.http.routers.app.rule': 'Path(`/`)' };
    assert.deepEqual(await routesOf(stackWith(rule, flags)), []);
    assert.equal((await routesOf(stackWith({ ...rule, 'traefik.enable': 'true' }, flags))).length, 1);
  });

  test('middlewares become what the route does', async () => {
    const [route] = await routesOf(
      stackWith({
        'traefik.http.routers.app.rule': 'PathPrefix(`/api`)',
        'traefik.http.routers.app.middlewares': 'strip,auth@docker,limit,head,near',
        'traefik.http.middlewares.strip.stripprefix.prefixes': '/api,/v1',
        'traefik.http.middlewares.auth.basicauth.users': 'ann:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
        'traefik.http.middlewares.limit.ratelimit.average': '10',
        'traefik.http.middlewares.limit.ratelimit.burst': '5',
        'traefik.http.middlewares.head.headers.customRequestHeaders.X-Env': 'live',
        'traefik.http.middlewares.head.headers.customResponseHeaders.Server': '',
        'traefik.http.middlewares.near.ipallowlist.sourcerange': '10.0.0.0/8, 127.0.0.1',
      }),
    );
    assert.deepEqual(route?.stripPrefixes, ['/api', '/v1']);
    assert.deepEqual(route.basicAuth?.users, { lines: ['ann:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g='] });
    assert.deepEqual(route.rateLimit, { key: { kind: 'ip' }, intervalMs: 100, burst: 4, isImmediate: true });
    assert.deepEqual(route.requestHeaders?.set, [{ name: 'X-Env', value: 'live' }]);
    assert.deepEqual(route.responseHeaders?.remove, ['Server']);
    assert.deepEqual(route.access, [{ path: '/', allow: ['10.0.0.0/8', '127.0.0.1'], deny: [] }]);
  });

  test('a redirect to HTTPS comes before any password', async () => {
    const [route] = await routesOf(
      stackWith({
        'traefik.http.routers.app.rule': 'Host(`a`)',
        'traefik.http.routers.app.middlewares': 'tls,auth',
        'traefik.http.middlewares.tls.redirectscheme.scheme': 'https',
        'traefik.http.middlewares.tls.redirectscheme.permanent': 'true',
        'traefik.http.middlewares.auth.basicauth.users': 'ann:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
      }),
    );
    assert.deepEqual(route?.action, { kind: 'redirect', url: 'https://{host}{path}{query}', status: 308 });
    assert.equal(route.basicAuth, undefined);
  });

  test('an entrypoint that redirects does so, and one that wants TLS without a certificate is not opened', async () => {
    const flags = ['--entrypoints.web.http.redirections.entrypoint.to=websecure'];
    const labels = {
      'traefik.http.routers.app.rule': 'Host(`a`)',
      'traefik.http.routers.app.entrypoints': 'websecure',
      'traefik.http.routers.app.tls': 'true',
    };
    const { stack, warnings } = await resolved(stackWith(labels, flags));
    assert.deepEqual(
      stack.entrypoints?.map(({ name, edge }) => [name, edge?.redirectToHttpsPort]),
      [['web', 443]],
    );
    assert.match(
      warnings.join('\n'),
      /route app@labels wants TLS, for which entrypoint websecure has no certificate/,
    );
  });

  test('labels that say nothing here are named', async () => {
    const { warnings } = await resolved(
      stackWith({
        'traefik.http.routers.app.rule': 'Path(`/`)',
        'traefik.http.routers.app.observability': 'x',
        'traefik.http.services.app.loadbalancer.sticky.cookie': 'true',
        'traefik.tcp.routers.db.rule': 'HostSNI(`*`)',
        'traefik.frontend.rule': 'Host:a',
      }),
    );
    for (const key of ['routers.app.observability', 'sticky.cookie', 'tcp.routers.db.rule', 'frontend.rule'])
      assert.match(warnings.join('\n'), new RegExp(`the label traefik\\.[a-z.]*${key} says nothing`));
  });

  const refused: Record<string, readonly [labels: Record<string, string>, message: RegExp]> = {
    'a rule that cannot be read': [{ 'traefik.http.routers.app.rule': 'Host(a' }, /the rule of router app/],
    'a middleware that would have kept somebody out': [
      {
        'traefik.http.routers.app.rule': 'Path(`/`)',
        'traefik.http.routers.app.middlewares': 'sso',
        'traefik.http.middlewares.sso.forwardauth.address': 'http://sso',
      },
      /middleware sso of router app: middlewares of the kind forwardauth are not known here/,
    ],
    'a middleware that no label describes': [
      { 'traefik.http.routers.app.rule': 'Path(`/`)', 'traefik.http.routers.app.middlewares': 'gone@file' },
      /middleware gone@file of router app: no label describes it/,
    ],
    'an entrypoint that is not there': [
      { 'traefik.http.routers.app.rule': 'Path(`/`)', 'traefik.http.routers.app.entrypoints': 'wbe' },
      /names no entrypoint: wbe/,
    ],
  };
  for (const [name, [labels, message]] of Object.entries(refused)) {
    test(`${name} is refused at its label`, async () => {
      const [error] = await refusals(resolved(stackWith(labels)));
      assert.match(error?.message ?? 'nothing was refused', message);
      assert.ok((error?.where?.line ?? 0) > 8, JSON.stringify(error?.where));
    });
  }
});
