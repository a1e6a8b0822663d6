import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { RoutingTable } from '../balancer-driver.ts';
import { TenfoldError } from '../../shared/errors.ts';
import type { GroupRecord } from './group/group-record.ts';

const version = 1;

/** What the driver keeps on disk: the table in force, and who carries it. */
export interface DriverState {
  readonly table: RoutingTable;
  readonly services: readonly GroupRecord[];
}

const count = z.number();
const instanceShape = z.object({
  pid: z.int().positive(),
  socketPath: z.string(),
  shape: z.string(),
  listeners: z.array(z.object({ id: z.string(), pool: z.string() })),
});
const serviceShape = z.looseObject({
  key: z.string(),
  generation: count,
  cookieKey: z.string(),
  current: instanceShape.optional(),
  leaving: z.array(instanceShape),
  serials: z.record(z.string(), count),
  ledger: z.looseObject({ servers: z.looseObject({}), listeners: z.looseObject({}) }),
  drains: z.looseObject({}),
});
const fileShape = z.object({
  format: z.literal('tenfold haproxy'),
  version: z.literal(version),
  table: z.looseObject({ listeners: z.array(z.looseObject({})), pools: z.array(z.looseObject({})) }),
  services: z.array(serviceShape),
});

/** Undefined when there is none. Throws `state-unreadable` for a file that is torn or another's; it is left as it is. */
export async function readState(path: string): Promise<DriverState | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (thrown) {
    throw unreadable(path, 'no JSON', thrown);
  }
  const parsed = fileShape.safeParse(content);
  if (!parsed.success)
    throw unreadable(path, parsed.error.issues[0]?.message ?? 'another shape', parsed.error);
  const { table, services } = parsed.data;
  // Of this version only this driver writes it, whole.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { table, services } as unknown as DriverState;
}

/** Replaces the file whole. */
export async function writeState(path: string, state: DriverState): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.new`;
  await writeFile(draft, JSON.stringify({ format: 'tenfold haproxy', version, ...state }), { mode: 0o600 });
  await rename(draft, path);
}

function unreadable(path: string, got: string, cause: unknown): TenfoldError {
  return new TenfoldError('state-unreadable', `the state of HAProxy at ${path} cannot be read`, {
    expected: `a file of version ${version} that Tenfold wrote`,
    got,
    hint: 'Move it away; HAProxys that run may then have to be ended by hand.',
    cause,
  });
}
