import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { noState, type AutoscaleState } from '../../autoscale/state.ts';
import { makeFolder } from '../../shared/make-folder.ts';
import { readStateFile, writeStateFile } from '../state/state-file.ts';

const kind = 'autoscale';
const version = 1;

const number = z.number();
const fileSchema = z.object({
  state: z.object({
    recommendations: z.array(z.object({ at: number, replicas: number })),
    events: z.array(z.object({ at: number, change: number })),
  }),
  /** What the journal was told last. */
  told: z.string(),
});

export interface KeptState {
  readonly state: AutoscaleState;
  readonly told: string;
}

/** What a daemon before has left; nothing at all for a new service. Throws `state-unreadable`. */
export async function loadState(path: string): Promise<KeptState> {
  return (await readStateFile(path, kind, version, fileSchema)) ?? { state: noState, told: '' };
}

/** Throws `state-write-failed`. */
export async function saveState(path: string, kept: KeptState): Promise<void> {
  makeFolder(dirname(path));
  await writeStateFile(path, kind, version, kept);
}

export async function forgetState(path: string): Promise<void> {
  await rm(path, { force: true });
}
