import type { ContainerInspectInfo } from 'dockerode';
import type { PublishedPort, Replica, ReplicaState, RuntimeHealth } from '../../../model/replica.ts';
import { label } from '../labels.ts';

type InspectedState = ContainerInspectInfo['State'];

/** Everything of a replica but where it answers. */
export function replicaOf(details: ContainerInspectInfo): Omit<Replica, 'endpoints'> {
  const labels = details.Config.Labels;
  const service = labels[label.service] ?? '';
  const index = Number(labels[label.number] ?? 1);
  const { State: state } = details;
  return {
    id: details.Id,
    stack: labels[label.project] ?? '',
    service,
    index,
    instance: `${service}-${index}`,
    name: details.Name.replace(/^\//, ''),
    revision: labels[label.configHash] ?? '',
    state: stateOf(state, Date.parse(details.Created)),
    health: healthOf(state),
    createdAt: Date.parse(details.Created),
    pid: state.Running && state.Pid > 0 ? state.Pid : undefined,
    published: publishedPorts(details),
  };
}

function stateOf(state: InspectedState, createdAt: number): ReplicaState {
  switch (state.Status) {
    case 'running':
    case 'paused':
      return { kind: 'running', startedAt: Date.parse(state.StartedAt) };
    case 'restarting':
      return { kind: 'restarting', exitCode: state.ExitCode };
    case 'created':
      // With an error it was started, and could not be.
      return state.Error === '' ? { kind: 'created' } : exited(state, createdAt);
    default:
      // `exited`, and `dead` or `removing`, which are on their way out.
      return exited(state, createdAt);
  }
}

function exited(state: InspectedState, createdAt: number): ReplicaState {
  const startedAt = Date.parse(state.StartedAt);
  const finishedAt = Date.parse(state.FinishedAt);
  const reason = reasonOf(state);
  return {
    kind: 'exited',
    // Year 1 stands for never.
    startedAt: startedAt > 0 ? startedAt : undefined,
    exitCode: state.ExitCode,
    finishedAt: finishedAt > 0 ? finishedAt : createdAt,
    ...(reason === undefined ? {} : { reason }),
  };
}

function reasonOf(state: InspectedState): string | undefined {
  if (state.OOMKilled) return 'it ran out of memory and was killed by the kernel';
  if (state.Error !== '') return state.Error;
  return state.Status === 'dead' ? 'the engine could not remove it' : undefined;
}

/** A paused container keeps its last verdict, but answers nobody. */
function healthOf(state: InspectedState): RuntimeHealth {
  if (state.Status === 'paused') return 'unhealthy';
  const status = state.Health?.Status;
  return status === 'starting' || status === 'healthy' || status === 'unhealthy' ? status : 'none';
}

function publishedPorts({ NetworkSettings: settings }: ContainerInspectInfo): readonly PublishedPort[] {
  return Object.entries(settings.Ports ?? {}).flatMap(([name, bindings]) => {
    const [target, protocol] = name.split('/');
    if (protocol !== 'tcp' && protocol !== 'udp') return [];
    return (bindings ?? []).map(({ HostIp, HostPort }) => ({
      hostIp: HostIp,
      port: Number(HostPort),
      target: Number(target),
      protocol,
    }));
  });
}
