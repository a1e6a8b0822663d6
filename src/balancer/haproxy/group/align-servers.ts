import { TenfoldError } from '../../../shared/errors.ts';
import { runCommands } from '../process/runtime-api.ts';
import { readStatistics, type StatRow } from '../process/statistics.ts';
import type { ServerEntry } from './wanted-servers.ts';

function keyOf(backend: string, server: string): string {
  return `${backend}/${server}`;
}

function serverRows(rows: readonly StatRow[]): ReadonlyMap<string, StatRow> {
  return new Map(
    rows
      .filter(({ server }) => server !== 'FRONTEND' && server !== 'BACKEND')
      .map((row) => [keyOf(row.proxy, row.server), row]),
  );
}

function isOut(row: StatRow): boolean {
  return row.status.startsWith('MAINT');
}

/** Whether a server would have to become a backup, or stop being one, which only a new HAProxy can do. */
export function isRecast(rows: readonly StatRow[], wanted: readonly ServerEntry[]): boolean {
  const present = serverRows(rows);
  return wanted.some((server) => {
    const row = present.get(keyOf(server.backend, server.name));
    return row !== undefined && row.isBackup !== server.isBackup;
  });
}

/** The commands of the runtime API that lead from what is there to what is wanted. */
export function alignment(rows: readonly StatRow[], wanted: readonly ServerEntry[]): readonly string[] {
  const backends = new Set(rows.filter(({ server }) => server === 'BACKEND').map(({ proxy }) => proxy));
  const present = serverRows(rows);
  const added: string[] = [];
  const changed: string[] = [];
  for (const server of wanted) {
    if (!backends.has(server.backend)) continue;
    const key = keyOf(server.backend, server.name);
    const row = present.get(key);
    if (row === undefined) added.push(...additions(key, server));
    else changed.push(...changes(key, server, row));
  }
  // New ones first: those that leave hand their requests over to them.
  return [...added, ...changed, ...removals(rows, wanted)];
}

function additions(key: string, server: ServerEntry): readonly string[] {
  const backup = server.isBackup ? ' backup' : '';
  const options = server.options === '' ? '' : ` ${server.options}`;
  return [
    `add server ${key} ${server.address}${options} weight ${server.weight} maxconn ${server.maxConnections}${backup}`,
    ...(server.isChecked ? [`enable health ${key}`] : []),
    ...(server.takesRequests ? entrance(key, server) : []),
  ];
}

/** HAProxy takes a server that comes into service for up: one that has to pass first gets no weight until it is down. */
function entrance(key: string, { mustPass, weight }: ServerEntry): readonly string[] {
  if (!mustPass) return [`set server ${key} state ready`];
  return [
    `set server ${key} weight 0`,
    `set server ${key} state ready`,
    `set server ${key} health down`,
    `set server ${key} weight ${weight}`,
  ];
}

function changes(key: string, server: ServerEntry, row: StatRow): readonly string[] {
  const commands: string[] = [];
  if (row.weight !== server.weight && !row.isRamping)
    commands.push(`set server ${key} weight ${server.weight}`);
  if (row.limit !== server.maxConnections)
    commands.push(`set maxconn server ${key} ${server.maxConnections}`);
  if (server.takesRequests && isOut(row)) commands.push(...entrance(key, server));
  // Not `drain`: that goes on taking the requests of clients whose cookie names the server.
  if (!server.takesRequests && !isOut(row)) commands.push(`set server ${key} state maint`);
  return commands;
}

/**
 * The commands that take away what nobody wants there any more. A server that is wanted in another backend, as when a canary's
 * part ends, takes nothing new in this one and finishes what it has; the HAProxy that has it there is leaving.
 */
export function removals(rows: readonly StatRow[], wanted: readonly ServerEntry[]): readonly string[] {
  const names = new Set(wanted.map(({ name }) => name));
  return leftovers(rows, wanted).flatMap((row) => {
    const key = keyOf(row.proxy, row.server);
    const out = [`set server ${key} state maint`, `disable health ${key}`];
    if (names.has(row.server)) return isOut(row) ? [] : out;
    return [...out, `shutdown sessions server ${key}`, `del server ${key}`];
  });
}

/** Makes the HAProxy at the socket have the wanted servers; resolves when it says so itself. */
export async function alignServers(
  socketPath: string,
  wanted: readonly ServerEntry[],
): Promise<readonly StatRow[]> {
  const before = await readStatistics(socketPath);
  const commands = alignment(before, wanted);
  if (commands.length === 0) return before;
  const said = await runCommands(socketPath, commands);
  const after = await readStatistics(socketPath);
  const present = serverRows(after);
  const backends = new Set(after.map(({ proxy }) => proxy));
  for (const server of wanted) {
    if (!backends.has(server.backend)) continue;
    const row = present.get(keyOf(server.backend, server.name));
    if (row !== undefined && isOut(row) === !server.takesRequests) continue;
    throw new TenfoldError(
      'balancer-unreachable',
      `HAProxy did not do what it was told for ${keyOf(server.backend, server.name)}`,
      {
        expected: server.takesRequests ? 'that it takes requests' : 'that it takes none',
        got: row === undefined ? said.trim().split('\n').filter(Boolean).join(' ') : row.status,
        hint: 'It is tried again by itself; look at haproxy.log of the state folder.',
      },
    );
  }
  const stays = leftovers(after, wanted).find((row) => !isOut(row));
  if (stays !== undefined)
    throw new TenfoldError(
      'balancer-unreachable',
      `HAProxy did not take ${keyOf(stays.proxy, stays.server)} out of service`,
      { got: stays.status },
    );
  return after;
}

/** Servers that nobody wants where they are. */
function leftovers(rows: readonly StatRow[], wanted: readonly ServerEntry[]): readonly StatRow[] {
  const kept = new Set(wanted.map((server) => keyOf(server.backend, server.name)));
  return Array.from(serverRows(rows))
    .filter(([key]) => !kept.has(key))
    .map(([, row]) => row);
}
