import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readStateFile, writeStateFile } from './state-file.ts';
import { upgradeDesired } from './upgrade-desired.ts';
import type { Desired } from '../../controller/desired.ts';
import { isTenfoldError, TenfoldError } from '../../shared/errors.ts';

const kind = 'stack';
const version = 1;

// Written by this very version, so the header and the outer shape are what can be wrong; a stack inside a file whose
// header is ours was typed when it was written.
const fileSchema = z.object({ desired: z.custom<Desired>(isDesired, 'the desired state is incomplete') });

function isDesired(value: unknown): boolean {
  const shape = z.object({
    stack: z.object({
      name: z.string(),
      workingDir: z.string(),
      services: z.record(z.string(), z.object({ name: z.string() })),
    }),
    services: z.record(
      z.string(),
      z.object({ phase: z.enum(['running', 'stopped', 'absent']), replicas: z.number() }),
    ),
    assignedPorts: z.record(z.string(), z.number()),
    drainedInstances: z.array(z.string()),
  });
  return shape.safeParse(value).success;
}

/** Desired states on disk, one file per stack. */
export class StackStore {
  readonly #directory: string;
  readonly #unreadable = new Map<string, TenfoldError>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Every stack whose file can be read; a file that cannot is left as it is, and `check` says so of its stack. */
  async load(): Promise<readonly Desired[]> {
    const names = (await readdir(this.#directory)).filter((name) => name.endsWith('.json')).sort();
    const loaded = await Promise.all(names.map((name) => this.#read(name.slice(0, -'.json'.length))));
    return loaded.flatMap((desired) => desired ?? []);
  }

  /** Throws `state-unreadable` while the stack's file is torn or not ours: nothing is known of it, and nothing is overwritten. */
  async check(stackName: string): Promise<void> {
    if (!this.#unreadable.has(stackName)) return;
    await this.#read(stackName);
    const error = this.#unreadable.get(stackName);
    if (error !== undefined) throw error;
  }

  /** Throws `state-write-failed`; then the state before it still stands. */
  async save(desired: Desired): Promise<void> {
    await this.check(desired.stack.name);
    await writeStateFile(this.#path(desired.stack.name), kind, version, { desired });
  }

  async forget(stackName: string): Promise<void> {
    try {
      await rm(this.#path(stackName), { force: true });
    } catch (thrown) {
      throw new TenfoldError('state-write-failed', `cannot remove ${this.#path(stackName)}`, {
        cause: thrown,
      });
    }
  }

  async #read(stackName: string): Promise<Desired | undefined> {
    try {
      const file = await readStateFile(this.#path(stackName), kind, version, fileSchema);
      this.#unreadable.delete(stackName);
      return file === undefined ? undefined : upgradeDesired(file.desired);
    } catch (thrown) {
      if (!isTenfoldError(thrown, 'state-unreadable')) throw thrown;
      this.#unreadable.set(stackName, thrown);
      return undefined;
    }
  }

  #path(stackName: string): string {
    return join(this.#directory, `${stackName}.json`);
  }
}
