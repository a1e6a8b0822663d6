import type { Command } from 'commander';
import { addGlobalOptions } from './global-options.ts';
import { createInvocation, type Invocation } from './invocation.ts';
import type { Surroundings } from './surroundings.ts';

/** What the verbs are added to. */
export interface Program {
  readonly command: Command;
  /** Words of the command line as typed. */
  readonly words: readonly string[];
  readonly surroundings: Surroundings;
  /** Told the invocation as soon as a verb was recognised, and the exit code when it is done. */
  readonly onInvocation: (invocation: Invocation) => void;
  readonly onExitCode: (exitCode: number) => void;
}

export interface VerbDescription<Options> {
  readonly name: string;
  readonly summary: string;
  /** Sentences for the verb's own help, after the summary. */
  readonly description?: string;
  /** Flags of `--file`, for a verb that has another use for `-f`. */
  readonly fileFlags?: string;
  /** Adds the verb's arguments and options. */
  readonly define: (command: Command) => Command;
  /** Does the work; the exit code, when it is not 0. */
  readonly run: (call: VerbCall<Options>) => Promise<number | void>;
}

export interface VerbCall<Options> {
  readonly invocation: Invocation;
  readonly options: Options;
  /** Arguments, in order; those of a variadic one follow each other. */
  readonly words: readonly string[];
}

/** Adds one verb to the program. */
export function addVerb<Options>(program: Program, verb: VerbDescription<Options>): void {
  const command = program.command.command(verb.name).summary(verb.summary);
  command.description(
    verb.description === undefined ? verb.summary : `${verb.summary}\n\n${verb.description}`,
  );
  verb.define(command);
  addGlobalOptions(command, verb.fileFlags);
  command.action(async () => {
    const invocation = createInvocation(command, program.words, program.surroundings);
    program.onInvocation(invocation);
    const call = { invocation, options: command.opts<Options & object>(), words: command.args };
    program.onExitCode((await verb.run(call)) ?? 0);
  });
}

/** Adds a verb that others stand under, such as `autoscale` of `autoscale status`. */
export function addVerbGroup(
  program: Program,
  { name, summary }: Pick<VerbDescription<object>, 'name' | 'summary'>,
  verbs: readonly ((program: Program) => void)[],
): void {
  const command = program.command.command(name).summary(summary).description(summary);
  command.enablePositionalOptions();
  addGlobalOptions(command);
  for (const add of verbs) add({ ...program, command });
}
