import { CommanderError } from 'commander';
import { TenfoldError } from '../shared/errors.ts';
import { readGlobalOptions } from './global-options.ts';
import type { Invocation } from './invocation.ts';
import { createProgram } from './program.ts';
import { exitCodes } from './exit-codes.ts';
import { renderError } from './render/render-error.ts';
import type { Surroundings } from './surroundings.ts';
import { Output } from './terminal/output.ts';
import { usageError } from './usage-error.ts';

/** Runs one command line and gives the exit code; never throws. */
export async function runCli(words: readonly string[], surroundings: Surroundings): Promise<number> {
  let exitCode: number = exitCodes.ok;
  let invocation: Invocation | undefined;
  const program = createProgram({
    words,
    surroundings,
    onInvocation: (created) => (invocation = created),
    onExitCode: (code) => (exitCode = code),
  });
  try {
    await program.parseAsync([...words], { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return exitCodes.ok;
    if (thrown instanceof CommanderError && thrown.code === 'commander.help') {
      // What was named alone is a group: its own help says which verbs stand under it.
      const group = program.commands.find((command) => command.name() === program.args[0]);
      surroundings.stderr.write((group ?? program).helpInformation());
      return exitCodes.usage;
    }
    const output =
      invocation?.output ??
      new Output(surroundings, { ...readGlobalOptions(program), isJson: asksForJson(words) });
    return reportFailure(
      thrown instanceof CommanderError ? usageError(thrown) : thrown,
      output,
      surroundings,
    );
  }
}

function reportFailure(thrown: unknown, output: Output, { workingDir }: Surroundings): number {
  if (!(thrown instanceof TenfoldError)) return reportBug(thrown, output);
  if (output.isJson) output.json({ error: thrown });
  for (const line of renderError(thrown, { style: output.errorStyle, workingDir })) output.note(line);
  return thrown.code === 'interrupted' ? exitCodes.interrupted : thrown.exitCode;
}

function reportBug(thrown: unknown, output: Output): number {
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  if (output.isJson) output.json({ error: { code: 'bug', message: String(thrown), stack } });
  output.note(
    `${output.errorStyle.bad('error:')} this is a bug in tenfold; please report it with the lines below`,
  );
  output.note(stack);
  return exitCodes.bug;
}

/** For a command line that could not be parsed. */
function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end < 0 ? undefined : end).includes('--json');
}
