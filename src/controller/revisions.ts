import type { Service } from '../model/service.ts';
import type { Desired } from './desired.ts';

/** One deployment of a service: what was to run, who wanted it and how it went. Times are milliseconds since the epoch. */
export interface RevisionRecord {
  /** From 1; counts the deployments of the service. */
  readonly number: number;
  readonly revision: string;
  /** The resolved service. */
  readonly service: Service;
  readonly startedAt: number;
  readonly user: string;
  /** The command line, as typed. */
  readonly command: string;
  readonly outcome: RevisionOutcome;
  /** Why it was left, where it was. */
  readonly reason?: string;
  /** What the replica printed last that was the reason, and whose words they are. */
  readonly lastOutput?: readonly string[];
  /** When it was settled. */
  readonly endedAt?: number;
  /** The balancer's counts while it was under way. */
  readonly traffic?: RevisionTraffic;
}

export type RevisionOutcome = 'under way' | 'succeeded' | 'rolled back' | 'aborted' | 'superseded';

export interface RevisionTraffic {
  readonly requests: number;
  readonly drained: number;
  readonly forced: number;
  readonly failed: number;
}

/** Records kept of a service. */
const maxRecords = 10;

/** The history with one more record; the oldest beyond the limit are forgotten. */
export function withRecord(
  records: readonly RevisionRecord[] | undefined,
  record: Omit<RevisionRecord, 'number'>,
): readonly RevisionRecord[] {
  const number = (records?.at(-1)?.number ?? 0) + 1;
  return [...(records ?? []), { ...record, number }].slice(-maxRecords);
}

/** The history with the record of that number settled; the others are as they were. */
export function settleRecord(
  records: readonly RevisionRecord[] | undefined,
  number: number,
  settled: Pick<RevisionRecord, 'outcome' | 'endedAt'> & { readonly reason?: string },
): readonly RevisionRecord[] {
  return (records ?? []).map((record) => (record.number === number ? { ...record, ...settled } : record));
}

/** The state `after` with that output in the records that it settles as rolled back. */
export function withLastOutput(before: Desired, after: Desired, lastOutput: readonly string[]): Desired {
  const services = Object.entries(after.services).map(([name, service]) => {
    const open = new Set(
      before.services[name]?.revisions?.flatMap(({ number, outcome }) =>
        outcome === 'under way' ? [number] : [],
      ),
    );
    const revisions = service.revisions?.map((record) =>
      open.has(record.number) && record.outcome === 'rolled back' ? { ...record, lastOutput } : record,
    );
    return [name, revisions === undefined ? service : { ...service, revisions }] as const;
  });
  return { ...after, services: Object.fromEntries(services) };
}

/** The service as it is in that revision; undefined when nothing is remembered of it. */
export function serviceAt(desired: Desired, name: string, revision: string): Service | undefined {
  const current = desired.stack.services[name];
  if (current?.revision === revision) return current;
  return desired.services[name]?.revisions?.findLast((record) => record.revision === revision)?.service;
}
