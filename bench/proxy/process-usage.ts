import { readdirSync, readFileSync } from 'node:fs';

/** Linux gives process times to user space in hundredths of a second, whatever its own clock (USER_HZ). */
const usPerTick = 10_000;

interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly cpuUs: number;
}

/** CPU time so far of the process and all of its descendants, in microseconds (`/proc/PID/stat`). */
export function cpuUsOf(root: number): number {
  return family(root).reduce((sum, { cpuUs }) => sum + cpuUs, 0);
}

/** Resident memory of the process and all of its descendants, in MiB; pages that they share count for each. */
export function rssMbOf(root: number): number {
  return family(root).reduce((sum, { pid }) => sum + rssKbOf(pid), 0) / 1024;
}

/** The same with pages that processes share counted once, which is what they take of the machine (`smaps_rollup`). */
export function pssMbOf(root: number): number {
  return family(root).reduce((sum, { pid }) => sum + pssKbOf(pid), 0) / 1024;
}

function family(root: number): readonly ProcessFacts[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => factsOf(Number(name)))
    .filter((facts) => facts !== undefined);
  const found = all.filter(({ pid }) => pid === root);
  for (const { pid } of found) found.push(...all.filter(({ parent }) => parent === pid));
  return found;
}

/** Undefined: it has ended meanwhile. */
function factsOf(pid: number): ProcessFacts | undefined {
  const stat = contentOf(`/proc/${pid}/stat`);
  if (stat === '') return undefined;
  // The name, in brackets, may hold blanks and brackets itself; fields are counted from after it (proc(5)).
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [, parent = 0] = fields;
  const ticks = (fields[11] ?? 0) + (fields[12] ?? 0) + (fields[13] ?? 0) + (fields[14] ?? 0);
  return { pid, parent, cpuUs: ticks * usPerTick };
}

function rssKbOf(pid: number): number {
  return Number(/^VmRSS:\s*(\d+)/m.exec(contentOf(`/proc/${pid}/status`))?.[1] ?? 0);
}

function pssKbOf(pid: number): number {
  return Number(/^Pss:\s*(\d+)/m.exec(contentOf(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
