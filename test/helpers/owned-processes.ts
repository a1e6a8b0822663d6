import { readdir, readFile } from 'node:fs/promises';

export interface OwnedProcess {
  readonly pid: number;
  readonly commandLine: string;
}

/**
 * Processes that were started with this TENFOLD_HOME in their environment, or by one that was: the daemon, the proxy and, since
 * they inherit it, local replicas and what these started. Linux only; elsewhere nothing is found.
 */
export async function ownedProcesses(homeDirectory: string): Promise<OwnedProcess[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found: OwnedProcess[] = [];
  for (const pid of pids) {
    // A process may end at any moment while it is looked at, and others' environments may be closed to us.
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (!environment.split('\0').includes(`TENFOLD_HOME=${homeDirectory}`)) continue;
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (words !== '') found.push({ pid: Number(pid), commandLine: words.split('\0').join(' ').trim() });
  }
  return found;
}
