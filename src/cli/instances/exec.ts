import { InvalidArgumentError } from 'commander';
import type { ExecMessage, ExecRequest, StackStatus } from '../../daemon/control-api.ts';
import { TenfoldError } from '../../shared/errors.ts';
import { collect } from '../global-options.ts';
import { takeInterruptions, withDaemon, type Invocation } from '../invocation.ts';
import { stackName } from '../project.ts';
import { requireTargets } from '../targets.ts';
import { openKeyboard } from '../terminal/keyboard.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';

interface ExecOptions {
  /** False: `-T`. */
  readonly tty: boolean;
  readonly user?: string;
  readonly workdir?: string;
  readonly env?: readonly string[];
  readonly index?: number;
  readonly privileged?: true;
}

const defaultColumns = 80;
const defaultRows = 24;

export function addExec(program: Program): void {
  addVerb<ExecOptions>(program, {
    name: 'exec',
    summary: 'run a command beside a replica, with its environment',
    description:
      'A service stands for its lowest running instance. Input is passed on, and the exit code is that of the command.',
    define: (command) =>
      command
        .argument('<service|instance>', 'service or instance')
        .argument('<command...>', 'command and its arguments')
        .passThroughOptions()
        .option('-T, --no-tty', 'without a terminal')
        .option('-u, --user <user>', 'user to run as')
        .option('-w, --workdir <path>', 'folder to run in')
        .option(
          '-e, --env <name=value>',
          'variable to set; repeatable, NAME alone takes its value from here',
          collect,
        )
        .option('--index <n>', 'number of the instance', parseIndex)
        .option('--privileged', 'with extended privileges'),
    run: runExec,
  });
}

async function runExec({ invocation, options, words }: VerbCall<ExecOptions>): Promise<number> {
  const [word = '', ...command] = words;
  const stack = await stackName(invocation);
  return withDaemon(invocation, async ({ client }) => {
    const status = await client.stack(stack);
    const { target, hasTerminals } = resolveTarget(status, word, options.index);
    using interruptions = takeInterruptions(
      invocation,
      () => new TenfoldError('interrupted', `interrupted; the command in ${target} was ended`),
    );
    const isInteractive = hasTerminals && options.tty && isAtTerminal(invocation);
    using keyboard = openKeyboard(invocation.surroundings.stdin, isInteractive);
    const request = requestOf(invocation, options, target, command, isInteractive);
    const messages = client.exec(stack, request, keyboard.input, interruptions.signal);
    try {
      return await passOn(invocation, messages, target);
    } catch (thrown) {
      interruptions.signal.throwIfAborted();
      throw thrown;
    }
  });
}

/** A runtime of local processes has no terminals to offer. */
function resolveTarget(
  status: StackStatus,
  word: string,
  index: number | undefined,
): { readonly target: string; readonly hasTerminals: boolean } {
  const name = index === undefined ? word : `${word}-${index}`;
  const [found] = requireTargets(status, [name]);
  return { target: name, hasTerminals: found?.service.kind === 'container' };
}

function isAtTerminal({ surroundings, output }: Invocation): boolean {
  return surroundings.stdin.isTTY === true && surroundings.stdout.isTTY === true && !output.isJson;
}

function requestOf(
  { surroundings }: Invocation,
  options: ExecOptions,
  target: string,
  command: readonly string[],
  isInteractive: boolean,
): ExecRequest {
  const { columns = defaultColumns, rows = defaultRows } = surroundings.stdout;
  return {
    target,
    command,
    environment: parseVariables(options.env ?? [], surroundings.environment),
    isPrivileged: options.privileged ?? false,
    ...(options.user === undefined ? {} : { user: options.user }),
    ...(options.workdir === undefined ? {} : { workingDir: options.workdir }),
    ...(isInteractive ? { terminal: { columns, rows } } : {}),
  };
}

/** Writes what the command writes; its exit code. */
async function passOn(
  { output }: Invocation,
  messages: AsyncIterable<ExecMessage>,
  target: string,
): Promise<number> {
  for await (const message of messages) {
    if (message.type === 'exit') {
      if (output.isJson) output.json(message);
      return message.exitCode;
    }
    if (output.isJson) output.json(message);
    else if (message.stream === 'stdout') output.write(Buffer.from(message.base64, 'base64'));
    else output.writeError(Buffer.from(message.base64, 'base64'));
  }
  throw new TenfoldError('daemon-unreachable', `the daemon went away before the command in ${target} ended`, {
    hint: 'replicas and traffic go on; any tenfold command starts the daemon again',
  });
}

function parseVariables(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const word of words) {
    const separator = word.indexOf('=');
    const name = separator < 0 ? word : word.slice(0, separator);
    const value = separator < 0 ? environment[name] : word.slice(separator + 1);
    if (name === '') {
      throw new TenfoldError('usage', `\`${word}\` does not name a variable`, {
        expected: 'NAME=VALUE or NAME',
      });
    }
    if (value !== undefined) variables[name] = value;
  }
  return variables;
}

function parseIndex(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It is not a whole number from 1.');
  return Number(text);
}
