import { stackName } from '../project.ts';
import { renderJournalEntry } from '../render/render-event.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';
import { parsePointInTime } from './point-in-time.ts';
import { printStream } from './print-stream.ts';

interface EventsOptions {
  readonly follow?: true;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly all?: true;
}

export function addEvents(program: Program): void {
  addVerb<EventsOptions>(program, {
    name: 'events',
    summary: 'print what happened to a stack, and why',
    fileFlags: '--file <path>',
    define: (command) =>
      command
        .option('-f, --follow', 'go on with what comes')
        .option('--since <time>', 'from then on: 10m, 2026-11-22T12:30:00Z, seconds since 1970', (text) =>
          parsePointInTime(text),
        )
        .option('-a, --all', 'of all stacks'),
    run: runEvents,
  });
}

async function runEvents({ invocation, options }: VerbCall<EventsOptions>): Promise<number> {
  const { output } = invocation;
  const stack = options.all === true ? undefined : await stackName(invocation);
  const query = { stack, follow: options.follow ?? false, sinceMs: options.since };
  return printStream(
    invocation,
    (client, signal) => Promise.resolve(client.events(query, signal)),
    (event) => {
      if (output.isJson) output.json(event);
      else output.line(renderJournalEntry(event, output.style));
    },
  );
}
