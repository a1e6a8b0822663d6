import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Replica } from '../../../src/model/replica.ts';
import type { Service } from '../../../src/model/service.ts';
import type { Stack } from '../../../src/model/stack.ts';
import { createProcessDriver } from '../../../src/runtime/process/process-driver.ts';
import type { ProcessDriverOptions } from '../../../src/runtime/process/process-driver.ts';
import { createProcessTable } from '../../../src/runtime/process/system/process-table.ts';
import type { LogLine, LogOptions, RuntimeDriver } from '../../../src/runtime/runtime-driver.ts';
import { serviceOf, stackOf } from '../../contracts/stack-of.ts';
import { eventually } from '../../helpers/eventually.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

export const never = new AbortController().signal;
export const programs = join(import.meta.dirname, '../../fixtures/programs');

/** Words that run one of the tiny programs. */
export function program(name: string, ...words: string[]): string[] {
  return [process.execPath, join(programs, `${name}.mjs`), ...words];
}

/** A process driver over a folder of its own, and what a test does with it. Everything it started ends with it. */
export interface Workbench extends AsyncDisposable {
  readonly folder: string;
  readonly driver: RuntimeDriver;
  /** A stack `demo` with one service `web`, in the folder. */
  stackWith(fields: Partial<Service>, changes?: Partial<Stack>): Stack;
  start(stack: Stack, index?: number, existing?: Replica): Promise<Replica>;
  observed(replica: Pick<Replica, 'id'>): Promise<Replica | undefined>;
  exited(replica: Pick<Replica, 'id'>): Promise<Extract<Replica['state'], { kind: 'exited' }>>;
  lines(replica: Replica, options?: Partial<LogOptions>): Promise<LogLine[]>;
  texts(replica: Replica): Promise<string[]>;
  /** Another driver over the same folder; the one before is disposed of first. */
  reopen(): Promise<void>;
}

export async function openWorkbench(options: Partial<ProcessDriverOptions> = {}): Promise<Workbench> {
  const temporary = await temporaryFolder();
  const folder = temporary.path;
  const driverOptions = {
    directory: join(folder, 'processes'),
    logDirectory: join(folder, 'logs'),
    ...options,
  };
  let driver = createProcessDriver(driverOptions);

  const observed = async ({ id }: Pick<Replica, 'id'>) =>
    (await driver.observe('demo', never)).find((replica) => replica.id === id);
  const lines = async (replica: Replica, choice: Partial<LogOptions> = {}) => {
    const found: LogLine[] = [];
    const all = { follow: false, tail: undefined, sinceMs: undefined, ...choice };
    for await (const line of driver.console.logs(replica, all, never)) found.push(line);
    return found;
  };

  return {
    folder,
    get driver() {
      return driver;
    },
    stackWith: (fields, changes = {}) => ({
      ...stackOf('demo', folder, [serviceOf('web', fields)]),
      ...changes,
    }),
    start: async (stack, index = 1, existing) => {
      const service = stack.services['web'];
      assert.ok(service);
      const spec = { stack, service, index, environment: { TENFOLD_INSTANCE: `web-${index}` } };
      return await driver.start(existing ? { ...spec, existingId: existing.id } : spec, never);
    },
    observed,
    exited: (replica) =>
      eventually(async () => {
        const state = (await observed(replica))?.state;
        assert.equal(state?.kind, 'exited');
        return state;
      }),
    lines,
    texts: async (replica) => (await lines(replica)).map(({ text }) => text),
    reopen: async () => {
      await driver[Symbol.asyncDispose]();
      driver = createProcessDriver(driverOptions);
    },
    async [Symbol.asyncDispose]() {
      for (const replica of await driver.observe('demo', never))
        await driver.stop(replica, { signal: 'SIGKILL', graceMs: 0 }, never);
      await driver[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

export function isAlive(pid: number): boolean {
  const facts = createProcessTable().factsOf(pid);
  return facts !== undefined && !facts.isEnded;
}
