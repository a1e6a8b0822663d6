import type { Counters } from './counters.ts';
import { RedisClient } from './redis-client.ts';

/** Redis counts: INCR is atomic over all replicas on all machines. */
export function redisCounters(url: string): Counters {
  const client = new RedisClient(url);

  return {
    place: client.place,
    async increment(first, ...more) {
      const [value] = await client.send(...[first, ...more].map((name) => ['INCR', name]));
      return Number(value);
    },
    async read(name) {
      const [value] = await client.send(['GET', name]);
      return Number(value ?? 0);
    },
    async readAll(prefix) {
      const names = await scan(client, prefix);
      if (names.length === 0) return {};
      const [values] = await client.send(['MGET', ...names]);
      const numbers = Array.isArray(values) ? values : [];
      return Object.fromEntries(
        names.map((name, at) => [name.slice(prefix.length), Number(numbers[at] ?? 0)]),
      );
    },
    async check() {
      await client.send(['PING']);
    },
    close: () => client.close(),
  };
}

/** SCAN goes through the keys in steps and may name one twice; KEYS would stop Redis for everyone meanwhile. */
async function scan(client: RedisClient, prefix: string): Promise<string[]> {
  const names = new Set<string>();
  let cursor = '0';
  do {
    const [reply] = await client.send(['SCAN', cursor, 'MATCH', `${prefix}*`, 'COUNT', '200']);
    if (!Array.isArray(reply)) break;
    cursor = String(reply[0]);
    for (const name of Array.isArray(reply[1]) ? reply[1] : []) names.add(String(name));
  } while (cursor !== '0');
  return [...names].sort();
}
