import type {
  CanaryStep,
  FailureAction,
  GatePolicy,
  RequestMark,
  RolloutHooks,
  RolloutPolicy,
  SmokeTest,
  UpdatePolicy,
} from '../../../model/rollout.ts';
import type { Service } from '../../../model/service.ts';
import { misfitOf } from '../../../rollout/strategies/misfit.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import { didYouMean } from '../../nearest-name.ts';
import type { Project, ServiceConfig } from '../../project.ts';
import type { StepConfig, XTenfoldRollout } from '../../schema/tenfold/rollout.ts';
import { milliseconds } from '../balancing.ts';

type ChangeConfig = NonNullable<NonNullable<ServiceConfig['deploy']>['update_config']>;

/** Docker's own default. */
const defaultMonitorMs = 5_000;
/** Compose's default is to pause; where a file says nothing, a failed update is undone, so that nobody has to be there. */
const defaultFailureAction: FailureAction = 'rollback';

const defaultSteps: readonly CanaryStep[] = [
  { kind: 'share', share: 0.05 },
  { kind: 'share', share: 0.25 },
  { kind: 'share', share: 0.5 },
  { kind: 'share', share: 1 },
];

/** `deploy.update_config`; what holds data or a port of the host can only make room before it starts anew. */
export function updatePolicy(config: ChangeConfig | undefined, hasToStopFirst: boolean): UpdatePolicy {
  return {
    parallelism: config?.parallelism ?? 1,
    delayMs: milliseconds(config?.delay, 0),
    order: config?.order ?? (hasToStopFirst ? 'stop-first' : 'start-first'),
    failureAction: isFailureAction(config?.failure_action) ? config.failure_action : defaultFailureAction,
    monitorMs: milliseconds(config?.monitor, defaultMonitorMs),
    maxFailureRatio: config?.max_failure_ratio ?? 0,
  };
}

/** `deploy.rollback_config`; what it leaves out is as in the update, except that nothing delays the way back. */
export function rollbackPolicy(config: ChangeConfig | undefined, update: UpdatePolicy): UpdatePolicy {
  const action = config?.failure_action;
  return {
    parallelism: config?.parallelism ?? update.parallelism,
    delayMs: milliseconds(config?.delay, 0),
    order: config?.order ?? update.order,
    // There is nothing further to roll back to.
    failureAction: action === 'continue' ? 'continue' : 'pause',
    monitorMs: milliseconds(config?.monitor, update.monitorMs),
    maxFailureRatio: config?.max_failure_ratio ?? 0,
  };
}

/** Throws `invalid-compose` for a word that is no failure action; for the way back, `rollback` is none either. */
export function checkFailureActions(name: string, { deploy }: ServiceConfig, project: Project): void {
  for (const key of ['update_config', 'rollback_config'] as const) {
    const got = deploy?.[key]?.failure_action;
    const words = key === 'update_config' ? ['pause', 'continue', 'rollback'] : ['pause', 'continue'];
    if (got === undefined || words.includes(got)) continue;
    throw new TenfoldError('invalid-compose', `service ${name}: ${got} is no failure action`, {
      where: project.locate('services', name, 'deploy', key, 'failure_action'),
      expected: words.join(', '),
      got,
      ...didYouMean(got, words),
    });
  }
}

function isFailureAction(word: string | undefined): word is FailureAction {
  return word === 'pause' || word === 'continue' || word === 'rollback';
}

/** `x-tenfold.rollout`. */
export function rolloutPolicy(config: XTenfoldRollout = {}): RolloutPolicy {
  return {
    strategy: config.strategy ?? 'rolling',
    keepMs: milliseconds(config.keep, 600_000),
    smoke: smokeTest(config.smoke),
    hooks: rolloutHooks(config.hooks),
    steps: canarySteps(config.steps),
    header: requestMark(config.header),
    cookie: requestMark(config.cookie),
    gate: gatePolicy(config.gate),
  };
}

/**
 * The policy of one service. A strategy that stands at the top level is meant for those services that can have it; one
 * that stands in the service itself, and that it cannot have, is `invalid-compose`.
 */
export function checkedRolloutPolicy(
  service: Pick<Service, 'name' | 'listeners' | 'update'>,
  config: XTenfoldRollout | undefined,
  project: Project,
): RolloutPolicy {
  const policy = rolloutPolicy(config);
  const own = project.tenfold.services[service.name]?.rollout;
  const refuse = (message: string, expected: string, ...keys: string[]): TenfoldError =>
    new TenfoldError('invalid-compose', `service ${service.name}: ${message}`, {
      where: project.locate('services', service.name, 'x-tenfold', 'rollout', ...keys),
      expected,
      got: policy.strategy,
    });
  if (own?.smoke !== undefined && (own.smoke.command === undefined) === (own.smoke.path === undefined))
    throw refuse('a smoke test has either a command or a path', 'one of command and path', 'smoke');
  if (own?.hooks !== undefined && policy.hooks === undefined)
    throw refuse('hooks name no command', 'before_switch, after_switch or both', 'hooks');
  const shares = policy.steps.flatMap((step) => (step.kind === 'share' ? [step.share] : []));
  if (shares.some((share, at) => share <= (shares[at - 1] ?? 0)))
    throw refuse('the shares of a canary have to grow', 'each share larger than the one before', 'steps');
  const problem = misfitOf(service, policy.strategy);
  if (problem !== undefined && own?.strategy !== undefined) throw refuse(problem, 'rolling', 'strategy');
  return problem === undefined ? policy : { ...policy, strategy: 'rolling' };
}

function smokeTest(config: XTenfoldRollout['smoke']): SmokeTest | undefined {
  const timeoutMs = milliseconds(config?.timeout, 60_000);
  if (config?.command !== undefined) return { kind: 'command', command: config.command, timeoutMs };
  return config?.path === undefined ? undefined : { kind: 'path', path: config.path, timeoutMs };
}

function rolloutHooks(config: XTenfoldRollout['hooks']): RolloutHooks | undefined {
  const { before_switch: beforeSwitch, after_switch: afterSwitch, timeout } = config ?? {};
  if (beforeSwitch === undefined && afterSwitch === undefined) return undefined;
  return { beforeSwitch, afterSwitch, timeoutMs: milliseconds(timeout, 60_000) };
}

function canarySteps(config: readonly StepConfig[] | undefined): readonly CanaryStep[] {
  if (config === undefined || config.length === 0) return defaultSteps;
  const steps = config.map((step): CanaryStep => {
    if ('share' in step) return { kind: 'share', share: step.share };
    return {
      kind: 'pause',
      durationMs: step.pause === 'manual' ? undefined : milliseconds(step.pause, 0),
    };
  });
  // Before the first share there is nothing to pause at.
  while (steps[0]?.kind === 'pause') steps.shift();
  const last = steps.findLast(({ kind }) => kind === 'share');
  return last?.kind === 'share' && last.share === 1 ? steps : [...steps, { kind: 'share', share: 1 }];
}

function requestMark(config: XTenfoldRollout['header']): RequestMark | undefined {
  const { name, value } = config ?? {};
  return name === undefined || value === undefined ? undefined : { name, value };
}

function gatePolicy(config: XTenfoldRollout['gate']): GatePolicy | undefined {
  if (config === false) return undefined;
  return {
    maxErrorRateIncrease: config?.max_error_rate_increase ?? 0.01,
    latencyQuantile: Number((config?.latency ?? 'p95').slice(1)) / 100,
    maxLatencyIncrease: config?.max_latency_increase ?? 1,
    confidence: config?.confidence ?? 0.95,
    minRequests: config?.min_requests ?? 50,
    windowMs: milliseconds(config?.window, 300_000),
  };
}
