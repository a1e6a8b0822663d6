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

/** The options given before the verb, its group and after it, as one; what comes later counts more, lists are joined. */
export function readGlobalOptions(command: Command): GlobalOptions {
  const levels: RawGlobalOptions[] = [];
  for (let level: Command | null = command; level !== null; level = level.parent)
    levels.unshift(level.opts<RawGlobalOptions>());
  const last = <Key extends keyof RawGlobalOptions>(key: Key): RawGlobalOptions[Key] | undefined =>
    levels.findLast((options) => options[key] !== undefined)?.[key];
  return {
    files: levels.flatMap(({ file = [] }) => file),
    projectName: last('projectName'),
    profiles: levels.flatMap(({ profile = [] }) => profile),
    envFiles: levels.flatMap(({ envFile = [] }) => envFile),
    projectDirectory: last('projectDirectory'),
    isJson: last('json') ?? false,
    ansi: last('ansi') ?? 'auto',
    hasColour: levels.every(({ color }) => color !== false),
  };
}
