import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { serviceHash } from '../../src/compose/config-hash.ts';
import { resolveStack } from '../../src/compose/resolve-stack.ts';
import type { Service } from '../../src/model/service.ts';
import { loadText, refusals } from './helpers/load-text.ts';

async function resolve(text: string, options = {}) {
  return resolveStack(await loadText(text, options), { PATH: '/bin' });
}

async function serviceOf(text: string, name = 'web'): Promise<Service> {
  const service = (await resolve(text)).stack.services[name];
  assert.ok(service);
  return service;
}

const listenersOf = ({ listeners }: Service) =>
  listeners.map(({ key, port, target, protocol }) => [key, port, target, protocol]);

describe('the kind of a service', () => {
  test('is a container with an image or a build, and a process with a command alone', async () => {
    const { services } = (
      await resolve('services: {a: {image: x}, b: {build: .}, c: {command: x}, d: {entrypoint: [x]}}')
    ).stack;
    assert.deepEqual(
      Object.values(services).map(({ kind }) => kind),
      ['container', 'container', 'process', 'process'],
    );
  });

  test('is missing without any of them', async () => {
    const [error] = await refusals(resolve('services:\n  web: {ports: [80]}\n'));
    assert.match(error?.message ?? '', /neither an image nor a build context/);
    assert.match(error?.expected ?? '', /command for a local process/);
    assert.equal(error?.where?.line, 2);
  });

  test('that a provider runs is left out, with a warning', async () => {
    const { stack, warnings } = await resolve(
      'services: {db: {provider: {type: cloud}}, web: {image: a, depends_on: [db]}}',
    );
    assert.deepEqual(Object.keys(stack.services), ['web']);
    assert.deepEqual(stack.services['web']?.dependsOn, []);
    assert.match(warnings.join(), /db has a provider/);
  });
});

describe('published ports', () => {
  test('are listeners of the proxy, one for each of a range', async () => {
    const web = await serviceOf(
      'services: {web: {image: a, ports: ["8080-8082:80", "9000-9001:90-91", "127.0.0.1:7000:70"]}}',
    );
    assert.deepEqual(listenersOf(web), [
      ['web:8080->80', 8080, 80, 'http'],
      ['web:8081->80', 8081, 80, 'http'],
      ['web:8082->80', 8082, 80, 'http'],
      ['web:9000->90', 9000, 90, 'http'],
      ['web:9001->91', 9001, 91, 'http'],
      ['web:127.0.0.1:7000->70', 7000, 70, 'http'],
    ]);
    assert.deepEqual(web.targets, [80, 90, 91, 70]);
    assert.deepEqual(web.directPorts, []);
  });

  test('without a host port are assigned, each under a name of its own', async () => {
    const web = await serviceOf(
      'services: {web: {image: a, ports: [{target: 80}, {target: 80, host_ip: "::1"}, {target: 81}, {target: 81, name: x}]}}',
    );
    assert.deepEqual(
      web.listeners.map(({ key, port }) => [key, port]),
      [
        ['web:*->80', undefined],
        ['web:[::1]:*->80', undefined],
        ['web:*->81', undefined],
      ],
    );
  });

  test('speak what app_protocol says, else x-tenfold, else HTTP', async () => {
    const port = (target: number, protocol: string) =>
      `{target: ${target}, published: "${target}", app_protocol: ${protocol}}`;
    const web = await serviceOf(
      `services: {web: {image: a, x-tenfold: {protocol: tcp}, ports: [${port(1, 'http')}, ${port(2, 'grpc')}, ${port(3, 'redis')}, ${port(4, 'https')}, "5:5"]}}`,
    );
    assert.deepEqual(
      web.listeners.map(({ protocol }) => protocol),
      ['http', 'http', 'tcp', 'tcp', 'tcp'],
    );
  });

  test('of UDP, of a service with a named volume and of publish: direct are published by the runtime', async () => {
    const { services } = (
      await resolve(`services:
  dns: {image: a, ports: ["53:53/udp", "8053:53"]}
  db: {image: a, ports: ["5432:5432"], volumes: ["data:/data"]}
  own: {image: a, ports: ["81-83:80"], x-tenfold: {publish: direct}}
  kept: {image: a, ports: ["84:80"], volumes: ["data:/data"], x-tenfold: {publish: balanced}}
volumes: {data: {}}
`)
    ).stack;
    assert.deepEqual(services['dns']?.directPorts, [
      { hostIp: '', published: '53', target: 53, protocol: 'udp' },
    ]);
    assert.equal(services['dns'].listeners.length, 1);
    assert.deepEqual(services['db']?.directPorts, [
      { hostIp: '', published: '5432', target: 5432, protocol: 'tcp' },
    ]);
    assert.equal(services['db'].isStateful, true);
    assert.equal(services['db'].update.order, 'stop-first');
    assert.deepEqual(services['own']?.directPorts, [
      { hostIp: '', published: '81-83', target: 80, protocol: 'tcp' },
    ]);
    assert.equal(services['own'].isStateful, false);
    assert.deepEqual(
      services['kept']?.listeners.map(({ exposure }) => exposure),
      ['published', 'network'],
    );
  });

  test('of a local process are always listeners, and UDP is a warning', async () => {
    const { stack, warnings } = await resolve(
      'services: {web: {command: a, ports: ["80:80", "53:53/udp"], x-tenfold: {publish: direct}, volumes: ["d:/d"], cap_add: [X]}}\nvolumes: {d: {}}',
    );
    assert.equal(stack.services['web']?.listeners.length, 1);
    assert.deepEqual(stack.services['web'].directPorts, []);
    assert.equal(warnings.length, 3);
    assert.match(
      warnings.join('\n'),
      /in spite of publish: direct\n.*udp port 53 is not published\n.*cannot have cap_add, volumes/,
    );
  });

  test('that two services have are refused, with the place', async () => {
    const [error] = await refusals(
      resolve(
        'services:\n  a:\n    image: x\n    ports: ["80:80"]\n  b:\n    image: x\n    ports: ["127.0.0.1:80:80"]\n',
      ),
    );
    assert.match(error?.message ?? '', /b publishes port 80, which a publishes too/);
    assert.equal(error?.where?.line, 7);
    await resolve(
      'services: {a: {image: x, ports: ["127.0.0.1:80:80"]}, b: {image: x, ports: ["127.0.0.2:80:80"]}}',
    );
  });

  test('on the network of the host are discarded, with a warning', async () => {
    const { stack, warnings } = await resolve(
      'services: {web: {image: a, network_mode: host, ports: ["80:80"]}}',
    );
    assert.deepEqual(stack.services['web']?.listeners, []);
    assert.deepEqual(stack.services['web'].networks, []);
    assert.match(warnings.join(), /discarded/);
  });
});

describe('what local processes reach', () => {
  const text = `services:
  app: {command: a, ports: ["80:3000"], networks: [front]}
  worker: {command: b, networks: [front, back]}
  redis: {image: r, expose: [6379], networks: [back]}
  lonely: {image: l, expose: [1], networks: [other]}
networks: {front: {}, back: {}, other: {}}
`;

  test('has a loopback listener for each target', async () => {
    const { services } = (await resolve(text)).stack;
    assert.deepEqual(listenersOf(services['redis'] ?? assert.fail()), [
      ['redis:internal->6379', undefined, 6379, 'tcp'],
    ]);
    assert.deepEqual(listenersOf(services['app'] ?? assert.fail()), [
      ['app:80->3000', 80, 3000, 'http'],
      ['app:internal->3000', undefined, 3000, 'http'],
    ]);
    assert.deepEqual(listenersOf(services['worker'] ?? assert.fail()), [
      ['worker:internal->0', undefined, 0, 'http'],
    ]);
    assert.equal(services['redis']?.listeners[0]?.hostIp, '127.0.0.1');
    assert.equal(services['redis'].listeners[0].exposure, 'internal');
  });

  test('has none for a service that no process shares a network with', async () => {
    assert.deepEqual((await serviceOf(text, 'lonely')).listeners, []);
    assert.deepEqual(
      (await serviceOf('services: {web: {command: a, ports: ["80:80"]}}')).listeners.length,
      1,
    );
  });
});

describe('the policies of a service', () => {
  test('have defaults', async () => {
    const web = await serviceOf('services: {web: {image: a}}');
    assert.equal(web.replicas, 1);
    assert.equal(web.healthCheck, undefined);
    assert.deepEqual(web.stop, { signal: 'SIGTERM', graceMs: 10_000, preStop: [] });
    assert.deepEqual(web.restart, {
      condition: 'on-failure',
      delayMs: undefined,
      maxAttempts: undefined,
      windowMs: undefined,
    });
    assert.deepEqual(web.update, {
      parallelism: 1,
      delayMs: 0,
      order: 'start-first',
      failureAction: 'rollback',
      monitorMs: 5_000,
      maxFailureRatio: 0,
    });
    assert.deepEqual(web.rollback, { ...web.update, failureAction: 'pause' });
    assert.deepEqual(web.networks, ['default']);
    assert.equal(web.startTimeoutMs, 60_000);
    assert.deepEqual(web.balancing, {
      algorithm: 'least_conn',
      maxFails: 3,
      failTimeoutMs: 10_000,
      slowStartMs: 0,
      drainTimeoutMs: 30_000,
      connectTimeoutMs: 2_000,
      responseTimeoutMs: 60_000,
      retries: 1,
      responseHeaders: true,
      activeHealth: { path: undefined, intervalMs: 2_000, timeoutMs: 2_000, rise: 2, fall: 3 },
    });
  });

  test('are what the file says', async () => {
    const web = await serviceOf(`services:
  web:
    image: a
    healthcheck: {test: curl x, interval: 5s, retries: 0, start_period: 1m}
    stop_signal: quit
    stop_grace_period: 1m30s
    pre_stop: [{command: [a, b], user: u, environment: {A: "1", B: }}]
    post_start: [{command: c d, privileged: true, working_dir: /w}]
    deploy:
      replicas: 4
      update_config: {parallelism: 0, delay: 5s, order: stop-first, failure_action: pause, monitor: 9s, max_failure_ratio: 0.5}
      rollback_config: {parallelism: 2, failure_action: continue}
      restart_policy: {condition: any, delay: 0s, max_attempts: 3, window: 2m}
    x-tenfold: {retries: 0, response_headers: false, health: {path: /up}}
x-tenfold: {retries: 2, algorithm: round_robin, health: {path: /no, rise: 5}}
`);
    assert.equal(web.replicas, 4);
    assert.deepEqual(web.healthCheck, {
      test: ['CMD-SHELL', 'curl x'],
      intervalMs: 5_000,
      timeoutMs: 30_000,
      startPeriodMs: 60_000,
      startIntervalMs: 5_000,
      retries: 3,
    });
    const hook = { user: undefined, privileged: false, workingDir: undefined, environment: {} };
    assert.deepEqual(web.stop, {
      signal: 'SIGQUIT',
      graceMs: 90_000,
      preStop: [{ ...hook, command: ['a', 'b'], user: 'u', environment: { A: '1' } }],
    });
    assert.deepEqual(web.postStart, [{ ...hook, command: ['c', 'd'], privileged: true, workingDir: '/w' }]);
    assert.deepEqual(web.update, {
      parallelism: 0,
      delayMs: 5_000,
      order: 'stop-first',
      failureAction: 'pause',
      monitorMs: 9_000,
      maxFailureRatio: 0.5,
    });
    assert.deepEqual(web.rollback, {
      parallelism: 2,
      delayMs: 0,
      order: 'stop-first',
      failureAction: 'continue',
      monitorMs: 9_000,
      maxFailureRatio: 0,
    });
    assert.deepEqual(web.restart, { condition: 'any', delayMs: 0, maxAttempts: 3, windowMs: 120_000 });
    assert.equal(web.balancing.retries, 0);
    assert.equal(web.balancing.algorithm, 'round_robin');
    assert.equal(web.balancing.responseHeaders, false);
    assert.deepEqual([web.balancing.activeHealth.path, web.balancing.activeHealth.rise], ['/up', 5]);
  });

  for (const [restart, condition, maxAttempts] of [
    ['"no"', 'none', undefined],
    ['always', 'any', undefined],
    ['unless-stopped', 'any', undefined],
    ['on-failure', 'on-failure', undefined],
    ['on-failure:5', 'on-failure', 5],
  ] as const) {
    test(`restart: ${restart} restarts ${condition}`, async () => {
      const web = await serviceOf(`services: {web: {image: a, restart: ${restart}}}`);
      assert.equal(web.restart.condition, condition);
      assert.equal(web.restart.maxAttempts, maxAttempts);
    });
  }

  test('are refused where they are none, with the place', async () => {
    const faults = async (text: string) =>
      (await refusals(resolve(text))).map(({ message, where, hint }) => [message, where?.line, hint]);
    assert.deepEqual(await faults('services:\n  web:\n    image: a\n    restart: alway\n'), [
      ['service web: alway is no restart policy', 4, 'did you mean `always`?'],
    ]);
    assert.deepEqual(await faults('services:\n  web:\n    image: a\n    stop_signal: SIGTREM\n'), [
      ['service web: SIGTREM is no signal', 4, 'did you mean `SIGTERM`?'],
    ]);
    assert.deepEqual(await faults('services:\n  web:\n    image: a\n    scale: 1000000\n'), [
      ['service web asks for 1000000 replicas', 4, undefined],
    ]);
    const [name] = await refusals(
      resolve('services:\n  web:\n    image: a\n    container_name: bb\n    scale: 2\n'),
    );
    assert.match(name?.message ?? '', /can't set container_name and scale/);
  });

  test('a health check can be turned off', async () => {
    assert.equal(
      (await serviceOf('services: {web: {image: a, healthcheck: {disable: true}}}')).healthCheck,
      undefined,
    );
    assert.equal(
      (await serviceOf('services: {web: {image: a, healthcheck: {test: [NONE]}}}')).healthCheck,
      undefined,
    );
  });

  test('may come from variables', async () => {
    const text = 'services: {web: {image: a, x-tenfold: {retries: "${R}", response_headers: $H}}}';
    const { stack } = await resolve(text, { environment: { R: '4', H: 'false' } });
    assert.equal(stack.services['web']?.balancing.retries, 4);
    assert.equal(stack.services['web'].balancing.responseHeaders, false);
    const [error] = await refusals(resolve(text, { environment: { R: 'many', H: 'false' } }));
    assert.equal(error?.where?.path, 'services.web.x-tenfold.retries');
  });

  test('one replica runs of a global service', async () => {
    assert.equal((await serviceOf('services: {web: {image: a, deploy: {mode: global}}}')).replicas, 1);
  });
});

describe('a stack', () => {
  test('has the hashes of docker compose as revisions, and nothing of x-tenfold in them', async () => {
    const project = await loadText('services: {web: {image: a}}');
    const plain = resolveStack(project, {}).stack.services['web'];
    assert.equal(plain?.revision, serviceHash(project.services['web'] ?? assert.fail()));
    const tuned = await serviceOf('services: {web: {image: a, x-tenfold: {retries: 3}}}');
    assert.equal(tuned.revision, plain.revision);
  });

  test('survives a message or a state file unchanged', async () => {
    const { stack } = await resolve(
      'services: {web: {image: a, environment: {"1": x, A: null}, ports: ["80:80"]}}\nvolumes: {d: {}}',
    );
    assert.deepEqual(
      JSON.parse(JSON.stringify(stack.services['web']?.config)),
      stack.services['web']?.config,
    );
    assert.deepEqual(stack.hostEnvironment, { PATH: '/bin' });
  });

  test('takes values of secrets and configs from the environment of the command line along', async () => {
    const { stack } = await resolve(
      'services: {web: {image: a, secrets: [s], configs: [c]}}\nsecrets: {s: {environment: S}}\nconfigs: {c: {environment: C}}',
      { environment: { S: 'hidden', C: 'shown' } },
    );
    assert.equal(stack.secrets['s']?.['content'], 'hidden');
    assert.equal(stack.configs['c']?.['content'], 'shown');
  });

  test('depends on what is there: an optional dependency that is not active is left out', async () => {
    const web = await serviceOf(
      'services: {web: {image: a, depends_on: {db: {condition: service_healthy, restart: true}, x: {condition: service_started, required: false}}}, db: {image: b}, x: {image: c, profiles: [p]}}',
    );
    assert.deepEqual(web.dependsOn, [
      { service: 'db', condition: 'service_healthy', restart: true, required: true },
    ]);
  });
});
