import { InvalidArgumentError } from 'commander';
import { TenfoldError } from '../../shared/errors.ts';
import { takeInterruptions, withDaemon } from '../invocation.ts';
import { stackName } from '../project.ts';
import { LogRenderer } from '../render/render-log-line.ts';
import { requireTargets } from '../targets.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';
import { parsePointInTime } from './point-in-time.ts';

interface LogsOptions {
  readonly follow?: true;
  readonly tail?: number | 'all';
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly timestamps?: true;
  /** False: `--no-log-prefix`. */
  readonly logPrefix: boolean;
}

export function addLogs(program: Program): void {
  addVerb<LogsOptions>(program, {
    name: 'logs',
    summary: 'print what replicas logged',
    fileFlags: '--file <path>',
    define: (command) =>
      command
        .argument('[service|instance...]', 'services or instances; all when none is named')
        .option('-f, --follow', 'go on with what comes')
        .option('-n, --tail <lines>', 'last lines of each replica, or `all`', parseTail)
        .option('--since <time>', 'from then on: 10m, 2026-11-22T12:30:00Z, seconds since 1970', (text) =>
          parsePointInTime(text),
        )
        .option('-t, --timestamps', 'print the time of each line')
        .option('--no-log-prefix', 'print lines without the name of the instance'),
    run: runLogs,
  });
}

async function runLogs({ invocation, options, words }: VerbCall<LogsOptions>): Promise<void> {
  const { output } = invocation;
  const stack = await stackName(invocation);
  using interruptions = takeInterruptions(invocation, () => new TenfoldError('interrupted', 'interrupted'));
  const signal = AbortSignal.any([interruptions.signal, output.closed]);
  await withDaemon(invocation, async ({ client }) => {
    const status = await client.stack(stack);
    const targets = requireTargets(status, words);
    const whole = new Set(
      targets.filter(({ instance }) => instance === undefined).map((each) => each.service.name),
    );
    const single = new Set(targets.map(({ instance }) => instance));
    const format = { hasPrefix: options.logPrefix, hasTimestamp: options.timestamps ?? false };
    const shown = targets.length === 0 ? status.services : targets.map(({ service }) => service);
    const renderer = new LogRenderer(
      output.style,
      format,
      shown.flatMap(({ replicas }) => replicas.map(({ instance }) => instance)),
    );
    const query = {
      follow: options.follow ?? false,
      tail: options.tail === 'all' ? undefined : options.tail,
      sinceMs: options.since,
      services: [...new Set(targets.map(({ service }) => service.name))],
    };
    try {
      for await (const line of client.logs(stack, query, signal)) {
        if (targets.length > 0 && !whole.has(line.service) && !single.has(line.instance)) continue;
        if (output.isJson) output.json(line);
        else output.line(renderer.render(line));
      }
    } catch (thrown) {
      interruptions.signal.throwIfAborted();
      if (!output.closed.aborted) throw thrown;
    }
  });
}

function parseTail(text: string): number | 'all' {
  if (text === 'all') return 'all';
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It is neither a number of lines nor `all`.');
  return Number(text);
}
