import { InvalidArgumentError } from 'commander';
import type { ServiceStatus } from '../../daemon/control-api.ts';
import type { LogLine } from '../../runtime/runtime-driver.ts';
import { stackName } from '../project.ts';
import { LogRenderer } from '../render/render-log-line.ts';
import { requireTargets, type Target } from '../targets.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';
import { parsePointInTime } from './point-in-time.ts';
import { printStream } from './print-stream.ts';

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

async function runLogs({ invocation, options, words }: VerbCall<LogsOptions>): Promise<number> {
  const { output } = invocation;
  const stack = await stackName(invocation);
  const renderer = new LogRenderer(output.style, {
    hasPrefix: options.logPrefix,
    hasTimestamp: options.timestamps ?? false,
  });
  let targets: readonly Target[] = [];
  return printStream(
    invocation,
    async (client, signal) => {
      const status = await client.stack(stack);
      targets = requireTargets(status, words);
      renderer.expect(
        instancesOf(targets.length === 0 ? status.services : targets.map(({ service }) => service)),
      );
      const query = {
        follow: options.follow ?? false,
        tail: options.tail === 'all' ? undefined : options.tail,
        sinceMs: options.since,
        services: [...new Set(targets.map(({ service }) => service.name))],
      };
      return client.logs(stack, query, signal);
    },
    (line) => {
      if (!isWanted(line, targets)) return;
      if (output.isJson) output.json(line);
      else output.line(renderer.render(line));
    },
  );
}

function instancesOf(services: readonly ServiceStatus[]): string[] {
  return services.flatMap(({ replicas }) => replicas.map(({ instance }) => instance));
}

function isWanted(line: LogLine, targets: readonly Target[]): boolean {
  return (
    targets.length === 0 ||
    targets.some(
      ({ service, instance }) =>
        line.service === service.name && (instance ?? line.instance) === line.instance,
    )
  );
}

function parseTail(text: string): number | 'all' {
  if (text === 'all') return 'all';
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It is neither a number of lines nor `all`.');
  return Number(text);
}
