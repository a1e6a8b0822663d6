import { Command } from 'commander';
import { addGlobalOptions } from './global-options.ts';
import { ownVersion } from '../shared/own-version.ts';
import type { Program } from './verb.ts';
import { verbs } from './verbs.ts';

/** The command line as commander knows it: all verbs, none of them run yet. */
export function createProgram(program: Omit<Program, 'command'>): Command {
  const { stdout } = program.surroundings;
  const command = new Command('tenfold')
    .description('Makes an ordinary compose.yaml scale: replicas behind a load balancer, no request dropped.')
    .usage('[OPTIONS] COMMAND')
    .version(ownVersion(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      // What is wrong is printed once, by the caller, in the same style as every other error.
      writeErr: () => {},
      outputError: () => {},
      getOutHelpWidth: () => stdout.columns ?? 100,
      getOutHasColors: () => false,
    })
    .configureHelp({ showGlobalOptions: false });
  addGlobalOptions(command);
  for (const { heading, add } of verbs) {
    command.commandsGroup(heading);
    for (const addTo of add) addTo({ ...program, command });
  }
  return command;
}
