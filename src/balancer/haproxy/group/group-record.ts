import type { InstanceRecord } from '../process/instance.ts';
import type { LedgerRecord } from '../traffic/ledger.ts';
import type { Drain } from './drains.ts';

/** What a daemon must know of one service to go on where another stopped. Written to disk as it is. */
export interface GroupRecord {
  readonly key: string;
  /** Of the newest configuration. */
  readonly generation: number;
  readonly cookieKey: string;
  readonly current?: InstanceRecord;
  readonly leaving: readonly InstanceRecord[];
  /** By process id: up to which request of the log everything is counted. */
  readonly serials: Readonly<Record<string, number>>;
  readonly ledger: LedgerRecord;
  readonly drains: Readonly<Record<string, Drain>>;
}
