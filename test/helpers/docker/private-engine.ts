import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { eventually } from '../eventually.ts';
import { findProgram } from '../parts.ts';
import { temporaryFolder } from '../temporary.ts';

const run = promisify(execFile);

/** A Docker engine of the test's own, which it may kill. */
export interface PrivateEngine extends AsyncDisposable {
  /** `unix:///…` */
  readonly host: string;
  /** Ends it with the signal and waits for that. Its containers run on. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again and waits until it answers. */
  start(): Promise<void>;
}

/** The `skip` option of a test that starts an engine. */
export function skipWithoutPrivateEngine(): string | false {
  for (const program of ['dockerd', 'containerd', 'ip']) {
    if (findProgram(program) === undefined) return `needs ${program}: it is not installed`;
  }
  return process.getuid?.() === 0 ? false : 'needs root: only root can start a Docker engine';
}

/** `configuration` is what stands in its daemon.json. */
export async function startPrivateEngine(configuration: object = {}): Promise<PrivateEngine> {
  const folder = await temporaryFolder();
  const at = (name: string): string => join(folder.path, name);
  const docker = new Docker({ socketPath: at('docker.sock') });
  const bridge = await makeBridge();
  // On its own, as service managers run it: the containers' parent must outlive an engine that is killed.
  const containerd = await launch('containerd', at('containerd.log'), [
    `--address=${at('containerd.sock')}`,
    `--root=${at('containerd/root')}`,
    `--state=${at('containerd/state')}`,
    `--config=${await fileWith('version = 2', at('containerd.toml'))}`,
  ]);
  const configFile = await fileWith(JSON.stringify(configuration), at('daemon.json'));
  let engine: ChildProcess | undefined;

  async function start(): Promise<void> {
    engine = await launch('dockerd', at('dockerd.log'), [
      `--config-file=${configFile}`,
      `--host=unix://${at('docker.sock')}`,
      `--containerd=${at('containerd.sock')}`,
      `--data-root=${at('data')}`,
      `--exec-root=${at('exec')}`,
      `--pidfile=${at('docker.pid')}`,
      // Not `none`: an engine told so removes docker0, which is the other engine's.
      `--bridge=${bridge}`,
      // The firewall rules are the other engine's too.
      '--iptables=false',
      '--ip-masq=false',
      '--live-restore',
    ]);
    try {
      await eventually(() => docker.ping(), 30_000, 100);
    } catch (thrown) {
      await endProcess(engine, 'SIGKILL');
      const log = (await readFile(at('dockerd.log'), 'utf8')).slice(-2_000);
      throw new Error(`the private engine does not answer:\n${log}`, { cause: thrown });
    }
  }

  async function dispose(): Promise<void> {
    try {
      if (engine === undefined || hasEnded(engine)) await start();
      for (const { Id } of await docker.listContainers({ all: true })) {
        await docker.getContainer(Id).remove({ force: true, v: true });
      }
    } finally {
      if (engine !== undefined) await endProcess(engine, 'SIGTERM');
      await endProcess(containerd, 'SIGTERM');
      await run('ip', ['link', 'delete', bridge]);
      await unmountAll(folder.path);
      await folder[Symbol.asyncDispose]();
    }
  }

  try {
    await start();
  } catch (thrown) {
    await endProcess(containerd, 'SIGTERM');
    await run('ip', ['link', 'delete', bridge]);
    throw thrown;
  }
  return {
    host: `unix://${at('docker.sock')}`,
    start,
    async end(signal) {
      if (engine !== undefined) await endProcess(engine, signal);
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** A bridge with an address range of its own, by chance one of those that nothing else uses. */
async function makeBridge(): Promise<string> {
  const name = `tenfold${randomBytes(4).toString('hex')}`;
  const gateway = `10.${200 + randomInt(50)}.${randomInt(256)}.1/24`;
  await run('ip', ['link', 'add', 'name', name, 'type', 'bridge']);
  await run('ip', ['address', 'add', gateway, 'dev', name]);
  await run('ip', ['link', 'set', name, 'up']);
  return name;
}

/** An engine that was killed leaves its mounts. */
async function unmountAll(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const mount of mounts.filter((path) => path.startsWith(`${folder}/`)).reverse()) {
    await run('umount', ['--lazy', mount]);
  }
}

async function fileWith(text: string, path: string): Promise<string> {
  await writeFile(path, `${text}\n`);
  return path;
}

async function launch(program: string, log: string, words: readonly string[]): Promise<ChildProcess> {
  await using output = await open(log, 'a');
  const child = spawn(findProgram(program) ?? program, words, { stdio: ['ignore', output.fd, output.fd] });
  await once(child, 'spawn');
  return child;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
