import { readFileSync, readdirSync } from 'node:fs';

const nanosecondsPerMs = 1e6;

/** What processes, with all that they started, did with processors over a time. */
export interface ProcessCpu {
  /** Cores that they kept busy. */
  readonly usedCores: number;
  /** Cores that they kept busy or waited for. */
  readonly wantedCores: number;
}

/**
 * Begins to watch the processes; the returned function tells what they did since. Undefined where the kernel does not say
 * (anything but Linux), or where none of them can be seen.
 */
export function watchProcesses(pids: readonly number[]): () => ProcessCpu | undefined {
  const startedAt = performance.now();
  const before = readTasks(pids);
  return () => {
    const after = readTasks(pids);
    if (after.size === 0) return undefined;
    let ran = 0;
    let waited = 0;
    for (const [task, now] of after) {
      const then = before.get(task) ?? { ranNs: 0, waitedNs: 0 };
      ran += now.ranNs - then.ranNs;
      waited += now.waitedNs - then.waitedNs;
    }
    const elapsedNs = Math.max(1, (performance.now() - startedAt) * nanosecondsPerMs);
    return { usedCores: ran / elapsedNs, wantedCores: (ran + waited) / elapsedNs };
  };
}

interface TaskTime {
  readonly ranNs: number;
  /** Ready to run, and no processor was free (Linux, Documentation/scheduler/sched-stats.rst). */
  readonly waitedNs: number;
}

/** By task (thread) number. */
function readTasks(pids: readonly number[]): Map<string, TaskTime> {
  const tasks = new Map<string, TaskTime>();
  for (const pid of withDescendants(pids)) {
    for (const task of quietly(() => readdirSync(`/proc/${pid}/task`)) ?? []) {
      const text = quietly(() => readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8'));
      const [ranNs = 0, waitedNs = 0] = (text ?? '').split(' ').map(Number);
      if (text !== undefined) tasks.set(task, { ranNs, waitedNs });
    }
  }
  return tasks;
}

function withDescendants(pids: readonly number[]): Set<number> {
  const all = new Set(pids);
  const parents = new Map<number, number>();
  for (const name of quietly(() => readdirSync('/proc')) ?? []) {
    if (!/^\d+$/.test(name)) continue;
    const stat = quietly(() => readFileSync(`/proc/${name}/stat`, 'utf8'));
    // The name of the program stands in parentheses and may hold anything, blanks and parentheses too.
    const parent = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  // A child may be listed before its parent, so it goes on until nothing more is found.
  for (let size = -1; size !== all.size;) {
    size = all.size;
    for (const [pid, parent] of parents) if (all.has(parent)) all.add(pid);
  }
  return all;
}

/** A process may end between being listed and being read. */
function quietly<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
