import type { StackSession } from './stack-session.ts';
import type { ChangeReport, KillRequest } from '../control-api.ts';
import { isRunning } from '../../controller/observed.ts';
import { noTraffic } from '../../controller/observe/traffic-ledger.ts';
import { TenfoldError } from '../../shared/errors.ts';

/** Sends a signal to replicas, by service or instance; what comes of it is the controller's to see. */
export async function killReplicas(
  session: StackSession,
  request: KillRequest,
  signal: AbortSignal,
): Promise<ChangeReport> {
  const begun = Date.now();
  const { observed } = session.controller.last ?? (await session.controller.until(() => true, signal));
  const running = observed.replicas.filter(isRunning).map(({ replica }) => replica);
  for (const target of request.targets ?? []) {
    if (running.some(({ instance, service }) => instance === target || service === target)) continue;
    throw new TenfoldError('unknown-instance', `nothing called ${target} runs in the stack ${session.name}`, {
      expected: `one of ${running.map(({ instance }) => instance).join(', ') || '(none runs)'}`,
      got: target,
    });
  }
  const targets = running.filter(
    ({ instance, service }) =>
      request.targets === undefined ||
      request.targets.includes(instance) ||
      request.targets.includes(service),
  );
  session.record({
    kind: 'command.started',
    message: `${request.requester.commandLine} (by ${request.requester.user})`,
  });
  await Promise.all(
    targets.map((replica) => session.controller.consoleOf(replica).signal(replica, request.signal, signal)),
  );
  session.record({
    kind: 'command.finished',
    message: `${request.signal} sent to ${targets.map(({ instance }) => instance).join(', ') || 'nothing'}`,
  });
  session.controller.wake();
  const services = [...new Set(targets.map(({ service }) => service))].map((service) => {
    const count = running.filter((replica) => replica.service === service).length;
    return { service, before: count, after: count };
  });
  return {
    command: 'kill',
    stack: session.name,
    durationMs: Date.now() - begun,
    hasChanged: targets.length > 0,
    services,
    traffic: noTraffic,
    warnings: [],
  };
}
