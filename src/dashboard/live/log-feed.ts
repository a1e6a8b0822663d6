import { copyLogs } from '../../daemon/control/log-stream.ts';
import type { StackRegistry } from '../../daemon/stack/stack-registry.ts';
import type { LogLine } from '../../runtime/runtime-driver.ts';

const batchMs = 100;
/** Lines a page is sent at a time; of a flood it gets the newest. */
const maxBatchLines = 1_000;
/** Lines of the past, over all replicas. */
const pastLines = 1_000;
const minPastLinesEach = 10;

export interface LogFeedOptions {
  readonly service: string | undefined;
  readonly sinceMs: number | undefined;
}

/** Hands on what a stack's replicas log, in batches, until the signal aborts. A stack that is not known has no logs. */
export async function feedLogs(
  registry: StackRegistry,
  stack: string,
  { service, sinceMs }: LogFeedOptions,
  onLines: (lines: readonly LogLine[], dropped: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const session = registry.find(stack);
  if (session === undefined) return;
  let batch: LogLine[] = [];
  let dropped = 0;
  const timer = setInterval(() => {
    if (batch.length === 0) return;
    onLines(batch, dropped);
    batch = [];
    dropped = 0;
  }, batchMs);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  const { byService, replicas } = session.controller.last?.observed ?? { byService: new Map(), replicas: [] };
  const count = Math.max(1, service === undefined ? replicas.length : (byService.get(service)?.length ?? 1));
  const tail = Math.max(minPastLinesEach, Math.ceil(pastLines / count));
  await copyLogs(
    session,
    {
      wanted: service === undefined ? [] : [service],
      options: { follow: true, tail: sinceMs === undefined ? tail : undefined, sinceMs },
    },
    (line) => {
      batch.push(line);
      if (batch.length <= maxBatchLines) return;
      batch.shift();
      dropped += 1;
    },
    signal,
  ).finally(() => clearInterval(timer));
}
