import { z } from 'zod';
import type { AutoscaleRecord } from './record.ts';

const policyShape = z.object({
  type: z.literal('policy'),
  time: z.number(),
  policy: z.object({ metrics: z.array(z.object({ kind: z.string() })) }),
  state: z.object({ recommendations: z.array(z.unknown()), events: z.array(z.unknown()) }),
});
const decisionShape = z.object({
  type: z.literal('decision'),
  input: z.object({ now: z.number(), current: z.number(), queries: z.array(z.unknown()) }),
  decision: z.object({ at: z.number(), from: z.number(), to: z.number(), sentence: z.string() }),
});
// Written by the daemon itself: that a line is whole is what has to be known.
const recordShape = z.custom<AutoscaleRecord>(
  (value) => policyShape.safeParse(value).success || decisionShape.safeParse(value).success,
);

/** A line of a history; undefined when it is torn or something else. */
export function parseRecord(line: string): AutoscaleRecord | undefined {
  try {
    return recordShape.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** When it was written, milliseconds since the epoch. */
export function timeOf(record: AutoscaleRecord): number {
  return record.type === 'policy' ? record.time : record.input.now;
}
