import { isBalanced } from '../balanced-targets.ts';
import type { Change } from '../changes.ts';
import type { Desired, DesiredService } from '../desired.ts';
import type { Observed, ObservedReplica } from '../observed.ts';
import { isServing } from '../reconcile/service-view.ts';
import type { Evidence } from './rollout-facts.ts';
import type { Service } from '../../model/service.ts';
import { earliest } from '../../shared/earliest.ts';
import { chooseRecycled, type RecycleFacts } from '../../rollout/recycle.ts';

export interface RecyclingDecision {
  /** The very same object when nothing is to be stored. */
  readonly desired: Desired;
  readonly news: readonly Change[];
  readonly wakeAt: number | undefined;
}

/** Samples older than this say nothing of the memory that a replica uses now. */
const freshMs = 15_000;

/** Names the next replica that is to be replaced for its age, requests or memory: one of a service, and only while all of it serves. */
export function decideRecycling(
  desired: Desired,
  observed: Observed,
  metrics: Evidence['metrics'],
): RecyclingDecision {
  let next = desired;
  const news: Change[] = [];
  const wakeTimes: number[] = [];
  const put = (name: string, wanted: DesiredService, recycling: DesiredService['recycling']): void => {
    next = { ...next, services: { ...next.services, [name]: { ...wanted, recycling } } };
  };
  for (const service of Object.values(desired.stack.services)) {
    const wanted = desired.services[service.name];
    const { name, recycle } = service;
    if (wanted === undefined) continue;
    if (wanted.recycling !== undefined) {
      if (!isStillThere(wanted.recycling, observed.byService.get(name))) put(name, wanted, undefined);
      continue;
    }
    if (recycle === undefined || wanted.phase !== 'running' || wanted.rollout !== undefined) continue;
    const replicas = wholeService(service, wanted, observed);
    if (replicas === undefined) continue;
    const facts = withMemory(replicas, service, desired.stack.name, observed.now, metrics);
    const { choice, wakeAt } = chooseRecycled(recycle, facts, observed.now);
    if (wakeAt !== undefined) wakeTimes.push(wakeAt);
    if (choice === undefined) continue;
    const { replicaId, instance, startedAt } = choice.replica;
    put(name, wanted, { replicaId, startedAt, reason: choice.reason });
    news.push({ kind: 'replica.recycled', service: name, instance, replicaId, message: choice.reason });
  }
  return { desired: next, news, wakeAt: earliest(wakeTimes) };
}

/** The run that is to end has not ended yet. */
function isStillThere(
  { replicaId, startedAt }: NonNullable<DesiredService['recycling']>,
  replicas: readonly ObservedReplica[] = [],
): boolean {
  return replicas.some(
    ({ replica: { id, state } }) =>
      id === replicaId && (state.kind !== 'running' || state.startedAt === startedAt),
  );
}

/** Undefined while anything of the service does not serve, or is not healthy: never are two missing at once. */
function wholeService(
  service: Service,
  wanted: DesiredService,
  observed: Observed,
): readonly RecycleFacts[] | undefined {
  const present = observed.byService.get(service.name) ?? [];
  const isBlind = observed.unreachable.has(service.kind) || !observed.isBalancerReachable;
  if (isBlind || present.length !== wanted.replicas || observed.creating.has(service.name)) return undefined;
  const view = { isBalanced: isBalanced(service) };
  const facts = present.flatMap((each) => {
    const { replica, health, requests } = each;
    const { id: replicaId, instance, state } = replica;
    const isWell = health === 'healthy' && isServing(each, view);
    if (state.kind !== 'running' || !isWell || observed.busy.has(replicaId)) return [];
    return [{ replicaId, instance, startedAt: state.startedAt, requests, memoryBytes: undefined }];
  });
  return facts.length === present.length ? facts : undefined;
}

/** What the runtime says that they use, where anybody asks it. */
function withMemory(
  replicas: readonly RecycleFacts[],
  service: Service,
  stackName: string,
  now: number,
  metrics: Evidence['metrics'],
): readonly RecycleFacts[] {
  if (service.recycle?.maxMemoryBytes === undefined) return replicas;
  const sample = metrics?.between(stackName, service.name, now - freshMs, now).at(-1);
  const used = new Map(sample?.replicas.map(({ replicaId, memoryBytes }) => [replicaId, memoryBytes]));
  return replicas.map((replica) => ({ ...replica, memoryBytes: used.get(replica.replicaId) }));
}
