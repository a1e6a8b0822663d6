import { Option } from 'commander';
import { TenfoldError } from '../../shared/errors.ts';
import type { DaemonClient } from '../connection/daemon-client.ts';
import { exitCodes } from '../exit-codes.ts';
import { takeInterruptions, withDaemon, type Invocation } from '../invocation.ts';
import { stackName } from '../project.ts';
import {
  renderTop,
  sortOrders,
  type SortOrder,
  type TopChoices,
  type TopPicture,
} from '../render/render-top.ts';
import { openKeyboard } from '../terminal/keyboard.ts';
import { LiveLines } from '../terminal/live-lines.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';

interface TopOptions {
  readonly once?: true;
  readonly sort: SortOrder;
}

const everyMs = 1_000;
const defaultRows = 24;

/** What is typed while it runs. */
const sortKeys: Readonly<Record<string, SortOrder>> = {
  n: 'name',
  r: 'requests',
  p: 'p95',
  f: 'in-flight',
  c: 'cpu',
  m: 'memory',
};
const replicasKey = 't';
/** `q`, and Ctrl-C and Ctrl-D, which a terminal in raw mode hands on as they are. */
const endKeys = new Set(['q', '\u0003', '\u0004']);
const keysLine = 'q quit · t replicas · sort: n name, r req/s, p p95, f in flight, c cpu, m memory';

export function addTop(program: Program): void {
  addVerb<TopOptions>(program, {
    name: 'top',
    summary: 'watch a stack: state, requests, latency, processor and memory of each replica',
    description:
      'The figures are those of the last ten seconds. On a terminal they are drawn anew each second until q is typed; ' +
      'elsewhere, and with --once or --json, they are printed once.',
    define: (command) =>
      command
        .argument('[stack]', 'the stack; without it the one that the compose file describes')
        .option('--once', 'print it once')
        .addOption(
          new Option('--sort <order>', 'how replicas stand among each other')
            .choices(sortOrders)
            .default('name'),
        ),
    run: runTop,
  });
}

async function runTop({ invocation, options, words }: VerbCall<TopOptions>): Promise<number> {
  const { output } = invocation;
  const name = words[0] ?? (await stackName(invocation));
  return withDaemon(invocation, async ({ client }) => {
    const picture = await look(client, name);
    if (output.isJson) {
      output.json({ stack: picture.status, metrics: picture.metrics });
      return exitCodes.ok;
    }
    const choices: TopChoices = { order: options.sort, hasReplicas: true };
    if (!output.isLive || options.once === true) {
      output.lines(render(invocation, picture, choices, undefined));
      return exitCodes.ok;
    }
    return watch(invocation, client, picture, choices);
  });
}

async function look(client: DaemonClient, name: string, signal?: AbortSignal): Promise<TopPicture> {
  const [status, metrics] = await Promise.all([
    client.stack(name),
    client.metrics(name, { services: [] }, signal),
  ]);
  return { status, metrics };
}

function render(
  { output, surroundings }: Invocation,
  picture: TopPicture,
  choices: TopChoices,
  maxLines: number | undefined,
): string[] {
  const { style, width } = output;
  return renderTop(picture, choices, { style, width, now: surroundings.clock.now(), maxLines });
}

async function watch(
  invocation: Invocation,
  client: DaemonClient,
  first: TopPicture,
  firstChoices: TopChoices,
): Promise<number> {
  const { output, surroundings } = invocation;
  using interruptions = takeInterruptions(invocation, () => new TenfoldError('interrupted', 'interrupted'));
  const quitting = new AbortController();
  const signal = AbortSignal.any([interruptions.signal, output.closed, quitting.signal]);
  using keyboard = openKeyboard(surroundings.stdin, surroundings.stdin.isTTY === true);
  let picture = first;
  let choices = firstChoices;
  const lines = (): string[] => {
    const rows = output.screen.rows ?? defaultRows;
    return [...render(invocation, picture, choices, rows - 3), '', output.style.dim(keysLine)];
  };
  const live = new LiveLines(output.screen, lines);
  keyboard.input.on('data', (typed: Buffer) => {
    for (const key of typed.toString()) {
      const order = sortKeys[key.toLowerCase()];
      if (order !== undefined) choices = { ...choices, order };
      if (key === replicasKey) choices = { ...choices, hasReplicas: !choices.hasReplicas };
      if (endKeys.has(key)) quitting.abort();
    }
    if (!quitting.signal.aborted) live.redraw();
  });
  try {
    for (;;) {
      await surroundings.clock.sleep(everyMs, signal);
      picture = await look(client, first.status.name, signal);
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    return interruptions.signal.aborted ? exitCodes.interrupted : exitCodes.ok;
  } finally {
    live.finish(render(invocation, picture, choices, undefined));
  }
}
