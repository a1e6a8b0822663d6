import { execFile } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';

/** What the living processes of a group use together; processor time includes that of children they have reaped. */
export interface GroupUsage {
  readonly cpuSeconds: number;
  /** Linux: resident memory that is no file's. Elsewhere all that is resident. */
  readonly memoryBytes: number;
}

/** Looks at the named process groups; one of which nothing lives is left out. */
export type UsageOfGroups = (groups: readonly number[]) => Promise<ReadonlyMap<number, GroupUsage>>;

export function createGroupUsage(): UsageOfGroups {
  return existsSync('/proc/self/statm') ? procUsage() : psUsage();
}

/** How long a process that a replica has started may go unseen. */
const membersKnownForMs = 5_000;
/** Linux shows times to user space in hundredths of a second, whatever the kernel counts in (`USER_HZ`). */
const ticksPerSecond = 100;

/** Reads Linux's /proc: the members of the known groups, and all processes now and then to find new members. */
function procUsage(): UsageOfGroups {
  const pageBytes = readPageBytes();
  let members = new Map<number, readonly number[]>();
  let scannedAt = -Infinity;

  const scan = (wanted: ReadonlySet<number>): Map<number, number[]> => {
    const found = new Map<number, number[]>();
    for (const name of readdirSync('/proc')) {
      const pid = Number(name);
      if (!Number.isInteger(pid)) continue;
      const group = Number(statOf(pid)[2]);
      if (!wanted.has(group)) continue;
      const others = found.get(group);
      if (others === undefined) found.set(group, [pid]);
      else others.push(pid);
    }
    return found;
  };
  const usageOf = (group: number, pids: readonly number[]): GroupUsage | undefined => {
    let ticks = 0;
    let pages = 0;
    let isAlive = false;
    for (const pid of pids) {
      const fields = statOf(pid);
      if (Number(fields[2]) !== group || fields[0] === 'Z') continue;
      isAlive = true;
      for (const field of fields.slice(11, 15)) ticks += Number(field);
      const [, resident, shared] = readStart(`/proc/${pid}/statm`).split(' ');
      pages += Number(resident ?? 0) - Number(shared ?? 0);
    }
    if (!isAlive) return undefined;
    return { cpuSeconds: ticks / ticksPerSecond, memoryBytes: pages * pageBytes };
  };

  return (groups) => {
    const isStale = performance.now() - scannedAt >= membersKnownForMs;
    if (isStale || groups.some((group) => !members.has(group))) {
      members = scan(new Set(groups));
      // A group of which nothing was found is not looked for again before its time.
      for (const group of groups) if (!members.has(group)) members.set(group, []);
      scannedAt = performance.now();
    }
    return Promise.resolve(
      new Map(
        groups.flatMap((group) => {
          const usage = usageOf(group, members.get(group) ?? []);
          return usage === undefined ? [] : [[group, usage] as const];
        }),
      ),
    );
  };
}

const buffer = Buffer.allocUnsafe(4_096);

/** Empty when the file is gone, because its process ended, or is somebody else's. */
function readStart(path: string): string {
  try {
    const file = openSync(path, 'r');
    try {
      return buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return '';
  }
}

/** The fields of `/proc/PID/stat` after the program's name, which may hold blanks and parentheses of its own. */
function statOf(pid: number): readonly string[] {
  const stat = readStart(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Found out from our own size, which the kernel shows in pages and in bytes, one look after the other. */
function readPageBytes(): number {
  const perPage = Number(statOf(process.pid)[20]) / Number(readStart('/proc/self/statm').split(' ')[0]);
  return [4_096, 16_384, 65_536].find((bytes) => perPage < bytes * 1.5) ?? 4_096;
}

/** Running ps costs some milliseconds, so what it said holds for a while. */
const psHoldsForMs = 2_000;

/** Asks ps, where there is no /proc (macOS, the BSDs). */
export function psUsage(): UsageOfGroups {
  let known: ReadonlyMap<number, GroupUsage> = new Map();
  let knownAt = -Infinity;
  return async (groups) => {
    if (performance.now() - knownAt >= psHoldsForMs) {
      known = sumByGroup(await runPs());
      knownAt = performance.now();
    }
    return new Map(
      groups.flatMap((group) => {
        const usage = known.get(group);
        return usage === undefined ? [] : [[group, usage] as const];
      }),
    );
  };
}

function runPs(): Promise<string> {
  const options = { env: { ...process.env, LC_ALL: 'C' }, maxBuffer: 64 << 20 };
  return new Promise((resolve) => {
    execFile('ps', ['-axo', 'pgid=,time=,rss='], options, (_error, stdout) => resolve(stdout));
  });
}

function sumByGroup(text: string): ReadonlyMap<number, GroupUsage> {
  const sums = new Map<number, GroupUsage>();
  for (const line of text.split('\n')) {
    const [, group, time, kibibytes] = /^\s*(\d+)\s+([\d:.-]+)\s+(\d+)\s*$/.exec(line) ?? [];
    if (group === undefined || time === undefined || kibibytes === undefined) continue;
    const sum = sums.get(Number(group)) ?? { cpuSeconds: 0, memoryBytes: 0 };
    sums.set(Number(group), {
      cpuSeconds: sum.cpuSeconds + secondsOf(time),
      memoryBytes: sum.memoryBytes + Number(kibibytes) * 1_024,
    });
  }
  return sums;
}

/** `[[days-]hours:]minutes:seconds[.hundredths]`, as ps prints processor time. */
function secondsOf(time: string): number {
  const [days, clock] = time.includes('-') ? time.split('-') : ['0', time];
  const seconds = (clock ?? '0').split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return Number(days) * 86_400 + seconds;
}
