import { constants } from 'node:os';
import type { HealthCheck, LifecycleHook, RestartPolicy, StopPolicy } from '../../model/service.ts';
import { TenfoldError } from '../../shared/errors.ts';
import { didYouMean } from '../nearest-name.ts';
import type { Project, ServiceConfig } from '../project.ts';
import { milliseconds } from './balancing.ts';

/** Compose `healthcheck` with the engine's own defaults. */
export function healthCheck({ healthcheck }: ServiceConfig): HealthCheck | undefined {
  const test = healthcheck?.test;
  if (healthcheck === undefined || test === undefined || test[0] === 'NONE' || healthcheck.disable === true) {
    return undefined;
  }
  return {
    test,
    // The engine takes 0 to mean its default.
    intervalMs: milliseconds(healthcheck.interval, 0) || 30_000,
    timeoutMs: milliseconds(healthcheck.timeout, 0) || 30_000,
    startPeriodMs: milliseconds(healthcheck.start_period, 0),
    startIntervalMs: milliseconds(healthcheck.start_interval, 0) || 5_000,
    retries: healthcheck.retries || 3,
  };
}

export function hooks(list: ServiceConfig['pre_stop'] = []): LifecycleHook[] {
  return list.map((hook) => ({
    command: hook.command ?? [],
    user: hook.user,
    privileged: hook.privileged ?? false,
    workingDir: hook.working_dir,
    environment: Object.fromEntries(
      Object.entries(hook.environment ?? {}).flatMap(([key, value]) =>
        value === null ? [] : [[key, value]],
      ),
    ),
  }));
}

export function stopPolicy(name: string, config: ServiceConfig, project: Project): StopPolicy {
  return {
    signal: signalName(config.stop_signal ?? 'SIGTERM', name, project),
    graceMs: milliseconds(config.stop_grace_period, 10_000),
    preStop: hooks(config.pre_stop),
  };
}

/** `TERM`, `sigterm` and `15` are all `SIGTERM`; `RTMIN+3` is one too, which only containers can be sent. */
function signalName(text: string, service: string, project: Project): string {
  const upper = text.toUpperCase();
  const full = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  if (Object.hasOwn(constants.signals, full) || /^SIGRTM(?:IN|AX)(?:[+-][0-9]+)?$/.test(full)) return full;
  const byNumber = Object.entries(constants.signals).find(([, number]) => String(number) === text);
  if (byNumber !== undefined) return byNumber[0];
  throw new TenfoldError('invalid-compose', `service ${service}: ${text} is no signal`, {
    where: project.locate('services', service, 'stop_signal'),
    expected: 'a signal such as SIGTERM',
    got: text,
    ...didYouMean(full, Object.keys(constants.signals)),
  });
}

const conditions = {
  none: 'none',
  'on-failure': 'on-failure',
  any: 'any',
  // Words of `restart:` that docker compose takes here too.
  always: 'any',
  'unless-stopped': 'any',
} as const;

/**
 * `deploy.restart_policy` to the letter when the file has one, else `restart`. A file that says nothing gets back-off:
 * a server, which has ports, whenever it ends; anything else on failure, because a job that ends well is done.
 */
export function restartPolicy(
  name: string,
  config: ServiceConfig,
  { isServer }: { readonly isServer: boolean },
  project: Project,
): RestartPolicy {
  const policy = config.deploy?.restart_policy;
  if (policy !== undefined) {
    const { condition = 'any', delay, max_attempts: maxAttempts, window } = policy;
    if (!isCondition(condition)) {
      throw wrongRestart(
        name,
        condition,
        Object.keys(conditions),
        project,
        'deploy',
        'restart_policy',
        'condition',
      );
    }
    return {
      condition: conditions[condition],
      delayMs: delay === undefined ? undefined : milliseconds(delay, 0),
      maxAttempts: maxAttempts === 0 ? undefined : maxAttempts,
      windowMs: window === undefined ? undefined : milliseconds(window, 0),
    };
  }
  const always = { delayMs: undefined, maxAttempts: undefined, windowMs: undefined } as const;
  const [word = '', attempts] = (config.restart ?? (isServer ? 'always' : 'on-failure')).split(':');
  switch (word) {
    case 'no':
      return { condition: 'none', ...always };
    case 'always':
    case 'unless-stopped':
      return { condition: 'any', ...always };
    case 'on-failure': {
      const count = Number(attempts ?? 0);
      if (Number.isInteger(count) && count >= 0) {
        return { condition: 'on-failure', ...always, maxAttempts: count === 0 ? undefined : count };
      }
    }
  }
  const words = ['no', 'always', 'unless-stopped', 'on-failure', 'on-failure:N'];
  throw wrongRestart(name, config.restart ?? '', words, project, 'restart');
}

function isCondition(text: string): text is keyof typeof conditions {
  return Object.hasOwn(conditions, text);
}

function wrongRestart(
  name: string,
  got: string,
  words: readonly string[],
  project: Project,
  ...keys: string[]
) {
  return new TenfoldError('invalid-compose', `service ${name}: ${got} is no restart policy`, {
    where: project.locate('services', name, ...keys),
    expected: words.join(', '),
    got,
    ...didYouMean(got, words),
  });
}
