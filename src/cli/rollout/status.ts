import type { RolloutStatus } from '../../daemon/rollout-api.ts';
import type { DaemonClient } from '../connection/daemon-client.ts';
import { exitCodes } from '../exit-codes.ts';
import { takeInterruptions, withDaemon, type Invocation } from '../invocation.ts';
import { stackName } from '../project.ts';
import { requireServices } from '../scale-values.ts';
import { LiveLines } from '../terminal/live-lines.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';
import { renderRollouts } from './render-rollouts.ts';
import { TenfoldError } from '../../shared/errors.ts';

const lookEveryMs = 500;

interface StatusOptions {
  readonly watch?: true;
}

export function addRolloutStatus(program: Program): void {
  addVerb<StatusOptions>(program, {
    name: 'status',
    summary: 'show where services stand on their way to another revision',
    define: (command) =>
      command
        .argument('[service...]', 'services; all when none is named')
        .option('-w, --watch', 'follow it until nothing is under way any more'),
    run: runStatus,
  });
}

async function runStatus({ invocation, options, words }: VerbCall<StatusOptions>): Promise<number> {
  const { output } = invocation;
  const stack = await stackName(invocation);
  return withDaemon(invocation, async ({ client }) => {
    const look = async (): Promise<readonly RolloutStatus[]> => {
      const all = await client.rollouts(stack);
      requireServices(
        stack,
        words,
        all.map(({ service }) => service),
      );
      return words.length === 0 ? all : all.filter(({ service }) => words.includes(service));
    };
    if (options.watch === true) return watch(invocation, client, stack, look);
    const statuses = await look();
    if (output.isJson) output.json(statuses);
    else output.lines(render(invocation, statuses));
    return exitCodes.ok;
  });
}

function render({ output, surroundings }: Invocation, statuses: readonly RolloutStatus[]): string[] {
  const { style, width } = output;
  return renderRollouts(statuses, { style, width, now: surroundings.clock.now() });
}

async function watch(
  invocation: Invocation,
  client: DaemonClient,
  stack: string,
  look: () => Promise<readonly RolloutStatus[]>,
): Promise<number> {
  const { output, surroundings } = invocation;
  using interruptions = takeInterruptions(
    invocation,
    () =>
      new TenfoldError('interrupted', 'no longer followed; the daemon goes on', {
        hint: `\`tenfold rollout status -p ${stack}\` shows how far it is`,
      }),
  );
  let statuses = await look();
  let shown = '';
  using live =
    output.isJson || !output.isLive
      ? undefined
      : new LiveLines(output.screen, () => render(invocation, statuses));
  const show = (): void => {
    // Without what time alone changes.
    const text = JSON.stringify(statuses);
    if (live !== undefined || text === shown) return;
    shown = text;
    if (output.isJson) output.json(statuses);
    else output.lines(render(invocation, statuses));
  };
  const isUnderWay = (): boolean =>
    statuses.some(({ rollout }) => rollout !== undefined && rollout.phase !== 'keeping');
  show();
  while (isUnderWay()) {
    await surroundings.clock.sleep(lookEveryMs, interruptions.signal);
    statuses = await look();
    show();
  }
  live?.finish(render(invocation, statuses));
  return exitCodes.ok;
}
