import { basename } from 'node:path';
import { formatPortOwner, portOwners } from '../../../shared/port-owner.ts';
import { isMarkerOf, recordVariable } from './leftovers.ts';
import type { ProcessTable } from './process-table.ts';

/** Listens for a container, which may well be what the replica runs (`docker run -p`). */
const forwarder = 'docker-proxy';

/** A replica as the system knows it: its first process, and the marker that the others inherit. */
interface ReplicaProcesses {
  readonly id: string;
  readonly leader: { readonly pid: number };
}

/**
 * Between the choice of a port and the program's own bind, another program may take it. Names the one that listens there, as
 * `pid 812 (nginx)`; undefined when the replica itself does, or nobody that can be seen, or when it cannot be told.
 */
export async function foreignListener(
  port: number,
  replica: ReplicaProcesses,
  table: ProcessTable,
): Promise<string | undefined> {
  let foreigner: string | undefined;
  for await (const owner of portOwners(port, replica.leader.pid)) {
    const [program = ''] = owner.command.split(' ');
    if (isOf(replica, owner.pid, table) || basename(program) === forwarder) return undefined;
    foreigner ??= formatPortOwner(owner);
  }
  return foreigner;
}

/** The process, or one that it comes from, is the replica's first or of its group; or it carries the marker. */
function isOf({ id, leader }: ReplicaProcesses, pid: number, table: ProcessTable): boolean {
  let facts = table.factsOf(pid);
  while (facts !== undefined && facts.pid !== leader.pid && facts.groupId !== leader.pid)
    facts = table.factsOf(facts.parentId);
  if (facts !== undefined) return true;
  return isMarkerOf(id, table.environmentOf(pid)?.[recordVariable]);
}
