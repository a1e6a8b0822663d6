import type { AutoscaleRecord } from '../../autoscale/record.ts';
import { stackName } from '../project.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';
import { parsePointInTime } from '../views/point-in-time.ts';
import { printStream } from '../views/print-stream.ts';
import { renderDecision } from './render-autoscale.ts';

interface HistoryOptions {
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly all?: true;
}

export function addAutoscaleHistory(program: Program): void {
  addVerb<HistoryOptions>(program, {
    name: 'history',
    summary: 'print the decisions on a service: those that changed something, or why nothing did',
    description:
      'With --json it prints all of them, with everything that each was made of: a trace that `tenfold autoscale simulate` takes.',
    define: (command) =>
      command
        .argument('<service>', 'a service that scales by itself')
        .option('--since <time>', 'from then on: 10m, 2026-11-22T12:30:00Z, seconds since 1970', (text) =>
          parsePointInTime(text),
        )
        .option('-a, --all', 'also decisions that are as the one before'),
    run: runHistory,
  });
}

async function runHistory({ invocation, options, words }: VerbCall<HistoryOptions>): Promise<number> {
  const { output } = invocation;
  const stack = await stackName(invocation);
  const query = { service: words[0] ?? '', sinceMs: options.since };
  let told = '';
  return printStream(
    invocation,
    (client, signal) => Promise.resolve(client.autoscaleHistory(stack, query, signal)),
    (record: AutoscaleRecord) => {
      if (output.isJson) return output.json(record);
      if (record.type === 'policy') return;
      const { reason, to, from } = record.decision;
      const news = `${reason} ${to}`;
      if (options.all === true || from !== to || news !== told)
        output.line(renderDecision(record.decision, output.style));
      told = news;
    },
  );
}
