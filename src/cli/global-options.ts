import { Option, type Command } from 'commander';

export type AnsiChoice = 'auto' | 'always' | 'never';

/** Options that every verb takes, before or after its name. */
export interface GlobalOptions {
  readonly files: readonly string[];
  readonly projectName: string | undefined;
  readonly profiles: readonly string[];
  readonly envFiles: readonly string[];
  readonly projectDirectory: string | undefined;
  readonly isJson: boolean;
  readonly ansi: AnsiChoice;
  /** False: no colours, whatever the terminal can do. */
  readonly hasColour: boolean;
}

interface RawGlobalOptions {
  readonly file?: readonly string[];
  readonly projectName?: string;
  readonly profile?: readonly string[];
  readonly envFile?: readonly string[];
  readonly projectDirectory?: string;
  readonly json?: true;
  readonly ansi?: AnsiChoice;
  readonly color?: boolean;
}

export const globalOptionsHeading = 'Options of every command:';

/** For an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Adds the options of every command; `logs` and `events` keep `-f` for following. */
export function addGlobalOptions(command: Command, fileFlags = '-f, --file <path>'): Command {
  const options = [
    new Option(fileFlags, 'compose file; several are merged in order').argParser(collect),
    new Option('-p, --project-name <name>', 'name of the stack'),
    new Option('--profile <name>', 'profile to enable; repeatable').argParser(collect),
    new Option('--env-file <path>', 'file of variables for the compose file; repeatable').argParser(collect),
    new Option('--project-directory <path>', 'folder that relative paths start from'),
    new Option('--json', 'print JSON on stdout and nothing else'),
    new Option('--ansi <when>', 'colours and live lines: auto, always or never').choices([
      'auto',
      'always',
      'never',
    ]),
    new Option('--no-color', 'print without colours'),
  ];
  for (const option of options) command.addOption(option.helpGroup(globalOptionsHeading));
  return command;
}

/** The options given before the verb and after it, as one; after it counts more, lists are joined. */
export function readGlobalOptions(command: Command): GlobalOptions {
  const own = command.opts<RawGlobalOptions>();
  const outer: RawGlobalOptions = command.parent?.opts<RawGlobalOptions>() ?? {};
  return {
    files: [...(outer.file ?? []), ...(own.file ?? [])],
    projectName: own.projectName ?? outer.projectName,
    profiles: [...(outer.profile ?? []), ...(own.profile ?? [])],
    envFiles: [...(outer.envFile ?? []), ...(own.envFile ?? [])],
    projectDirectory: own.projectDirectory ?? outer.projectDirectory,
    isJson: own.json ?? outer.json ?? false,
    ansi: own.ansi ?? outer.ansi ?? 'auto',
    hasColour: own.color !== false && outer.color !== false,
  };
}
