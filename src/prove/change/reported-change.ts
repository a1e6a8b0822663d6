import { z } from 'zod';

const count = z.number();
const message = z.object({
  type: z.literal('report'),
  report: z.object({
    command: z.string(),
    durationMs: count,
    hasChanged: z.boolean(),
    services: z.array(z.object({ service: z.string(), before: count, after: count })),
    traffic: z.object({
      requests: count,
      drained: count,
      forced: count,
      retried: count,
      failed: count,
      failures: z.record(z.string(), count),
    }),
    warnings: z.array(z.string()),
  }),
});

/** The part of a change's own report that a proof shows; durations in milliseconds. */
export type ReportedChange = Readonly<z.infer<typeof message>['report']>;

/** The report in a line of what a change prints with `--json`; undefined when it is something else. */
export function readReport(line: string): ReportedChange | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return message.safeParse(JSON.parse(line)).data?.report;
  } catch {
    return undefined;
  }
}
