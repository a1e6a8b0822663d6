import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Service } from '../../../src/model/service.ts';
import type { Stack } from '../../../src/model/stack.ts';
import { containerSpec } from '../../../src/runtime/docker/container/container-spec.ts';
import { containerName } from '../../../src/runtime/docker/names.ts';
import { networkBody } from '../../../src/runtime/docker/project/networks.ts';
import { volumeBody } from '../../../src/runtime/docker/project/volumes.ts';
import { serviceOf, stackOf } from '../../contracts/stack-of.ts';
import { composeCasesDir, skipWithout } from '../../helpers/parts.ts';

interface Call {
  readonly m: string;
  readonly p: string;
  readonly q: Readonly<Record<string, string>>;
  readonly body: {
    readonly Labels: Readonly<Record<string, string>>;
    readonly Env?: readonly string[] | null;
  };
}

/** What docker compose 2.40.3 asked of the engine for engine-calls.compose.yaml, with web at three replicas. */
function recordedCalls(): readonly Call[] {
  const text = readFileSync(join(composeCasesDir, 'engine-calls-api1.41.jsonl'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line): Call => JSON.parse(line))
    .filter((call) => call.m === 'POST');
}

/** The same file as the loader resolves it. */
function recordedStack(revisions: Readonly<Record<string, string>>): Stack {
  const db = serviceOf('db', {
    kind: 'container',
    revision: revisions['db'] ?? '',
    isStateful: true,
    config: {
      image: 'alpine',
      command: ['sleep', 'infinity'],
      entrypoint: null,
      healthcheck: { test: ['CMD', 'true'], interval: '2s', retries: 3 },
      networks: { default: null },
      volumes: [{ type: 'volume', source: 'data', target: '/var/lib/db', volume: {} }],
    },
  });
  const web = serviceOf('web', {
    kind: 'container',
    revision: revisions['web'] ?? '',
    targets: [80],
    dependsOn: [{ service: 'db', condition: 'service_healthy', restart: false, required: true }],
    directPorts: [{ hostIp: '', published: '8080-8085', target: 80, protocol: 'tcp' }],
    config: {
      image: 'alpine',
      command: ['sleep', '1000'],
      entrypoint: null,
      deploy: {
        replicas: 3,
        resources: { limits: { cpus: 0.5, memory: '67108864' } },
        placement: {},
      },
      environment: { A: '1' },
      labels: { 'my.label': 'x' },
      networks: { default: null },
      ports: [{ mode: 'ingress', target: 80, published: '8080-8085', protocol: 'tcp' }],
      restart: 'unless-stopped',
      stop_grace_period: '7s',
    },
  });
  const folder = '/tmp/corpus/fake/work/demo';
  return {
    ...stackOf('demo', folder, [db, web]),
    networks: { default: { name: 'demo_default', ipam: {} } },
    volumes: { data: { name: 'demo_data' } },
  };
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

describe('the recorded docker compose scenario', { skip: await skipWithout('compose-cases') }, () => {
  const calls = recordedCalls();
  const creations = calls.filter(({ p }) => p === '/containers/create');
  const hash = 'com.docker.compose.config-hash';

  for (const name of ['demo-db-1', 'demo-web-1', 'demo-web-2', 'demo-web-3']) {
    test(`${name} is created as docker compose creates it`, () => {
      const call = creations.find(({ q }) => q['name'] === name);
      assert.ok(call);
      const labels = call.body.Labels;
      const stack = recordedStack({ [labels['com.docker.compose.service'] ?? '']: labels[hash] ?? '' });
      const service: Service | undefined = stack.services[labels['com.docker.compose.service'] ?? ''];
      assert.ok(service);
      const index = Number(labels['com.docker.compose.container-number']);
      assert.equal(containerName(stack, service, index), name);
      const environment = { TENFOLD_SERVICE: service.name, TENFOLD_REPLICA: String(index) };
      const { body, laterNetworks } = containerSpec(
        { stack, service, index, environment },
        {
          apiMinor: 41,
          imageId: labels['com.docker.compose.image'] ?? '',
          networkMode: undefined,
          ipcMode: undefined,
          pidMode: undefined,
          volumesFrom: [],
          links: [],
        },
      );
      const added = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
      const expected = { ...call.body, Env: [...(call.body.Env ?? []), ...added] };
      assert.deepEqual(essential(body), essential(expected));
      assert.deepEqual(body.Labels, labels, 'labels, the empty ones too');
      assert.deepEqual(laterNetworks, []);
    });
  }

  test('the network is created as docker compose creates it', () => {
    const call = calls.find(({ p }) => p === '/networks/create');
    assert.deepEqual(essential(networkBody(recordedStack({}), 'default')), essential(call?.body));
  });

  test('the volume is created as docker compose creates it', () => {
    const call = calls.find(({ p }) => p === '/volumes/create');
    assert.deepEqual(essential(volumeBody(recordedStack({}), 'data')), essential(call?.body));
  });
});
