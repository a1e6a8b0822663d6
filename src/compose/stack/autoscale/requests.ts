import type { RequestBasis } from '../../../model/autoscale.ts';
import type { ServiceConfig } from '../../project.ts';

/** What a replica asks for of a resource, and by which word of the file. */
export interface ResourceRequest {
  readonly amount: number;
  readonly basis: RequestBasis;
}

/** Cores that a replica asks for: its reservation, else its limit, else one. */
export function cpuRequest({ deploy, cpus }: ServiceConfig): ResourceRequest {
  const { reservations, limits } = deploy?.resources ?? {};
  if (reservations?.cpus !== undefined) return { amount: reservations.cpus, basis: 'reservation' };
  const limit = limits?.cpus ?? cpus;
  return limit === undefined ? { amount: 1, basis: 'one core' } : { amount: limit, basis: 'limit' };
}

/** Bytes that a replica asks for: its reservation, else its limit; undefined: the file has neither. */
export function memoryRequest(config: ServiceConfig): ResourceRequest | undefined {
  const reservation = config.deploy?.resources?.reservations?.memory ?? config.mem_reservation;
  if (reservation !== undefined) return { amount: Number(reservation), basis: 'reservation' };
  const limit = memoryLimitBytes(config);
  return limit === undefined ? undefined : { amount: limit, basis: 'limit' };
}

export function memoryLimitBytes(config: ServiceConfig): number | undefined {
  const limit = config.deploy?.resources?.limits?.memory ?? config.mem_limit;
  return limit === undefined ? undefined : Number(limit);
}
