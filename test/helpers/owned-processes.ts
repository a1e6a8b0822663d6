import { readdir, readFile } from 'node:fs/promises';

export interface OwnedProcess {
  readonly pid: number;
  readonly commandLine: string;
}

/**
 * Processes whose environment holds one of these entries (`NAME=value`), and so were started with it or by one that was. Linux
 * only; elsewhere nothing is found.
 */
export async function ownedProcesses(entries: readonly string[]): Promise<OwnedProcess[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found: OwnedProcess[] = [];
  for (const pid of pids) {
    // A process may end at any moment while it is looked at, and others' environments may be closed to us.
    const environment = (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).split('\0');
    if (!entries.some((entry) => environment.includes(entry))) continue;
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (words !== '') found.push({ pid: Number(pid), commandLine: words.split('\0').join(' ').trim() });
  }
  return found;
}
