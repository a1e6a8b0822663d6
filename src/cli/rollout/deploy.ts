import { InvalidArgumentError, Option } from 'commander';
import type { RolloutStrategy } from '../../model/rollout.ts';
import { TenfoldError } from '../../shared/errors.ts';
import { dryRunOption, servicesOf, type DryRunOptions } from '../changes/change-options.ts';
import { followChange, printReport, type Change } from '../changes/run-change.ts';
import { collect } from '../global-options.ts';
import { takeInterruptions, withDaemon } from '../invocation.ts';
import { loadStack } from '../project.ts';
import { requireServices } from '../scale-values.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';

interface DeployOptions extends DryRunOptions {
  readonly image?: readonly string[];
  readonly strategy?: RolloutStrategy;
}

const strategies: readonly RolloutStrategy[] = ['rolling', 'blue-green', 'canary'];

export function addDeploy(program: Program): void {
  addVerb<DeployOptions>(program, {
    name: 'deploy',
    summary: 'move services to what the file says now, or to another image',
    description:
      'Each service goes by its own x-tenfold.rollout and deploy.update_config, and goes back by itself when it fails. ' +
      'An image given here holds until the file names another one. Ctrl-C leaves the rollout to the daemon; ' +
      '`tenfold rollout status --watch` follows it.',
    define: (command) =>
      command
        .argument('[service...]', 'services; all when none is named')
        .option(
          '--image <reference>',
          'image of the one service named, or service=image; repeatable',
          collect,
        )
        .addOption(
          new Option(
            '--strategy <name>',
            'in place of the services’ own: rolling, blue-green or canary',
          ).argParser(parseStrategy),
        )
        .addOption(dryRunOption()),
    run: runDeploy,
  });
}

function parseStrategy(text: string): RolloutStrategy {
  const found = strategies.find((strategy) => strategy === text);
  if (found === undefined) throw new InvalidArgumentError(`It is none of ${strategies.join(', ')}.`);
  return found;
}

async function runDeploy({ invocation, options, words }: VerbCall<DeployOptions>): Promise<void> {
  const images = imagesOf(options.image ?? [], words);
  const { stack, warnings, locate } = await loadStack(invocation);
  requireServices(stack.name, [...words, ...Object.keys(images)], Object.keys(stack.services));
  for (const warning of warnings) invocation.output.warn(warning);
  const services = words.length === 0 && options.image !== undefined ? Object.keys(images) : words;
  const change: Change<'deploy'> = {
    stack: stack.name,
    verb: 'deploy',
    request: {
      stack,
      ...servicesOf(services),
      scale: {},
      resetScale: false,
      removeOrphans: false,
      forceRecreate: false,
      images,
      ...(options.strategy !== undefined && { strategy: options.strategy }),
      isDryRun: options.dryRun ?? false,
    },
  };
  using interruptions = takeInterruptions(invocation, () => detached(stack.name));
  try {
    await withDaemon(invocation, async ({ client }) => {
      printReport(invocation, await followChange(invocation, client, change, interruptions.signal));
    });
  } catch (thrown) {
    throw thrown instanceof TenfoldError ? locate(thrown) : thrown;
  }
}

/** `--image REF` with one service, or `--image web=REF` for any. */
function imagesOf(values: readonly string[], words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    values.map((value) => {
      const named = /^([a-zA-Z0-9._-]+)=(.+)$/.exec(value);
      if (named?.[1] !== undefined && named[2] !== undefined) return [named[1], named[2]] as const;
      const [only, ...others] = words;
      if (only !== undefined && others.length === 0) return [only, value] as const;
      throw new TenfoldError('usage', `--image ${value} does not say of which service`, {
        expected: 'one service beside it, or service=image',
        got: words.length === 0 ? 'no service' : words.join(', '),
      });
    }),
  );
}

function detached(stack: string): TenfoldError {
  return new TenfoldError('interrupted', 'the daemon goes on with the rollout', {
    hint: `\`tenfold rollout status --watch -p ${stack}\` follows it, \`tenfold rollout abort -p ${stack}\` goes back`,
  });
}
