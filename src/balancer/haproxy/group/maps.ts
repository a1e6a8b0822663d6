import { writeFile } from 'node:fs/promises';
import type { PoolEntry } from '../../balancer-driver.ts';
import { whyNobody } from '../../empty-reason.ts';
import { shareValue } from '../config/listener-section.ts';
import { poolSections } from '../config/names.ts';
import { escaped } from '../config/quoting.ts';
import type { ConfigPlaces } from '../config/render-config.ts';
import { runCommands } from '../process/runtime-api.ts';

// What changes without a reload and is no server: why a pool is empty, and a canary's share.

function reasonOf(pool: PoolEntry): string {
  const draining = pool.endpoints.map(({ rotation }) => rotation === 'draining');
  return whyNobody(pool, draining).replaceAll(/[\r\n]+/g, ' ');
}

export async function writeMaps(places: ConfigPlaces, pools: readonly PoolEntry[]): Promise<void> {
  const lines = (value: (pool: PoolEntry) => string): string =>
    pools.map((pool) => `${poolSections(pool.id).rest} ${value(pool)}\n`).join('');
  await writeFile(places.reasonsPath, lines(reasonOf), { mode: 0o600 });
  const shares = lines((pool) => shareValue(pool.split?.share ?? 0));
  await writeFile(places.sharesPath, shares, { mode: 0o600 });
}

export async function alignMaps(
  socketPath: string,
  places: ConfigPlaces,
  pools: readonly PoolEntry[],
): Promise<void> {
  const commands = pools.flatMap((pool) => {
    const key = poolSections(pool.id).rest;
    const share =
      pool.split === undefined ? [] : [`set map ${places.sharesPath} ${key} ${shareValue(pool.split.share)}`];
    return [`set map ${places.reasonsPath} ${key} ${escaped(reasonOf(pool))}`, ...share];
  });
  // A pool that an HAProxy does not have is not in its map either, and not asked for.
  await runCommands(socketPath, commands);
}
