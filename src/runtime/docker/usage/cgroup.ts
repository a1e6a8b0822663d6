import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a container's control group says; each part undefined where its file cannot be read. */
export interface CgroupUsage {
  readonly cpuSeconds: number | undefined;
  readonly memoryBytes: number | undefined;
}

/** The files that tell what a container uses. */
export interface CgroupFiles {
  readonly cpu: string;
  readonly memory: string;
  readonly version: 1 | 2;
}

const mountPoint = '/sys/fs/cgroup';

/**
 * Where the kernel keeps the figures of the container that the process is the first of. Undefined when they cannot be told
 * from here: the engine runs on another machine or in another namespace, where the process id means somebody else.
 */
export async function findCgroup(pid: number, containerId: string): Promise<CgroupFiles | undefined> {
  const text = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  const files = cgroupFiles(text, containerId);
  return files !== undefined && (await readCgroup(files)).cpuSeconds !== undefined ? files : undefined;
}

/** From the text of `/proc/PID/cgroup` (cgroups(7)): lines of `number:controllers:path`, the unified one `0::path`. */
export function cgroupFiles(text: string, containerId: string): CgroupFiles | undefined {
  const groups = text.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const isOurs = path !== undefined && path.includes(containerId);
    return controllers !== undefined && isOurs ? [{ controllers: controllers.split(','), path }] : [];
  });
  const pathOf = (controller: string): string | undefined =>
    groups.find(({ controllers }) => controllers.includes(controller))?.path;
  const [cpu, memory, unified] = [pathOf('cpuacct'), pathOf('memory'), pathOf('')];
  if (cpu !== undefined && memory !== undefined)
    return {
      cpu: join(mountPoint, 'cpuacct', cpu, 'cpuacct.usage'),
      memory: join(mountPoint, 'memory', memory, 'memory.stat'),
      version: 1,
    };
  if (unified === undefined) return undefined;
  return {
    cpu: join(mountPoint, unified, 'cpu.stat'),
    memory: join(mountPoint, unified, 'memory.stat'),
    version: 2,
  };
}

export async function readCgroup({ cpu, memory, version }: CgroupFiles): Promise<CgroupUsage> {
  const [cpuText, memoryText] = await Promise.all(
    [cpu, memory].map((path) => readFile(path, 'latin1').catch(() => '')),
  );
  const ticks = version === 1 ? Number(cpuText || NaN) / 1e9 : fieldOf(cpuText ?? '', 'usage_usec') / 1e6;
  const stat = memoryText ?? '';
  const bytes =
    version === 1
      ? fieldOf(stat, 'total_rss') + zeroIfUnknown(fieldOf(stat, 'total_shmem'))
      : fieldOf(stat, 'anon') + zeroIfUnknown(fieldOf(stat, 'shmem'));
  return { cpuSeconds: numberOrNone(ticks), memoryBytes: numberOrNone(bytes) };
}

/** NaN when there is none of that name. */
function fieldOf(text: string, name: string): number {
  const start = text.startsWith(`${name} `) ? 0 : text.indexOf(`\n${name} `) + 1;
  if (start === 0 && !text.startsWith(`${name} `)) return NaN;
  return Number.parseInt(text.slice(start + name.length + 1, start + name.length + 24), 10);
}

function zeroIfUnknown(value: number): number {
  return Number.isNaN(value) ? 0 : value;
}

function numberOrNone(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}
