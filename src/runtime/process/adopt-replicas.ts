import { isMarkerOf, recordVariable } from './system/leftovers.ts';
import type { LifeParts, ReplicaLife } from './replica-life.ts';
import type { ReplicaEntry } from './replica-registry.ts';

/**
 * Takes over what an earlier driver left: replicas that live go on as they are, those that ended are noted as ended
 * and what is left of their processes is killed, and a start that was cut short is found by its marker.
 * Throws `home-unusable` when the records cannot be listed.
 */
export async function adoptReplicas(parts: LifeParts & { readonly life: ReplicaLife }): Promise<void> {
  const entries = await parts.registry.load();
  const doubtful = entries.filter((entry) => !isSettled(entry, parts));
  for (const entry of entries)
    if (entry.record.run.kind === 'running' && !doubtful.includes(entry)) parts.life.begin(entry);
  if (doubtful.length === 0) return;

  const marked = parts.table.marked(recordVariable);
  for (const entry of doubtful) {
    const { id } = entry.record;
    const processes = marked.filter(({ marker }) => isMarkerOf(id, marker));
    const leader = processes.find(({ marker, pid, groupId }) => marker === id && pid === groupId);
    if (entry.record.run.kind === 'starting' && leader !== undefined) {
      const { pid, startToken } = leader;
      parts.registry.update(entry, {
        run: { kind: 'running', pid, startToken, startedAt: parts.clock.now() },
      });
      parts.life.begin(entry);
    } else {
      const { run } = entry.record;
      if (run.kind === 'running')
        parts.registry.update(entry, {
          run: {
            kind: 'exited',
            startedAt: run.startedAt,
            exitCode: null,
            finishedAt: parts.clock.now(),
            reason: 'it ended while no daemon watched',
          },
        });
      if (processes.length > 0) entry.gone = parts.life.endLeftovers(entry);
    }
    // Memory is right already; a full disk only means that the next driver finds this out once more.
    await parts.registry.save(entry).catch(() => undefined);
  }
}

/** Whether the record says how things are: it has ended, or the very process it names lives. */
function isSettled({ record }: ReplicaEntry, { table }: LifeParts): boolean {
  const { run } = record;
  if (run.kind !== 'running') return run.kind === 'exited';
  return table.isAlive(run);
}
