import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { networkHash, volumeHash } from '../../../src/compose/config-hash.ts';
import { loadProject } from '../../../src/compose/load-project.ts';
import type { Project } from '../../../src/compose/project.ts';
import { resolveStack } from '../../../src/compose/resolve-stack.ts';
import type { Service } from '../../../src/model/service.ts';
import type { Stack } from '../../../src/model/stack.ts';
import { containerSpec } from '../../../src/runtime/docker/container/container-spec.ts';
import { containerName, hasAmbassador } from '../../../src/runtime/docker/names.ts';
import { elementHash } from '../../../src/runtime/docker/project/element-hash.ts';
import { networkBody } from '../../../src/runtime/docker/project/networks.ts';
import { volumeBody } from '../../../src/runtime/docker/project/volumes.ts';
import { composeCasesDir, skipWithout } from '../../helpers/parts.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

interface Call {
  readonly m: string;
  readonly p: string;
  readonly q: Readonly<Record<string, string>>;
  readonly body: {
    readonly Labels: Readonly<Record<string, string>>;
    readonly Env?: readonly string[] | null;
    readonly HostConfig?: object;
    readonly NetworkingConfig?: {
      readonly EndpointsConfig: Readonly<Record<string, { readonly Aliases?: readonly string[] }>>;
    };
  };
}

/** Labels that say where docker compose was run. */
const place = ['com.docker.compose.project.config_files', 'com.docker.compose.project.working_dir'];

/** What docker compose 2.40.3 asked of the engine for engine-calls.compose.yaml. */
function recordedCalls(): readonly Call[] {
  const text = readFileSync(join(composeCasesDir, 'engine-calls-api1.41.jsonl'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line): Call => JSON.parse(line))
    .filter((call) => call.m === 'POST');
}

async function load(file: string, environment: Readonly<Record<string, string>> = {}): Promise<Project> {
  return loadProject({
    files: [file],
    projectName: 'demo',
    profiles: [],
    envFiles: [],
    environment,
    workingDir: join(file, '..'),
    keepUnusedResources: true,
  });
}

/** As it reaches the daemon: through a socket, as JSON. */
function stackOf(project: Project): Stack {
  const stack: Stack = JSON.parse(JSON.stringify(resolveStack(project, {}).stack));
  return stack;
}

/** Without what the engine reads as not set. */
function essential(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(essential);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value)
    .map(([key, entry]) => [key, essential(entry)] as const)
    .filter(([, entry]) => !isUnset(entry));
  return Object.fromEntries(entries);
}

function isUnset(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.every(isUnset);
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function without<T>(fields: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

/** Tenfold adds an alias, and leaves the service's name to its ambassador where it has one. */
function withOurNames(
  endpoints: Readonly<Record<string, { readonly Aliases?: readonly string[] }>>,
  service: Service,
): object {
  return Object.fromEntries(
    Object.entries(endpoints).map(([network, endpoint]) => {
      const [container = '', ...others] = endpoint.Aliases ?? [];
      const kept = hasAmbassador(service) ? [] : others;
      return [network, { ...endpoint, Aliases: [container, `tasks.${service.name}`, ...kept] }];
    }),
  );
}

describe('the recorded docker compose scenario', { skip: await skipWithout('compose-cases') }, () => {
  const calls = recordedCalls();
  // Under a name of its own; what replaces another one is named after that first. demo-web-7 was made with --no-deps, which
  // leaves a label out.
  const creations = calls.filter(
    ({ p, q }) => p === '/containers/create' && q['name']?.startsWith('demo-') && q['name'] !== 'demo-web-7',
  );

  async function recordedStack(environment: Readonly<Record<string, string>> = {}): Promise<Stack> {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'compose.yaml');
    await copyFile(join(composeCasesDir, 'engine-calls.compose.yaml'), file);
    return stackOf(await load(file, environment));
  }

  test('covers both services, and web with its second and third configuration', () => {
    const names = new Set(creations.map(({ q }) => q['name']));
    for (const name of ['demo-db-1', 'demo-web-1', 'demo-web-6']) assert.ok(names.has(name), name);
  });

  for (const { q, body: recorded } of creations) {
    const name = q['name'] ?? '';
    const labels = recorded.Labels;
    const hash = labels['com.docker.compose.config-hash'] ?? '';
    test(`${name} (${hash.slice(0, 8)}) is created as docker compose creates it`, async () => {
      // The scenario changes T from step to step; it is what web sleeps.
      const sleeps = 'Cmd' in recorded && Array.isArray(recorded.Cmd) ? String(recorded.Cmd[1]) : '';
      const stack = await recordedStack({ T: sleeps });
      const service = stack.services[labels['com.docker.compose.service'] ?? ''];
      assert.ok(service);
      const index = Number(labels['com.docker.compose.container-number']);
      assert.equal(containerName(stack, service, index), name);
      const environment = { TENFOLD_SERVICE: service.name, TENFOLD_REPLICA: String(index) };
      const { body, laterNetworks } = containerSpec(
        { stack, service, index, environment },
        {
          apiMinor: 41,
          reach: { kind: 'container' },
          imageId: labels['com.docker.compose.image'] ?? '',
          networkMode: undefined,
          ipcMode: undefined,
          pidMode: undefined,
          volumesFrom: [],
          links: [],
        },
      );
      const added = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
      const expected = {
        ...recorded,
        Env: [...(recorded.Env ?? []), ...added],
        Labels: without(labels, place),
        // The balancer holds the published ports.
        HostConfig: { ...recorded.HostConfig, PortBindings: {} },
        NetworkingConfig: {
          EndpointsConfig: withOurNames(recorded.NetworkingConfig?.EndpointsConfig ?? {}, service),
        },
      };
      const ours = { ...body, Labels: without(body.Labels ?? {}, place) };
      assert.deepEqual(essential(ours), essential(expected));
      assert.deepEqual(ours.Labels, expected.Labels, 'labels, the empty ones too');
      assert.deepEqual(laterNetworks, []);
    });
  }

  test('the network is created as docker compose creates it', async () => {
    const call = calls.find(({ p }) => p === '/networks/create');
    assert.deepEqual(essential(networkBody(await recordedStack(), 'default')), essential(call?.body));
  });

  test('the volume is created as docker compose creates it', async () => {
    const call = calls.find(({ p }) => p === '/volumes/create');
    assert.deepEqual(essential(volumeBody(await recordedStack(), 'data')), essential(call?.body));
  });
});

test('networks and volumes keep their config hash on the way to the daemon', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'compose.yaml');
  const text = `
services: {web: {image: app}}
networks:
  plain:
  full:
    driver: bridge
    driver_opts: {zebra: 1, alpha: "<&>"}
    labels: {z: "1", a: "2"}
    internal: true
    attachable: true
    enable_ipv6: false
    ipam:
      driver: default
      options: {y: "1", b: "2"}
      config: [{subnet: 10.0.0.0/16, gateway: 10.0.0.1, ip_range: 10.0.1.0/24, aux_addresses: {y: 10.0.0.2, b: 10.0.0.3}}]
  named: {name: other, external: true}
volumes:
  plain:
  full: {driver: local, driver_opts: {type: none, o: bind, device: /tmp}, labels: {z: "1", a: "2"}}
  named: {name: other}
`;
  await writeFile(file, text);
  const project = await load(file);
  const stack = stackOf(project);
  for (const [key, network] of Object.entries(project.networks)) {
    assert.equal(elementHash('network', stack, key), networkHash(network), `network ${key}`);
  }
  for (const [key, volume] of Object.entries(project.volumes)) {
    assert.equal(elementHash('volume', stack, key), volumeHash(volume), `volume ${key}`);
  }
});
