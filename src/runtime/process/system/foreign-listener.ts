import { formatPortOwner, portOwners } from '../../../shared/port-owner.ts';
import { commandMarker, recordVariable } from './leftovers.ts';
import type { ProcessFacts, ProcessTable } from './process-table.ts';

/**
 * Between the choice of a port and the program's own bind, another program may take it. Names the one that listens there, as
 * `pid 812 (nginx)`; undefined when the replica itself does, or nobody that can be seen. `leader` is the replica's first process,
 * the id that of its record.
 */
export async function foreignListener(
  port: number,
  { id, leader }: { readonly id: string; readonly leader: Pick<ProcessFacts, 'pid'> },
  table: ProcessTable,
): Promise<string | undefined> {
  let foreigner: string | undefined;
  for await (const owner of portOwners(port, leader.pid)) {
    if (owner.pid === leader.pid || table.factsOf(owner.pid)?.groupId === leader.pid) return undefined;
    // One that has left the group for a session of its own.
    const marker = table.environmentOf(owner.pid)?.[recordVariable];
    if (marker === id || marker === commandMarker(id)) return undefined;
    foreigner ??= formatPortOwner(owner);
  }
  return foreigner;
}
