import { dryRun, type Outcome } from './dry-run.ts';
import { refuseDuringRollout } from '../rollout/refuse-during-rollout.ts';
import { runChange } from './run-change.ts';
import type { StackRegistry } from './stack-registry.ts';
import {
  bringDown,
  drainInstance,
  restartServices,
  scaleTo,
  startServices,
  stopServices,
  touchedServices,
  undrainInstance,
} from './transitions.ts';
import type { StackSession } from './stack-session.ts';
import type {
  ChangeRequest,
  DownRequest,
  InstanceRequest,
  ScaleRequest,
  ServicesRequest,
} from '../control-api.ts';
import type { Desired } from '../../controller/desired.ts';
import { TenfoldError } from '../../shared/errors.ts';

export { up } from './up.ts';

export function scale(
  session: StackSession,
  request: ScaleRequest,
  registry: StackRegistry,
  signal: AbortSignal,
): Promise<Outcome> {
  const after = scaleTo(session.controller.desired, request.scale, registry.options.clock.now());
  return simpleChange('scale', session, request, after, Object.keys(request.scale), signal);
}

export function stop(session: StackSession, request: ServicesRequest, signal: AbortSignal): Promise<Outcome> {
  return simpleChange(
    'stop',
    session,
    request,
    stopServices(session.controller.desired, request.services, request.graceMs),
    request.services,
    signal,
  );
}

export function start(
  session: StackSession,
  request: ServicesRequest,
  registry: StackRegistry,
  signal: AbortSignal,
): Promise<Outcome> {
  const after = startServices(session.controller.desired, request.services, registry.options.clock.now());
  return simpleChange('start', session, request, after, request.services, signal);
}

export function restart(
  session: StackSession,
  request: ServicesRequest,
  registry: StackRegistry,
  signal: AbortSignal,
): Promise<Outcome> {
  const { desired } = session.controller;
  const after = restartServices(desired, request.services, request.graceMs, registry.options.clock.now());
  return simpleChange('restart', session, request, after, request.services, signal);
}

export async function down(
  session: StackSession,
  request: DownRequest,
  registry: StackRegistry,
  signal: AbortSignal,
): Promise<Outcome> {
  const outcome = await simpleChange(
    'down',
    session,
    request,
    bringDown(session.controller.desired, request),
    undefined,
    signal,
  );
  if (outcome.type === 'report') await registry.close(session);
  return outcome;
}

/** Throws `unknown-instance`, and `last-replica` when nothing else would take the service's requests. */
export function drain(
  session: StackSession,
  request: InstanceRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  const service = serviceOfInstance(session, request.instance);
  const others = session.controller.last?.observed.byService
    .get(service)
    ?.filter(({ replica, rotation }) => replica.instance !== request.instance && rotation === 'active');
  if (others?.length === 0 && request.isForced !== true) {
    throw new TenfoldError(
      'last-replica',
      `${request.instance} is the last replica of ${service} in rotation`,
      {
        hint: `scale ${service} up first, or say drain --force to leave it with nothing in rotation`,
      },
    );
  }
  return simpleChange(
    'drain',
    session,
    request,
    drainInstance(session.controller.desired, request.instance),
    [service],
    signal,
  );
}

export function undrain(
  session: StackSession,
  request: InstanceRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  const service = serviceOfInstance(session, request.instance);
  return simpleChange(
    'undrain',
    session,
    request,
    undrainInstance(session.controller.desired, request.instance),
    [service],
    signal,
  );
}

/** Commands that do not care what was under way. */
const superseding = new Set(['stop', 'down']);

async function simpleChange(
  command: string,
  session: StackSession,
  request: ChangeRequest,
  after: Desired,
  services: Iterable<string> | undefined,
  signal: AbortSignal,
): Promise<Outcome> {
  const before = session.controller.desired;
  if (!superseding.has(command)) refuseDuringRollout(before, command);
  if (request.isDryRun === true) {
    const { observed } = session.controller.last ?? (await session.controller.until(() => true, signal));
    return dryRun(after, observed);
  }
  const touched = new Set([...(services ?? Object.keys(after.services)), ...touchedServices(before, after)]);
  const isReversible = command === 'scale';
  const change = {
    command,
    requester: request.requester,
    before,
    after,
    services: touched,
    isReversible,
    warnings: [],
  };
  return { type: 'report', report: await runChange(session, change, signal) };
}

function serviceOfInstance(session: StackSession, instance: string): string {
  const replicas = session.controller.last?.observed.replicas ?? [];
  const found = replicas.find(({ replica }) => replica.instance === instance);
  if (found !== undefined) return found.replica.service;
  throw new TenfoldError('unknown-instance', `the stack ${session.name} runs no instance ${instance}`, {
    expected: `one of ${replicas.map(({ replica }) => replica.instance).join(', ') || '(none runs)'}`,
    got: instance,
  });
}
