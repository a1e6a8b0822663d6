import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { propertyNames } from '../../../src/compose/schema/kind.ts';
import { xTenfoldEdge } from '../../../src/compose/schema/tenfold/edge.ts';
import { xTenfoldRoute } from '../../../src/compose/schema/tenfold/routes.ts';
import { resolveStack } from '../../../src/compose/resolve-stack.ts';
import type { Entrypoint } from '../../../src/model/routing.ts';
import type { Stack } from '../../../src/model/stack.ts';
import { folderWith, loadFolder, loadText, refusals } from '../helpers/load-text.ts';

async function stackOf(
  text: string,
): Promise<{ readonly stack: Stack; readonly warnings: readonly string[] }> {
  return resolveStack(await loadText(text), {});
}

async function entrypointOf(text: string, name = 'web'): Promise<Entrypoint> {
  const entrypoint = (await stackOf(text)).stack.entrypoints?.find((each) => each.name === name);
  assert.ok(entrypoint);
  return entrypoint;
}

const web = 'x-tenfold: {entrypoints: {web: {port: 8080}}}\n';

describe('routes', () => {
  test('share an entrypoint, the more demanding first', async () => {
    const { routes } = await entrypointOf(`${web}services:
  shop: {image: a, expose: [80], x-tenfold: {routes: [{host: '*.test'}]}}
  api: {image: a, expose: [3000], x-tenfold: {routes: [{host: a.test, path: /api}, {host: a.test}]}}
  admin: {image: a, expose: [1], x-tenfold: {routes: [{path: /, priority: 1000}]}}
`);
    assert.deepEqual(
      routes.map(({ id }) => id),
      ['admin', 'api[0]', 'api[1]', 'shop'],
    );
    assert.deepEqual(routes[1]?.action, { kind: 'forward', to: { service: 'api', target: 3000 } });
  });

  test('lead to a target that the service need not publish, which the runtime then tells', async () => {
    const { stack } = await stackOf(`${web}services:
  api: {image: a, x-tenfold: {routes: [{path: /, target: 9000}]}}
`);
    assert.deepEqual(stack.services['api']?.targets, [9000]);
    assert.deepEqual(stack.services['api']?.routedTargets, [9000]);
  });

  test('can stand on the published port of another service', async () => {
    const { stack } = await stackOf(`services:
  web: {image: a, ports: ['8080:80']}
  api: {image: a, expose: [3000], x-tenfold: {routes: [{listener: 8080, path: /api}]}}
`);
    const listener = stack.services['web']?.listeners.find(({ exposure }) => exposure === 'published');
    assert.deepEqual(
      listener?.routes?.map(({ id, action }) => [id, action]),
      [['api', { kind: 'forward', to: { service: 'api', target: 3000 } }]],
    );
  });

  test('do not change the revision of a service', async () => {
    const plain = await stackOf('services: {api: {image: a, expose: [80]}}');
    const routed = await stackOf(
      `${web}services: {api: {image: a, expose: [80], x-tenfold: {routes: [{path: /}]}}}`,
    );
    assert.equal(routed.stack.services['api']?.revision, plain.stack.services['api']?.revision);
  });
});

describe('what contradicts itself is refused at its place', () => {
  const service = (tenfold: string): string =>
    `${web}services:\n  api:\n    image: a\n    expose: [80]\n    x-tenfold:\n      ${tenfold}\n`;
  const cases: Record<string, readonly [text: string, message: RegExp, line: number]> = {
    'an unknown key of a route': [service('routes: [{hosts: a}]'), /additional property 'hosts'/, 7],
    'an unknown key of an edge': [service('edge: {ratelimit: 1r/s}'), /additional property 'ratelimit'/, 7],
    'a host that is none': [service("routes: [{host: 'a b'}]"), /no host name/, 7],
    'a pattern that is none': [service("routes: [{path_regex: '('}]"), /path_regex/, 7],
    'a path without a slash': [service('routes: [{path: api}]'), /path/, 7],
    'a range that is none': [service("routes: [{path: /, allow: '10.0.0.0/33'}]"), /no address range/, 7],
    'a rate that is none': [service('routes: [{path: /, rate_limit: 10 per second}]'), /no rate/, 7],
    'an option of a rate that is none': [
      service('routes: [{path: /, rate_limit: 1r/s delay=2}]'),
      /no option/,
      7,
    ],
    'two actions': [service('routes: [{redirect: /x, maintenance: later}]'), /redirect and maintenance/, 7],
    'a timeout where nothing is forwarded': [
      service('routes: [{redirect: /x, retries: 2}]'),
      /retries means nothing/,
      7,
    ],
    'a status that redirects nowhere': [service('routes: [{redirect: {to: /x, status: 305}}]'), /305/, 7],
    'an entrypoint and a listener': [
      service('routes: [{path: /, entrypoint: web, listener: 80}]'),
      /entrypoint and a listener/,
      7,
    ],
    'an entrypoint that is not there': [
      service('routes: [{path: /, entrypoint: wed}]'),
      /no entrypoint: wed/,
      7,
    ],
    'a listener that is not there': [
      service('routes: [{path: /, listener: 81}]'),
      /no service publishes port 81/,
      7,
    ],
    'a field that the balancer writes': [
      service('routes: [{path: /, request_headers: {set: {Content-Length: "5"}}}]'),
      /Content-Length is written by the balancer/,
      7,
    ],
    'a line break in a header': [
      service('routes: [{path: /, response_headers: {set: {X-A: "b\\nc"}}}]'),
      /no header field can hold this/,
      7,
    ],
    'an edge where the proxy holds no port': [service('edge: {max_body: 1m}'), /has no edge/, 7],
    'entrypoints of a service': [
      service('entrypoints: {x: {port: 1}}'),
      /entrypoints belong to no one service/,
      7,
    ],
    'routes of the file': [
      'x-tenfold:\n  entrypoints: {web: {port: 80}}\n  routes: [{path: /}]\nservices: {a: {image: a}}\n',
      /routes belong to a service/,
      3,
    ],
    'a route without an address': [
      'services:\n  a:\n    image: a\n    expose: [80]\n    x-tenfold: {routes: [{path: /}]}\n',
      /no address to come in by/,
      5,
    ],
    'a route without a port': [
      `${web}services:\n  a:\n    image: a\n    x-tenfold: {routes: [{path: /}]}\n`,
      /not known on which port/,
      5,
    ],
    'an entrypoint on a port that a service publishes': [
      `${web}services:\n  a:\n    image: a\n    ports: ['8080:80']\n`,
      /publishes port 8080, which web publishes too/,
      5,
    ],
    'TLS and a redirect to it': [
      'x-tenfold:\n  entrypoints:\n    web:\n      port: 1\n      edge: {tls: {certificates: []}, redirect_to_https: true}\nservices: {a: {image: a}}\n',
      /tls needs a certificate/,
      5,
    ],
    'a certificate that is not there': [
      'x-tenfold:\n  entrypoints:\n    web:\n      port: 1\n      edge: {tls: {certificates: [{cert: /no.pem, key: /no.key}]}}\nservices: {a: {image: a}}\n',
      /no\.pem does not exist/,
      5,
    ],
  };
  for (const [name, [text, message, line]] of Object.entries(cases)) {
    test(name, async () => {
      const [error] = await refusals(stackOf(text));
      assert.match(error?.message ?? 'nothing was refused', message);
      assert.equal(error?.where?.line, line);
      assert.ok((error?.where?.column ?? 0) > 0);
    });
  }

  test('an htpasswd file with a kind of hash that cannot be verified, by its name', async () => {
    const compose = `${web}services: {a: {image: a, expose: [80], x-tenfold: {routes: [{path: /, basic_auth: users}]}}}`;
    const folder = folderWith({ 'compose.yaml': compose, users: 'ann:$6$salt$hash\n' });
    const [error] = await refusals(loadFolder(folder).then((project) => resolveStack(project, {})));
    assert.match(error?.message ?? '', /the password of ann is SHA-512 crypt/);
    assert.ok(error?.where?.line);
  });
});

test('docs/routing.md explains every key of a route and of an edge, and none that there is not', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/routing.md'), 'utf8');
  const keysIn = (heading: string): (string | undefined)[] => {
    const section = page.split(/^## /m).find((part) => part.startsWith(heading));
    return [...(section ?? '').matchAll(/^\| `([a-z0-9_]+)`/gm)].map((match) => match[1]);
  };
  assert.deepEqual(keysIn('Routes'), propertyNames(xTenfoldRoute));
  assert.deepEqual(keysIn('Edge'), propertyNames(xTenfoldEdge));
});
