import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resolveStack } from '../../src/compose/resolve-stack.ts';
import type { RolloutPolicy } from '../../src/model/rollout.ts';
import { loadText, refusals } from './helpers/load-text.ts';

const web = (rollout: string, more = ''): string => `services:
  web:
    image: x
    ports: ['8080:80']
    ${more}
    x-tenfold:
      rollout: ${rollout}
`;

async function policyOf(text: string): Promise<RolloutPolicy> {
  const { stack } = resolveStack(await loadText(text), {});
  return stack.services['web']?.rollout ?? assert.fail('the stack has web');
}

describe('x-tenfold.rollout', () => {
  test('says all that it can', async () => {
    const policy = await policyOf(
      web(
        `{strategy: canary, steps: [5%, {pause: 2m}, 0.25, {pause: manual}], header: {name: X-Canary, value: 'yes'}, keep: 1m,
          smoke: {command: ./smoke.sh, timeout: 5s}, hooks: {before_switch: ./migrate.sh, after_switch: [./announce, web], timeout: 2m},
          gate: {max_error_rate_increase: 2%, latency: p99, max_latency_increase: 50%, confidence: 99%, min_requests: 10, window: 1m}}`,
      ),
    );
    assert.deepEqual(policy, {
      strategy: 'canary',
      keepMs: 60_000,
      smoke: { kind: 'command', command: ['/bin/sh', '-c', './smoke.sh'], timeoutMs: 5_000 },
      hooks: {
        beforeSwitch: ['/bin/sh', '-c', './migrate.sh'],
        afterSwitch: ['./announce', 'web'],
        timeoutMs: 120_000,
      },
      steps: [
        { kind: 'share', share: 0.05 },
        { kind: 'pause', durationMs: 120_000 },
        { kind: 'share', share: 0.25 },
        { kind: 'pause', durationMs: undefined },
        { kind: 'share', share: 1 },
      ],
      header: { name: 'X-Canary', value: 'yes' },
      cookie: undefined,
      gate: {
        maxErrorRateIncrease: 0.02,
        latencyQuantile: 0.99,
        maxLatencyIncrease: 0.5,
        confidence: 0.99,
        minRequests: 10,
        windowMs: 60_000,
      },
    });
  });

  test('at the top level is for the services that can have it', async () => {
    const text = (more: string) => `x-tenfold: {rollout: {strategy: blue-green}}
services: {web: {image: x, ports: ['8080:80']${more}}}`;
    assert.equal((await policyOf(text(''))).strategy, 'blue-green');
    assert.equal(
      (await policyOf(text(', deploy: {update_config: {order: stop-first}}'))).strategy,
      'rolling',
    );
  });

  test('can turn the comparison off', async () => {
    assert.equal((await policyOf(web('{gate: false}'))).gate, undefined);
  });

  for (const [what, rollout, expected, more] of [
    ['a share of nothing', '{steps: [0%]}', /steps\[0\] must be a share/, ''],
    ['more than all', '{steps: [120%]}', /steps\[0\] must be a share/, ''],
    ['a share in words', '{steps: [half]}', /steps\[0\] must be a share/, ''],
    ['a pause that is no time', '{steps: [5%, {pause: soon}]}', /invalid duration/, ''],
    ['a step of both', '{steps: [{pause: 1m, share: 5%}]}', /additional property 'share'/, ''],
    ['steps that grow smaller', '{strategy: canary, steps: [50%, 5%]}', /grow/, ''],
    ['an unknown strategy', '{strategy: bluegreen}', /must be one of/, ''],
    ['a gate that is true', '{gate: true}', /must be a mapping, or false/, ''],
    ['two smoke tests', '{smoke: {path: /a, command: b}}', /either a command or a path/, ''],
    ['hooks without a command', '{hooks: {timeout: 5s}}', /hooks name no command/, ''],
    ['a hook of another name', '{hooks: {before: x}}', /additional property 'before'/, ''],
    ['a smoke test of nothing', '{smoke: {timeout: 5s}}', /either a command or a path/, ''],
    [
      'a canary of what stops first',
      '{strategy: canary}',
      /can only stop before it starts anew/,
      'deploy: {update_config: {order: stop-first}}',
    ],
  ] as const) {
    test(`refuses ${what}, with its place`, async () => {
      const refused = await refusals(
        loadText(web(rollout, more)).then((project) => resolveStack(project, {})),
      );
      assert.match(refused[0]?.message ?? '', expected);
      assert.ok((refused[0]?.where?.line ?? 0) >= 7, JSON.stringify(refused[0]?.where));
    });
  }
});

test('a word that is no failure action is refused, and rollback is none for the way back', async () => {
  for (const [key, word] of [
    ['update_config', 'rollbak'],
    ['rollback_config', 'rollback'],
  ]) {
    const text = `services: {web: {image: x, deploy: {${key}: {failure_action: ${word}}}}}`;
    const refused = await refusals(loadText(text).then((project) => resolveStack(project, {})));
    assert.match(refused[0]?.message ?? '', new RegExp(`${word} is no failure action`));
  }
});
