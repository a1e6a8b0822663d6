import type { ComposeBlkio, ComposeService, ComposeThrottle, ComposeUlimits } from '../compose-types.ts';
import type { EngineHostConfig } from './engine-body.ts';
import { wholeNumber } from './units.ts';

/** Limits and reservations; what stands under `deploy.resources` wins over the older service keys. */
export function resources(config: ComposeService): EngineHostConfig {
  const limits = config.deploy?.resources?.limits;
  const reservations = config.deploy?.resources?.reservations;
  const cpus = limits?.cpus ?? config.cpus ?? 0;
  const pids = limits?.pids ?? config.pids_limit;
  const swappiness = wholeNumber(config.mem_swappiness);
  return {
    CgroupParent: config.cgroup_parent,
    Memory: wholeNumber(limits?.memory ?? config.mem_limit),
    MemoryReservation: wholeNumber(reservations?.memory ?? config.mem_reservation),
    MemorySwap: wholeNumber(config.memswap_limit),
    ...(swappiness ? { MemorySwappiness: swappiness } : {}),
    ...(cpus > 0 ? { NanoCpus: Math.round(cpus * 1e9) } : {}),
    CpuCount: config.cpu_count,
    CpuPercent: config.cpu_percent,
    CpuPeriod: wholeNumber(config.cpu_period),
    CpuQuota: wholeNumber(config.cpu_quota),
    CpuRealtimePeriod: wholeNumber(config.cpu_rt_period),
    CpuRealtimeRuntime: wholeNumber(config.cpu_rt_runtime),
    CpuShares: wholeNumber(config.cpu_shares),
    CpusetCpus: config.cpuset,
    OomKillDisable: config.oom_kill_disable,
    OomScoreAdj: config.oom_score_adj,
    ...(pids ? { PidsLimit: pids } : {}),
    ...(config.ulimits ? { Ulimits: ulimits(config.ulimits) } : {}),
    ...blockIo(config.blkio_config),
  };
}

export function ulimits(limits: ComposeUlimits): { Name: string; Soft: number; Hard: number }[] {
  return Object.entries(limits).flatMap(([name, limit]) => {
    if (limit === null) return [];
    if (typeof limit === 'number') return [{ Name: name, Soft: limit, Hard: limit }];
    return [{ Name: name, Soft: limit.soft ?? limit.hard ?? 0, Hard: limit.hard ?? limit.soft ?? 0 }];
  });
}

function blockIo(config: ComposeBlkio | null | undefined): EngineHostConfig {
  if (!config) return {};
  const throttles = (entries: readonly ComposeThrottle[] | null | undefined) =>
    entries?.map(({ Path, Rate }) => ({ Path, Rate: Number(Rate) }));
  return {
    BlkioWeight: config.weight,
    BlkioWeightDevice: config.weight_device?.map((entry) => ({ ...entry })),
    BlkioDeviceReadBps: throttles(config.device_read_bps),
    BlkioDeviceReadIOps: throttles(config.device_read_iops),
    BlkioDeviceWriteBps: throttles(config.device_write_bps),
    BlkioDeviceWriteIOps: throttles(config.device_write_iops),
  };
}
