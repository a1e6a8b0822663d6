import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type {
  ChangeMessage,
  ChangeReport,
  DownRequest,
  StackStatus,
  VersionReply,
} from '../../src/daemon/control-api.ts';
import { type Home, resolveHome } from '../../src/daemon/home.ts';
import { controlRequest } from './control-request.ts';
import { eventually } from './eventually.ts';
import { ownedProcesses, type OwnedProcess } from './owned-processes.ts';
import { type RunningProgram, startProgram } from './program.ts';
import { temporaryFolder } from './temporary.ts';

const mainFile = join(import.meta.dirname, '../../src/main.ts');

/** What one run of the command line gave. */
export interface CommandRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Killed, and the run fails, after this time. */
  readonly timeoutMs?: number;
}

/** A TENFOLD_HOME and a project folder of their own, with the command line as users run it. */
export interface TestHome {
  /** Paths of the state. */
  readonly home: Home;
  /** Working directory of the commands; compose files go here. */
  readonly projectDir: string;
  /** Writes a file below the project folder and returns its path. */
  write(name: string, text: string): Promise<string>;
  /** Runs a command to its end, whatever its exit code. */
  run(args: readonly string[], options?: RunOptions): Promise<CommandRun>;
  /** Runs a command that has to succeed, and throws with all that it printed when it does not. */
  succeed(args: readonly string[], options?: RunOptions): Promise<CommandRun>;
  /** Starts a command and leaves it running (an attached `up`, `logs -f`). */
  start(args: readonly string[], options?: RunOptions): RunningProgram;
  /** Runs a command that changes something, which has to succeed, and returns its report. */
  change(args: readonly string[], options?: RunOptions): Promise<ChangeReport>;
  version(): Promise<VersionReply>;
  status(stack: string): Promise<StackStatus>;
  /** All processes that belong to this home: the daemon, the proxy, replicas. */
  processes(): Promise<readonly OwnedProcess[]>;
}

/**
 * Gives the test a home of its own. Afterwards every stack is taken down and the daemon told to exit; a process of this home
 * that still runs then is killed and fails the test. When the test fails, the journal and the logs are printed.
 * `prepare` is given the state folder before it exists; what it returns is disposed of when everything has ended.
 */
export async function withHome<Result>(
  work: (home: TestHome) => Promise<Result>,
  prepare?: (homeDirectory: string) => Promise<AsyncDisposable>,
): Promise<Result> {
  await using folder = await temporaryFolder();
  const test = await createTestHome(folder.path);
  await using _prepared = await prepare?.(test.home.directory);
  let result: Result;
  try {
    result = await work(test);
  } catch (thrown) {
    console.error(await artifacts(test));
    await endEverything(test);
    throw thrown;
  }
  const leftovers = await endEverything(test);
  if (leftovers.length === 0) return result;
  throw new Error(`left running after down and exit:\n${leftovers.join('\n')}\n${await artifacts(test)}`);
}

async function createTestHome(folder: string): Promise<TestHome> {
  const projectDir = join(folder, 'project');
  const home = resolveHome({ TENFOLD_HOME: join(folder, 'home') });
  const scratchDir = join(folder, 'tmp');
  await mkdir(projectDir);
  await mkdir(scratchDir);

  const start = (args: readonly string[], options: RunOptions = {}): RunningProgram =>
    startProgram(process.execPath, [mainFile, ...args], {
      cwd: options.cwd ?? projectDir,
      environment: {
        TENFOLD_HOME: home.directory,
        TMPDIR: scratchDir,
        NO_COLOR: '1',
        // Tests run beside each other, and beside whatever else runs here.
        TENFOLD_ADMIN: '127.0.0.1:0',
        ...options.environment,
      },
    });
  const run = async (args: readonly string[], options: RunOptions = {}): Promise<CommandRun> => {
    const startedAt = performance.now();
    const program = start(args, options);
    const exitCode = await program.ended(options.timeoutMs ?? 60_000);
    const durationMs = performance.now() - startedAt;
    return { exitCode, stdout: program.stdout(), stderr: program.stderr(), durationMs };
  };

  const succeed = async (args: readonly string[], options?: RunOptions): Promise<CommandRun> => {
    const result = await run(args, options);
    if (result.exitCode === 0) return result;
    throw new Error(
      `tenfold ${args.join(' ')} ended with ${result.exitCode}\n${result.stdout}${result.stderr}`,
    );
  };

  return {
    home,
    projectDir,
    async write(name, text) {
      const file = join(projectDir, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      return file;
    },
    run,
    succeed,
    async change(args, options) {
      const { stdout } = await succeed(['--json', ...args], options);
      for (const line of stdout.trimEnd().split('\n').toReversed()) {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what --json prints of a change
        const message = JSON.parse(line) as ChangeMessage;
        if (message.type === 'report') return message.report;
      }
      throw new Error(`tenfold ${args.join(' ')} printed no report:\n${stdout}`);
    },
    start,
    version: () => controlRequest<VersionReply>(home.socketPath, 'GET', '/v1/version'),
    status: (stack) => controlRequest<StackStatus>(home.socketPath, 'GET', `/v1/stacks/${stack}`),
    // A replica is given no TENFOLD_HOME, but it keeps the caller's TMPDIR.
    processes: () => ownedProcesses([`TENFOLD_HOME=${home.directory}`, `TMPDIR=${scratchDir}`]),
  };
}

/** Takes all stacks down by the API, ends the daemon, and returns what still ran then; that is killed. */
async function endEverything(test: TestHome): Promise<string[]> {
  const { socketPath } = test.home;
  if ((await test.processes()).length === 0) return [];
  try {
    // A daemon that the test had killed is needed once more, to end what it ran.
    await test.run(['ls']);
    for (const { name } of await controlRequest<StackStatus[]>(socketPath, 'GET', '/v1/stacks')) {
      const requester = { user: 'test', commandLine: 'end of test' };
      const request: DownRequest = { requester, removeVolumes: true, removeOrphans: true, graceMs: 500 };
      await controlRequest<ChangeMessage>(socketPath, 'POST', `/v1/stacks/${name}/down`, request);
    }
    await controlRequest(socketPath, 'POST', '/v1/exit', {});
  } catch {
    // The daemon may have ended by itself by now; what it left behind is found below.
  }
  try {
    await eventually(async () => {
      if ((await test.processes()).length > 0) throw new Error('something still runs');
    });
    return [];
  } catch {
    const leftovers = await test.processes();
    for (const { pid } of leftovers) process.kill(pid, 'SIGKILL');
    return leftovers.map(({ pid, commandLine }) => `${pid} ${commandLine}`);
  }
}

/** The last lines of everything that could say why a test failed. */
async function artifacts(test: TestHome): Promise<string> {
  const { home } = test;
  const files = [home.journalPath, home.daemonLogPath, home.proxyLogPath];
  const parts = files.map(async (file) => {
    const text = await readFile(file, 'utf8').catch(() => '(not there)');
    return `--- ${file}\n${text.split('\n').slice(-60).join('\n')}`;
  });
  const running = (await test.processes()).map(({ pid, commandLine }) => `${pid} ${commandLine}`);
  return [...(await Promise.all(parts)), `--- processes\n${running.join('\n')}`].join('\n');
}
