import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resolveStack, type ResolvedStack } from '../../src/compose/resolve-stack.ts';
import { withPossibleAmbassadors } from '../../src/daemon/stack/ambassadors.ts';
import { loadText } from './helpers/load-text.ts';

async function resolve(text: string): Promise<ResolvedStack> {
  return resolveStack(await loadText(`name: demo\n${text}`, {}), { PATH: '/bin' });
}

/** `app:5000/tcp` for each service and port to which a name leads between containers. */
function named({ stack }: Pick<ResolvedStack, 'stack'>): readonly string[] {
  return Object.values(stack.services).flatMap(({ name, listeners }) =>
    listeners
      .filter(({ exposure }) => exposure === 'network')
      .map(({ port, protocol }) => `${name}:${port}/${protocol}`),
  );
}

describe('a name between containers', () => {
  test('leads to every TCP port that the file names, each in what is known to be spoken there', async () => {
    const stack = await resolve(`services:
  app: {image: a, expose: ["5000", "6000-6001"], ports: ["80:80", {target: 81, published: 81, app_protocol: redis}]}
  api: {image: a, expose: ["7000"], x-tenfold: {protocol: http}}`);
    assert.deepEqual(named(stack), [
      'api:7000/http',
      'app:80/http',
      'app:81/tcp',
      'app:5000/tcp',
      'app:6000/tcp',
      'app:6001/tcp',
    ]);
  });

  test('stands on every network of the service, with the aliases of the file', async () => {
    const { stack } = await resolve(`services:
  app: {image: a, expose: ["80"], networks: {front: {aliases: [www]}, back: {}}}
  client: {image: a, networks: [back]}
networks: {front: {}, back: {name: shared}}`);
    const [listener] = stack.services['app']?.listeners ?? [];
    assert.deepEqual(
      listener?.networks?.toSorted((a, b) => (a.network < b.network ? -1 : 1)),
      [
        { network: 'demo_front', aliases: ['app', 'www'] },
        { network: 'shared', aliases: ['app'] },
      ],
    );
  });

  test('is Docker’s own where no other container could call it', async () => {
    const stack = await resolve(`services:
  alone: {image: a, expose: ["80"], networks: [own]}
  host: {image: a, expose: ["80"], network_mode: host}
  worker: {image: a}
  process: {command: a, expose: ["80"]}
networks: {own: {}}`);
    assert.deepEqual(named(stack), []);
  });

  test('is Docker’s own for what Docker publishes, for a fixed container, for UDP and by ambassador: false', async () => {
    const text = (more: string): string => `services:
  db: {image: a, ports: ["5432:5432"], volumes: ["data:/data"]${more}}
  direct: {image: a, ports: ["81:80"], x-tenfold: {publish: direct}}
  fixed: {image: a, container_name: fixed, expose: ["80"]}
  dns: {image: a, ports: ["53:53/udp"], expose: ["53"]}
  syslog: {image: a, expose: ["514/udp", "514"]}
  off: {image: a, expose: ["80"], x-tenfold: {ambassador: false}}
volumes: {data: {}}`;
    assert.deepEqual(named(await resolve(text(''))), []);
    assert.deepEqual(named(await resolve(text(', x-tenfold: {ambassador: true}'))), ['db:5432/tcp']);
  });

  test('that is asked for and leads to no port is a warning', async () => {
    const { warnings } = await resolve(
      'services: {app: {image: a, x-tenfold: {ambassador: true}}, b: {image: a}}',
    );
    assert.match(warnings.join('\n'), /app has no port that Tenfold knows.*expose/);
  });

  test('is left to Docker, with the reason, where no ambassador can be', async () => {
    const { stack } = await resolve('services: {app: {image: a, ports: ["80:80"]}, b: {image: a}}');
    assert.equal(withPossibleAmbassadors(stack, () => undefined).stack, stack);
    const without = withPossibleAmbassadors(stack, () => 'the engine is far away');
    assert.deepEqual(named(without), []);
    assert.equal(without.stack.services['app']?.listeners.length, 1);
    assert.match(without.warnings.join('\n'), /app resolve.*the engine is far away/);
  });
});
