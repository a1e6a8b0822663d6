import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resolveStack } from '../../src/compose/resolve-stack.ts';
import type { AutoscalePolicy } from '../../src/model/autoscale.ts';
import { loadText, refusals } from '../compose/helpers/load-text.ts';
import { defaultDown, defaultUp } from './samples.ts';

async function resolve(text: string) {
  return resolveStack(await loadText(text), {});
}

/** The policy of `web`, whose `autoscale` section is given in flow style. */
async function policyOf(autoscale: string, service = ''): Promise<AutoscalePolicy> {
  const text = `services:\n  web:\n    image: a\n    ports: ['80:80']\n${service}    x-tenfold: {autoscale: ${autoscale}}\n`;
  const policy = (await resolve(text)).stack.services['web']?.autoscale;
  assert.ok(policy);
  return policy;
}

describe('x-tenfold.autoscale', () => {
  test('has the defaults of the Kubernetes HPA', async () => {
    const { metrics, scaleUp, scaleDown, ...rest } = await policyOf('{max: 5, target: {cpu: 70%}}');
    assert.deepEqual(metrics, [{ kind: 'cpu', utilization: 0.7, requestCores: 1, basis: 'one core' }]);
    assert.deepEqual([scaleUp, scaleDown], [defaultUp, defaultDown]);
    assert.deepEqual(rest, {
      min: 1,
      max: 5,
      schedule: [],
      isShadow: false,
      intervalMs: 15_000,
      windowMs: 15_000,
      cpuInitializationMs: 300_000,
      initialReadinessMs: 30_000,
      memoryReserveBytes: undefined,
      memoryLimitBytes: undefined,
      connections: [],
    });
  });

  test('takes shares of the reservation, else of the limit, else of one core', async () => {
    const requests = async (resources: string) => {
      const { metrics, memoryLimitBytes } = await policyOf(
        '{max: 5, target: {cpu: 0.5, memory: 80%}}',
        `    deploy: {resources: ${resources}}\n`,
      );
      const [cpu, memory] = metrics;
      assert.ok(cpu?.kind === 'cpu' && memory?.kind === 'memory');
      return [cpu.requestCores, cpu.basis, memory.averageBytes, memory.basis, memoryLimitBytes];
    };
    assert.deepEqual(
      await requests(
        '{limits: {memory: 100, cpus: "2"}, reservations: {memory: 50, cpus: "0.25"}}'
          .replace('100', '"100"')
          .replace('50,', '"50",'),
      ),
      [0.25, 'reservation', 40, 'reservation', 100],
    );
    assert.deepEqual(await requests('{limits: {memory: "100", cpus: "2"}}'), [2, 'limit', 80, 'limit', 100]);
    assert.deepEqual(await requests('{limits: {memory: "100"}}'), [1, 'one core', 80, 'limit', 100]);
  });

  test('takes every metric, in one order', async () => {
    const { metrics } = await policyOf(
      '{max: 5, target: {prometheus: {url: "http://p:9090", query: up, average_value: 3}, p95: 250ms, requests_per_second: 50, in_flight: 2.5, memory: 64M}}',
    );
    assert.deepEqual(metrics, [
      { kind: 'memory', averageBytes: 64 * 2 ** 20, utilization: undefined, basis: undefined },
      { kind: 'in_flight', average: 2.5 },
      { kind: 'requests_per_second', average: 50 },
      { kind: 'p95', targetMs: 250 },
      { kind: 'prometheus', url: 'http://p:9090', query: 'up', value: 3, per: 'replica' },
    ]);
  });

  test('takes a behavior; what it does not say stays as it is', async () => {
    const { scaleUp, scaleDown } = await policyOf(
      '{max: 5, target: {cpu: 70%}, behavior: {tolerance: 5%, scale_up: {policies: [{type: Pods, value: 1, period: 30s}], select_policy: Min}, scale_down: {stabilization_window: 0s, tolerance: 0.2}}}',
    );
    assert.deepEqual(scaleUp, {
      stabilizationMs: 0,
      selectPolicy: 'Min',
      policies: [{ type: 'Pods', value: 1, periodMs: 30_000 }],
      tolerance: 0.05,
    });
    assert.deepEqual(scaleDown, { ...defaultDown, stabilizationMs: 0, tolerance: 0.2 });
  });

  test('takes a schedule, by hours and by cron', async () => {
    const { schedule } = await policyOf(
      '{max: 5, target: {cpu: 70%}, schedule: [{days: mon-fri, hours: "08:00-18:30", min: 3, time_zone: Europe/Berlin}, {cron: "0 22 * * 5-7", duration: 8h, max: 2, time_zone: UTC}]}',
    );
    assert.deepEqual(schedule[0], {
      when: { kind: 'hours', days: [1, 2, 3, 4, 5], from: 480, until: 1110 },
      timeZone: 'Europe/Berlin',
      min: 3,
      max: undefined,
    });
    const when = schedule[1]?.when;
    assert.ok(when?.kind === 'cron');
    assert.deepEqual(
      [when.cron.minutes, when.cron.hours, when.cron.daysOfWeek, when.durationMinutes],
      [[0], [22], [0, 5, 6], 480],
    );
  });

  test('changes nothing of the revision', async () => {
    const revision = async (text: string) => (await resolve(text)).stack.services['web']?.revision;
    assert.equal(
      await revision('services: {web: {image: a, x-tenfold: {autoscale: {max: 2, target: {cpu: 70%}}}}}'),
      await revision('services: {web: {image: a}}'),
    );
  });

  test('counts connections against the max_connections of another service', async () => {
    const { stack } = await resolve(
      'services: {web: {image: a, x-tenfold: {autoscale: {max: 9, target: {cpu: 70%}, connections: {db: 20}}}}, db: {image: b, x-tenfold: {max_connections: 100}}}',
    );
    assert.deepEqual(stack.services['web']?.autoscale?.connections, [
      { service: 'db', perReplica: 20, total: 100 },
    ]);
  });
});

describe('an autoscale section is refused, with its place,', () => {
  const rows: readonly (readonly [what: string, autoscale: string, path: string, message: RegExp])[] = [
    ['without max', '{target: {cpu: 70%}}', '', /missing property 'max'/],
    ['without a target', '{max: 3}', '', /missing property 'target'/],
    ['with an empty target', '{max: 3, target: {}}', '.target', /names no metric/],
    [
      'with a key that there is not',
      '{max: 3, target: {cpus: 70%}}',
      '.target.cpus',
      /'cpus' is not allowed/,
    ],
    ['with min above max', '{min: 4, max: 3, target: {cpu: 70%}}', '.min', /min is above its max/],
    [
      'with a whole number for a share',
      '{max: 3, target: {cpu: 70}}',
      '.target.cpu',
      /must be a share from 1%/,
    ],
    [
      'with a share of no memory',
      '{max: 3, target: {memory: 80%}}',
      '.target.memory',
      /share of memory needs/,
    ],
    [
      'with a queue that there is not',
      '{max: 3, target: {queue_time: 50ms}}',
      '.target.queue_time',
      /without max_connections/,
    ],
    ['with a time of nothing', '{max: 3, target: {p95: 0s}}', '.target.p95', /must be a time above 0/],
    [
      'with two targets of a query',
      '{max: 3, target: {prometheus: {url: "http://p", query: q, value: 1, average_value: 2}}}',
      '.target.prometheus',
      /one target/,
    ],
    [
      'with a query to nowhere',
      '{max: 3, target: {prometheus: {url: p, query: q, value: 1}}}',
      '.target.prometheus.url',
      /does not match/,
    ],
    [
      'with a word for a policy',
      '{max: 3, target: {cpu: 70%}, behavior: {scale_up: {select_policy: Both}}}',
      '.behavior.scale_up.select_policy',
      /must be one of 'Max', 'Min', 'Disabled'/,
    ],
    [
      'with a window of hours',
      '{max: 3, target: {cpu: 70%}, behavior: {scale_down: {stabilization_window: 2h}}}',
      '.behavior.scale_down.stabilization_window',
      /too long/,
    ],
    [
      'with a period of an hour',
      '{max: 3, target: {cpu: 70%}, behavior: {scale_down: {policies: [{type: Pods, value: 1, period: 1h}]}}}',
      '.behavior.scale_down.policies[0].period',
      /no such period/,
    ],
    [
      'with a schedule of no time',
      '{max: 3, target: {cpu: 70%}, schedule: [{min: 2}]}',
      '.schedule[0]',
      /says when it holds in one way/,
    ],
    [
      'with a cron of four fields',
      '{max: 3, target: {cpu: 70%}, schedule: [{cron: "0 8 * *", duration: 1h, min: 2}]}',
      '.schedule[0].cron',
      /has not five fields/,
    ],
    [
      'with an hour that there is not',
      '{max: 3, target: {cpu: 70%}, schedule: [{cron: "0 24 * * *", duration: 1h, min: 2}]}',
      '.schedule[0].cron',
      /24 is no hour/,
    ],
    [
      'with a cron of no duration',
      '{max: 3, target: {cpu: 70%}, schedule: [{cron: "0 8 * * *", min: 2}]}',
      '.schedule[0]',
      /duration how long/,
    ],
    [
      'with a day that there is not',
      '{max: 3, target: {cpu: 70%}, schedule: [{days: moon, min: 2}]}',
      '.schedule[0].days',
      /moon is no day/,
    ],
    [
      'with a time zone that there is not',
      '{max: 3, target: {cpu: 70%}, schedule: [{days: mon, min: 2, time_zone: Mars/Base}]}',
      '.schedule[0].time_zone',
      /no time zone/,
    ],
    [
      'with a schedule above max',
      '{max: 3, target: {cpu: 70%}, schedule: [{days: mon, min: 4}]}',
      '.schedule[0].min',
      /min 4 is above max 3/,
    ],
    [
      'with connections to nobody',
      '{max: 3, target: {cpu: 70%}, connections: {bd: 5}}',
      '.connections.bd',
      /no service bd/,
    ],
    [
      'with connections to one that says nothing',
      '{max: 3, target: {cpu: 70%}, connections: {db: 5}}',
      '.connections.db',
      /does not say how many/,
    ],
    [
      'with more connections than there are',
      '{min: 5, max: 9, target: {cpu: 70%}, connections: {cache: 5}}',
      '.connections.cache',
      /min asks for more connections/,
    ],
    ['deciding all the time', '{max: 3, interval: 10ms, target: {cpu: 70%}}', '.interval', /that fast/],
    [
      'looking at too little',
      '{max: 3, window: 1s, target: {cpu: 70%}}',
      '.window',
      /hold some measurements/,
    ],
  ];
  for (const [what, autoscale, path, message] of rows) {
    test(what, async () => {
      const text = `services:\n  db: {image: b}\n  cache: {image: c, x-tenfold: {max_connections: 20}}\n  web:\n    image: a\n    ports: ['80:80']\n    x-tenfold:\n      autoscale: ${autoscale}\n`;
      const [error] = await refusals(resolve(text));
      assert.match(error?.message ?? '', message);
      assert.equal(error?.where?.path, `services.web.x-tenfold.autoscale${path}`);
      assert.equal(error.where.line, 8);
      assert.ok((error.where.column ?? 0) > 0);
    });
  }

  const places: readonly (readonly [what: string, text: string, path: string, message: RegExp])[] = [
    [
      'at the top level',
      'x-tenfold: {autoscale: {max: 3, target: {cpu: 70%}}}\nservices: {web: {image: a}}',
      'x-tenfold.autoscale',
      /would scale every service/,
    ],
    [
      'on requests that pass by the balancer',
      'services: {web: {image: a, x-tenfold: {autoscale: {max: 3, target: {in_flight: 3}}}}}',
      'services.web.x-tenfold.autoscale.target.in_flight',
      /no traffic of web passes through the balancer/,
    ],
    [
      'at zero, where nothing wakes it',
      'services: {web: {image: a, x-tenfold: {autoscale: {min: 0, max: 3, target: {cpu: 70%}}}}}',
      'services.web.x-tenfold.autoscale.min',
      /nothing could wake web up/,
    ],
    [
      'for a container_name',
      'services: {web: {image: a, container_name: only, x-tenfold: {autoscale: {max: 3, target: {cpu: 70%}}}}}',
      'services.web.x-tenfold.autoscale.max',
      /given to one replica only/,
    ],
    [
      'for a port that each would publish',
      'services: {web: {image: a, ports: ["80:80"], x-tenfold: {publish: direct, autoscale: {max: 3, target: {cpu: 70%}}}}}',
      'services.web.x-tenfold.autoscale.max',
      /would publish port 80 itself/,
    ],
    [
      'beside mode: global',
      'services: {web: {image: a, deploy: {mode: global}, x-tenfold: {autoscale: {max: 3, target: {cpu: 70%}}}}}',
      'services.web.x-tenfold.autoscale',
      /exclude each other/,
    ],
  ];
  for (const [what, text, path, message] of places) {
    test(what, async () => {
      const [error] = await refusals(resolve(text));
      assert.match(error?.message ?? '', message);
      assert.equal(error?.where?.path, path);
    });
  }

  test('with all that is wrong at once', async () => {
    const text =
      'services: {web: {image: a, ports: [80], x-tenfold: {autoscale: {min: 4, max: 3, target: {p95: 0s}}}}, b: {image: b, x-tenfold: {autoscale: {max: 1, target: {}}}}}';
    assert.equal((await refusals(resolve(text))).length, 3);
  });
});
