import type { Argument, Command, Option } from 'commander';
import { exitCodeMeanings, exitCodes } from '../../src/cli/exit-codes.ts';
import { createProgram } from '../../src/cli/program.ts';
import { globalOptionsHeading } from '../../src/cli/global-options.ts';
import { errorCodes } from '../../src/shared/error-codes.ts';
import { fakeTerminal } from './run-in-process.ts';

/** JSON that a command prints, for the page. */
export interface JsonSample {
  readonly commandLine: string;
  readonly what: string;
  /** Documents, one a line in truth. */
  readonly documents: readonly unknown[];
}

/** docs/cli.md, from the definitions that parse the command line. */
export function renderReference(samples: readonly JsonSample[]): string {
  const program = createProgram({
    words: [],
    surroundings: fakeTerminal({}).surroundings,
    onInvocation: () => {},
    onExitCode: () => {},
  });
  const sections = [
    '# Command line',
    '<!-- Generated from the definitions in src/cli; test/cli/reference.test.ts says how. -->',
    'What docker compose has under the same name means the same here. In a clone, `npm run tenfold -- ARGS` runs it.',
    ...program.commands.flatMap((command) => renderVerb(command)),
    '## Options of every command',
    'They may stand before or after the command. `logs` and `events` take `--file` in its long form only, since `-f` follows there.',
    optionsTable(program.options.filter(isGlobal)),
    '## Environment',
    environmentTable,
    '## Exit codes',
    exitCodeTable(),
    'What each error code is for, and what to do about it: [errors.md](errors.md).',
    '## JSON',
    jsonIntroduction,
    ...samples.flatMap(renderSample),
  ];
  return `${sections.join('\n\n')}\n`;
}

const environmentTable = table(
  ['variable', 'meaning'],
  [
    [
      '`TENFOLD_HOME`',
      'folder of the state; by default `$XDG_STATE_HOME/tenfold` or `~/.local/state/tenfold`',
    ],
    [
      '`COMPOSE_FILE`, `COMPOSE_PROJECT_NAME`, `COMPOSE_PROFILES`, `COMPOSE_ENV_FILES`',
      'as docker compose has them; options count more',
    ],
    ['`DOCKER_HOST`', 'the Docker engine; it counts when the daemon is started'],
    ['`NO_COLOR`', 'not empty: no colours'],
  ],
);

const jsonIntroduction = [
  'With `--json`, stdout carries JSON and nothing else; warnings still go to stderr. A command that reports prints one document;',
  'one that runs for a while prints one object a line, as things happen. A command that fails prints `{"error": {…}}` last.',
  'Times are milliseconds since 1970. Fields may be added, but those that are here stay.',
].join('\n');

/** A verb, or each of those that stand under it. */
function renderVerb(command: Command, group = ''): string[] {
  const name = `${group}${command.name()}`;
  if (command.commands.length > 0) return command.commands.flatMap((each) => renderVerb(each, `${name} `));
  const own = command.options.filter((option) => !isGlobal(option));
  const rows = [...command.registeredArguments.map(argumentRow), ...own.map(optionRow)];
  return [
    `## ${name}`,
    `\`${['tenfold', name, ...(own.length > 0 ? ['[OPTIONS]'] : []), ...command.registeredArguments.map(argumentText)].join(' ')}\``,
    `${sentence(command.summary())}${rest(command)}`,
    ...(rows.length === 0 ? [] : [table(['word', 'meaning'], rows)]),
  ];
}

function rest(command: Command): string {
  const [, ...paragraphs] = command.description().split('\n\n');
  return paragraphs.length === 0 ? '' : ` ${paragraphs.join(' ')}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function isGlobal(option: Option): boolean {
  return option.helpGroupHeading === globalOptionsHeading;
}

function argumentText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`.toUpperCase();
  return argument.required ? name : `[${name}]`;
}

function argumentRow(argument: Argument): string[] {
  return [`\`${argumentText(argument)}\``, argument.description];
}

function optionRow(option: Option): string[] {
  const choices = option.argChoices === undefined ? '' : ` (${option.argChoices.join(', ')})`;
  return [`\`${option.flags}\``, option.description + (option.description.includes('auto') ? '' : choices)];
}

function optionsTable(options: readonly Option[]): string {
  return table(['word', 'meaning'], options.map(optionRow));
}

function exitCodeTable(): string {
  const rows = Object.entries(exitCodeMeanings).map(([name, meaning]) => {
    const exitCode = Object.entries(exitCodes).find(([key]) => key === name)?.[1];
    const codes = Object.entries(errorCodes)
      .filter(([code, entry]) => entry.exitCode === exitCode && code !== 'interrupted')
      .map(([code]) => `\`${code}\``);
    return [String(exitCode), meaning, codes.join(', ')];
  });
  return table(
    ['exit code', 'meaning', 'error codes'],
    [...rows, ['that of its command', '`exec`, once the command runs.', '']],
  );
}

function renderSample({ commandLine, what, documents }: JsonSample): string[] {
  const blocks = documents.map((document) => JSON.stringify(document, undefined, 2));
  return [`### \`${commandLine}\``, what, `\`\`\`json\n${blocks.join('\n')}\n\`\`\``];
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}
