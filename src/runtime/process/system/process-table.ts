import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';

/** One process as the kernel shows it now. */
export interface ProcessFacts {
  readonly pid: number;
  /** That of pid 1 is 0, as is one that cannot be seen from here. */
  readonly parentId: number;
  readonly groupId: number;
  /** Differs between two processes that ever had the same pid. */
  readonly startToken: string;
  /** It ended, and only waits for its parent to take notice (a zombie). */
  readonly isEnded: boolean;
}

/** A process whose environment names a record (`TENFOLD_RECORD`). */
export interface MarkedProcess extends ProcessFacts {
  readonly marker: string;
}

export interface ProcessTable {
  factsOf(pid: number): ProcessFacts | undefined;
  /**
   * Whether the process still runs, cheap enough to be asked many times a second. Where the system makes the truth
   * dear, a pid that was given to another process is taken for the old one for a few seconds.
   */
  isAlive(process: Pick<ProcessFacts, 'pid' | 'startToken'>): boolean;
  all(): readonly ProcessFacts[];
  /** Every living process that carries the marker variable; those whose environment we may not read are left out. */
  marked(variable: string): readonly MarkedProcess[];
  /** Environment a process was started with; undefined when the system does not tell. */
  environmentOf(pid: number): Readonly<Record<string, string>> | undefined;
}

/** How long what ps said is taken to be true, because running it takes some milliseconds. */
const psIntervalMs = 5_000;

export function createProcessTable(): ProcessTable {
  return existsSync('/proc/self/stat') ? procTable() : psTable();
}

/** Reads Linux's /proc. */
export function procTable(): ProcessTable {
  const bootId = readOr('/proc/sys/kernel/random/boot_id', '').trim();

  function factsOf(pid: number): ProcessFacts | undefined {
    const stat = readOr(`/proc/${pid}/stat`, '');
    // The second field is the program's name, which may hold spaces and parentheses of its own.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, parent, group] = fields;
    const startTicks = fields[19];
    if (state === undefined || group === undefined || startTicks === undefined) return undefined;
    return {
      pid,
      parentId: Number(parent),
      groupId: Number(group),
      // Start times count from boot, so a pid and its time can come again after the next one.
      startToken: `${bootId}/${startTicks}`,
      isEnded: state === 'Z' || state === 'X',
    };
  }

  function environmentOf(pid: number): Readonly<Record<string, string>> | undefined {
    const text = readOr(`/proc/${pid}/environ`, '');
    return text === '' ? undefined : parseEnvironment(text);
  }

  const pids = () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);

  return {
    factsOf,
    environmentOf,
    isAlive: ({ pid, startToken }) => {
      const facts = factsOf(pid);
      return facts !== undefined && !facts.isEnded && facts.startToken === startToken;
    },
    all: () => pids().flatMap((pid) => factsOf(pid) ?? []),
    marked: (variable) =>
      pids().flatMap((pid) => {
        const text = readOr(`/proc/${pid}/environ`, '');
        if (!text.includes(`${variable}=`)) return [];
        const marker = parseEnvironment(text)[variable];
        const facts = factsOf(pid);
        return marker === undefined || facts === undefined || facts.isEnded ? [] : [{ ...facts, marker }];
      }),
  };
}

/** Asks `ps`, where there is no /proc (macOS, the BSDs). */
export function psTable(): ProcessTable {
  const columns = 'pid=,ppid=,pgid=,stat=,lstart=';
  // The option that adds the environment to the command differs between the two families of ps.
  const withEnvironment = process.platform === 'linux' ? ['axeww'] : ['-axwwE'];

  const all = () => ps(['-axo', columns]).flatMap((line) => parseFacts(line) ?? []);
  let known = new Map<number, ProcessFacts>();
  let knownAt = -Infinity;

  function isAlive({ pid, startToken }: Pick<ProcessFacts, 'pid' | 'startToken'>): boolean {
    if (!exists(pid)) return false;
    if (performance.now() - knownAt >= psIntervalMs) {
      known = new Map(all().map((facts) => [facts.pid, facts]));
      knownAt = performance.now();
    }
    const facts = known.get(pid);
    return facts === undefined || (!facts.isEnded && facts.startToken === startToken);
  }

  return {
    isAlive,
    factsOf: (pid) => ps(['-o', columns, '-p', String(pid)]).flatMap((line) => parseFacts(line) ?? [])[0],
    all,
    marked: (variable) => {
      const byPid = new Map(all().map((facts) => [facts.pid, facts]));
      const pattern = new RegExp(`^\\s*(\\d+) .* ${variable}=(\\S+)`);
      return ps([...withEnvironment, '-o', 'pid=,command=']).flatMap((line) => {
        const [, pid, marker] = pattern.exec(line) ?? [];
        const facts = byPid.get(Number(pid));
        return marker === undefined || facts === undefined || facts.isEnded ? [] : [{ ...facts, marker }];
      });
    },
    // ps prints variables with blanks between them, so a value with a blank cannot be told from two variables.
    environmentOf: () => undefined,
  };
}

function ps(words: readonly string[]): string[] {
  const environment = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  const result = spawnSync('ps', [...words], { encoding: 'utf8', env: environment, maxBuffer: 64 << 20 });
  return (result.stdout ?? '').split('\n').filter((line) => line.trim() !== '');
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    // EPERM: it is there, and somebody else's.
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}

function parseFacts(line: string): ProcessFacts | undefined {
  const [, pid, parent, group, state, started] =
    /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line) ?? [];
  if (state === undefined || started === undefined) return undefined;
  return {
    pid: Number(pid),
    parentId: Number(parent),
    groupId: Number(group),
    startToken: started.replaceAll(/\s+/g, ' '),
    isEnded: state.startsWith('Z'),
  };
}

function parseEnvironment(text: string): Readonly<Record<string, string>> {
  const pairs = text.split('\0').filter((pair) => pair.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

/** The file's text, or the fallback: a process may be gone, or belong to somebody else, at any moment. */
function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return fallback;
  }
}
