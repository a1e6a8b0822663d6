import type { ServiceStatus } from '../../daemon/control-api.ts';
import { plural } from './format.ts';

/** A change that a page can ask for, in all that a person has to know before agreeing. */
export interface Action {
  readonly title: string;
  /** On the button that does it. */
  readonly verb: string;
  /** What it means; the plan says what exactly will happen. */
  readonly explanation: string;
  readonly stack: string;
  /** Below `v1/stacks/STACK/`. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** The same on the command line, without `tenfold`. */
  readonly commandLine: string;
  /** Whether the API can say beforehand what it would do. */
  readonly hasPlan: boolean;
  readonly isDangerous: boolean;
  /** What takes it back, if anything does. */
  readonly undo?: Action;
}

export function scaleAction(stack: string, service: ServiceStatus, replicas: number): Action {
  return scaleTo(stack, service.name, replicas, scaleTo(stack, service.name, service.desired, undefined));
}

function scaleTo(stack: string, service: string, replicas: number, undo: Action | undefined): Action {
  return {
    title: `Scale ${service}`,
    verb: `Scale to ${replicas}`,
    explanation:
      replicas === 0
        ? `${service} will have no replica: its requests are answered with 503.`
        : `${service} will have ${plural(replicas, 'replica')}. Those that go finish their requests first.`,
    stack,
    path: 'scale',
    body: { scale: { [service]: replicas } },
    commandLine: `-p ${stack} scale ${service}=${replicas}`,
    hasPlan: true,
    isDangerous: replicas === 0,
    ...(undo !== undefined && { undo }),
  };
}

export function drainAction(stack: string, instance: string, isForced = false): Action {
  return {
    title: `Drain ${instance}`,
    verb: isForced ? 'Drain all the same' : 'Drain',
    explanation: isForced
      ? `${instance} is the last one in rotation: without it, requests are answered with 503.`
      : `${instance} gets no new requests, finishes those it has, and goes on running.`,
    stack,
    path: 'drain',
    body: { instance, ...(isForced && { isForced }) },
    commandLine: `-p ${stack} drain ${isForced ? '--force ' : ''}${instance}`,
    hasPlan: true,
    isDangerous: isForced,
    undo: undrainAction(stack, instance),
  };
}

export function undrainAction(stack: string, instance: string): Action {
  return {
    title: `Put ${instance} back`,
    verb: 'Put back',
    explanation: `${instance} takes requests again.`,
    stack,
    path: 'undrain',
    body: { instance },
    commandLine: `-p ${stack} undrain ${instance}`,
    hasPlan: true,
    isDangerous: false,
  };
}

export function restartAction(stack: string, service: string): Action {
  return {
    title: `Restart ${service}`,
    verb: 'Restart',
    explanation: `Every replica of ${service} is restarted, a few at a time; each finishes its requests first.`,
    stack,
    path: 'restart',
    body: { services: [service] },
    commandLine: `-p ${stack} restart ${service}`,
    hasPlan: true,
    isDangerous: false,
  };
}

export function startAction(stack: string, service: string): Action {
  return {
    title: `Start ${service}`,
    verb: 'Start',
    explanation: `The replicas of ${service} that were stopped are started again.`,
    stack,
    path: 'start',
    body: { services: [service] },
    commandLine: `-p ${stack} start ${service}`,
    hasPlan: true,
    isDangerous: false,
  };
}

export function deployAction(stack: string, configFiles: readonly string[]): Action {
  return {
    title: `Deploy ${stack}`,
    verb: 'Deploy',
    explanation:
      `${configFiles.join(', ')} ${configFiles.length === 1 ? 'is' : 'are'} read again, and what changed there is ` +
      'carried out. Services that did not change are left alone.',
    stack,
    path: 'deploy',
    body: {},
    commandLine: `${configFiles.map((file) => `-f ${file} `).join('')}-p ${stack} up -d`,
    hasPlan: true,
    isDangerous: false,
  };
}

export function pauseAutoscaleAction(stack: string, service: string, isToPause: boolean): Action {
  const act = (pauses: boolean): Action => ({
    title: pauses ? `Pause the autoscaler of ${service}` : `Let ${service} scale by itself again`,
    verb: pauses ? 'Pause' : 'Resume',
    explanation: pauses
      ? `${service} keeps the replicas that it has until the autoscaler is resumed; it can be scaled by hand meanwhile.`
      : `The autoscaler decides again how many replicas ${service} has.`,
    stack,
    path: pauses ? 'autoscale/pause' : 'autoscale/resume',
    body: { services: [service] },
    commandLine: `-p ${stack} autoscale ${pauses ? 'pause' : 'resume'} ${service}`,
    hasPlan: false,
    isDangerous: false,
  });
  return { ...act(isToPause), undo: act(!isToPause) };
}

type RolloutVerb = 'pause' | 'resume' | 'promote' | 'abort';

const rolloutWords: Record<RolloutVerb, readonly [verb: string, explanation: (service: string) => string]> = {
  pause: [
    'Pause',
    (service) => `The rollout of ${service} stays where it is until it is resumed, promoted or aborted.`,
  ],
  resume: ['Resume', (service) => `The rollout of ${service} goes on from where it stands.`],
  promote: [
    'Promote',
    (service) => `The rollout of ${service} takes its next step now, without waiting for its verdict.`,
  ],
  abort: ['Abort', (service) => `${service} goes back to the revision that it came from.`],
};

/** Something said to a rollout that is under way. */
export function rolloutAction(stack: string, service: string, action: RolloutVerb): Action {
  const [verb, explanation] = rolloutWords[action];
  return {
    title: `${verb} the rollout of ${service}`,
    verb,
    explanation: explanation(service),
    stack,
    path: 'rollout',
    body: { action, services: [service] },
    commandLine: `-p ${stack} rollout ${action} ${service}`,
    hasPlan: false,
    isDangerous: action === 'abort',
  };
}

/** Back to a revision that ran before; undefined: to the one before this. */
export function undoAction(stack: string, service: string, to?: number): Action {
  return {
    title:
      to === undefined ? `Undo the last rollout of ${service}` : `Take ${service} back to revision ${to}`,
    verb: 'Go back',
    explanation: `${service} moves to the revision that ran before, as every rollout does: its requests are served meanwhile.`,
    stack,
    path: 'rollout',
    body: { action: 'undo', services: [service], ...(to !== undefined && { to: String(to) }) },
    commandLine: `-p ${stack} rollout undo ${service}${to === undefined ? '' : ` --to ${to}`}`,
    hasPlan: true,
    isDangerous: false,
  };
}
