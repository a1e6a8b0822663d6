import { readdir, readFile, readlink } from 'node:fs/promises';

/** Who listens on a port, as far as /proc lets us see. */
export interface PortOwner {
  readonly pid: number;
  /** The command line, cut to a readable length. */
  readonly command: string;
}

const listenState = '0A';
const maxCommandLength = 120;

/** The process that listens on the TCP port, or undefined: not Linux, another user's process, or nobody. */
export async function findPortOwner(port: number): Promise<PortOwner | undefined> {
  for await (const owner of portOwners(port)) return owner;
  return undefined;
}

/**
 * Every process that listens on the TCP port, as far as they can be seen. They are looked for from the pid upwards first, where a
 * process and its children are.
 */
export async function* portOwners(port: number, fromPid = 0): AsyncGenerator<PortOwner, void, undefined> {
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'utf8').catch(() => '');
    for (const inode of listeningInodes(text, port)) inodes.add(inode);
  }
  if (inodes.size === 0) return;
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  pids.sort((a, b) => Number(a < fromPid) - Number(b < fromPid) || a - b);
  for (const pid of pids) if (await holdsAny(pid, inodes)) yield { pid, command: await commandOf(pid) };
}

/** Socket inodes in LISTEN state on the port, from the text of /proc/net/tcp or tcp6. */
export function listeningInodes(text: string, port: number): readonly string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) === true && fields[3] === listenState)
    .flatMap((fields) => fields[9] ?? []);
}

export function formatPortOwner(owner: PortOwner): string {
  return `pid ${owner.pid} (${owner.command})`;
}

async function holdsAny(pid: number, inodes: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const descriptors = await readdir(folder).catch(() => []);
  for (const descriptor of descriptors) {
    const link = await readlink(`${folder}/${descriptor}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}

/** The empty text once the process has ended. */
async function commandOf(pid: number): Promise<string> {
  const read = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
  const line = (await read('cmdline')).replaceAll('\0', ' ').trim();
  const command = line === '' ? (await read('comm')).trim() : line;
  return command.length > maxCommandLength ? `${command.slice(0, maxCommandLength)}…` : command;
}
