import type { ContainerInspectInfo } from 'dockerode';
import type { ReplicaSpec } from '../../runtime-driver.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { label } from '../labels.ts';
import { containerName } from '../names.ts';
import { inspectContainer } from './observe.ts';

export type NameClaim =
  | { readonly kind: 'free' }
  /** Created for this very replica and never started: an earlier attempt was cut short. */
  | { readonly kind: 'unstarted'; readonly id: string }
  /** The name is free now; its holder can have it back. */
  | { readonly kind: 'renamed'; readonly giveBack: (signal: AbortSignal) => Promise<void> };

/**
 * Makes a replica's name available. A predecessor that a rollout is about to replace steps aside under the name
 * that docker compose would use meanwhile, `<short id>_<name>`; a stranger's container is never touched.
 */
export async function claimName(engine: Engine, spec: ReplicaSpec, signal: AbortSignal): Promise<NameClaim> {
  const name = containerName(spec.stack, spec.service, spec.index);
  const holder = await inspectContainer(engine, name, signal);
  // The engine also answers to the beginning of an id.
  if (holder === undefined || holder.Name !== `/${name}`) return { kind: 'free' };
  if (!isPredecessor(holder, spec)) {
    throw new TenfoldError('runtime-failed', `the container name ${name} is taken`, {
      expected: `a free name for ${spec.service.name}-${spec.index} of stack ${spec.stack.name}`,
      got: `container ${holder.Id.slice(0, 12)} ${ownerOf(holder)}`,
      hint: `docker rename ${name} ANOTHER-NAME, or remove it when nobody needs it`,
    });
  }
  const isUnstarted = holder.State.Status === 'created' && holder.State.Error === '';
  if (isUnstarted && holder.Config.Labels[label.configHash] === spec.service.revision) {
    return { kind: 'unstarted', id: holder.Id };
  }
  const rename = (to: string, signal: AbortSignal): Promise<void> =>
    engine.send(`rename the container ${name}`, {
      method: 'POST',
      path: `/containers/${holder.Id}/rename`,
      query: { name: to },
      signal,
    });
  await rename(`${holder.Id.slice(0, 12)}_${name}`, signal);
  return { kind: 'renamed', giveBack: (signal) => rename(name, signal) };
}

function isPredecessor({ Config: { Labels: labels } }: ContainerInspectInfo, spec: ReplicaSpec): boolean {
  return (
    labels[label.project] === spec.stack.name &&
    labels[label.service] === spec.service.name &&
    labels[label.oneOff] !== 'True' &&
    (spec.service.containerName !== undefined || labels[label.number] === String(spec.index))
  );
}

function ownerOf({ Config: { Labels: labels } }: ContainerInspectInfo): string {
  const project = labels[label.project];
  return project === undefined ? 'of somebody else' : `of ${labels[label.service]} in project ${project}`;
}
