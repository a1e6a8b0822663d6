import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Version of this package, from its package.json: one folder up from `src` and from `dist` alike. */
export function ownVersion(): string {
  const path = new URL('../../package.json', import.meta.url);
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(path, 'utf8'))).version;
}
