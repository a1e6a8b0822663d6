import { InvalidArgumentError } from 'commander';
import type { ServiceStatus } from '../../daemon/control-api.ts';
import type { LogLine } from '../../runtime/runtime-driver.ts';
import { stackName } from '../project.ts';
import { LogRenderer } from '../render/render-log-line.ts';
import { requireTargets, type Target } from '../targets.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';
import { parseJsonLine } from '../render/log-record.ts';
import { messageOf } from '../../shared/errors.ts';
import { parsePointInTime } from './point-in-time.ts';
import { printStream } from './print-stream.ts';

interface LogsOptions {
  readonly follow?: true;
  readonly tail?: number | 'all';
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly until?: number;
  readonly grep?: RegExp;
  readonly replica?: readonly string[];
  readonly timestamps?: true;
  readonly long?: true;
  readonly raw?: true;
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
        .option('--until <time>', 'up to then; without --follow', (text) => parsePointInTime(text))
        .option('--grep <pattern>', 'only lines that the regular expression matches', parsePattern)
        .option('--replica <instance>', 'only this instance; may be repeated', collect, [])
        .option('-t, --timestamps', 'print the time of each line')
        .option('-l, --long', 'print time, revision and stream of each line')
        .option('--raw', 'print lines of JSON as they are; a terminal shows level, message and fields')
        .option('--no-log-prefix', 'print lines without the name of the instance'),
    run: runLogs,
  });
}

async function runLogs({ invocation, options, words }: VerbCall<LogsOptions>): Promise<number> {
  const { output } = invocation;
  const stack = await stackName(invocation);
  const renderer = new LogRenderer(output.style, {
    hasPrefix: options.logPrefix,
    hasTimestamp: options.timestamps ?? options.long ?? false,
    isLong: options.long ?? false,
    // What is piped on is for a program to take apart.
    isParsed: output.isLive && options.raw !== true,
  });
  const { replica: replicas = [], grep, until } = options;
  let targets: readonly Target[] = [];
  return printStream(
    invocation,
    async (client, signal) => {
      const status = await client.stack(stack);
      targets = requireTargets(status, [...words, ...replicas]);
      renderer.expect(
        instancesOf(targets.length === 0 ? status.services : targets.map(({ service }) => service)),
      );
      const query = {
        follow: options.follow ?? false,
        tail: options.tail === 'all' ? undefined : options.tail,
        sinceMs: options.since,
        ...(until !== undefined && { untilMs: until }),
        ...(grep !== undefined && { pattern: grep.source }),
        services: [...new Set(targets.map(({ service }) => service.name))],
      };
      return client.logs(stack, query, signal);
    },
    (line) => {
      if (!isWanted(line, targets)) return;
      if (output.isJson) output.json(withJson(line));
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

/** A line of JSON brings the object that it is. */
function withJson(line: LogLine): LogLine & { readonly json?: object } {
  const json = parseJsonLine(line.text);
  return json === undefined ? line : { ...line, json };
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (thrown) {
    throw new InvalidArgumentError(`It is no regular expression: ${messageOf(thrown)}`);
  }
}

function parseTail(text: string): number | 'all' {
  if (text === 'all') return 'all';
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It is neither a number of lines nor `all`.');
  return Number(text);
}
