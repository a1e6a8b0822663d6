import type { CapacityFit } from './fit/choose-model.ts';
import { kneeOf } from './fit/knee.ts';
import { uslPeak } from './fit/usl.ts';
import type { Observation } from './measured/bench.ts';

/** What was seen with one number of replicas under as much load as they take. */
export interface CapacityStep extends Observation {
  readonly replicas: number;
  /** Users that it took to saturate them. */
  readonly users: number;
}

/** What keeps more replicas from answering more. */
export type Limit =
  /** Nothing yet: each replica answers as much as the first. */
  | { readonly kind: 'replica'; readonly perReplica: number }
  /** The processors of this machine are fully used. */
  | {
      readonly kind: 'machine-cpu';
      readonly cores: number;
      readonly generatorCores: number;
      readonly ceiling: number;
    }
  /** Something that replicas use one after the other: a lock, a database, another service. */
  | { readonly kind: 'shared'; readonly ceiling: number; readonly heldMs: number }
  /** Replicas keep each other busy: each one more makes all of them slower. */
  | { readonly kind: 'coherency'; readonly peakReplicas: number; readonly ceiling: number }
  /** The load test could not send more. */
  | { readonly kind: 'generator'; readonly throughput: number }
  /** Too many requests failed for the figures to mean anything. */
  | { readonly kind: 'failures'; readonly replicas: number; readonly failedShare: number };

const saturatedCpu = 0.9;
const saturatedGenerator = 0.9;
/** Share of a fully used machine that is ours from which on we are who uses it. */
const notableOwnShare = 0.6;
/** A replica that runs or waits for a processor nearly all the time. */
const alwaysReady = 0.7;
const tooManyFailures = 0.05;
/** Throughput that falls this far below its highest is no noise. */
const retrogradeShare = 0.93;
/** As good as adding up. */
const linearEfficiency = 0.85;

export interface LimitEvidence {
  readonly steps: readonly CapacityStep[];
  readonly fit: CapacityFit;
  /** Processors of this machine. */
  readonly cores: number;
}

/** Names the limit from the curve and from what was seen on the way. Pure. */
export function nameLimit({ steps, fit, cores }: LimitEvidence): Limit {
  const failing = steps.find(({ failedShare }) => failedShare > tooManyFailures);
  if (failing !== undefined) {
    return { kind: 'failures', replicas: failing.replicas, failedShare: failing.failedShare };
  }
  const largest = steps.reduce((a, b) => (b.replicas > a.replicas ? b : a));
  const best = steps.reduce((a, b) => (b.throughput > a.throughput ? b : a));
  const smallest = steps.reduce((a, b) => (b.replicas < a.replicas ? b : a));
  const perReplica = smallest.throughput / smallest.replicas;
  const efficiency = largest.throughput / largest.replicas / perReplica;
  const ceiling = ceilingOf(steps, fit);
  if (efficiency >= linearEfficiency && largest.replicas > smallest.replicas)
    return { kind: 'replica', perReplica };

  const flat = steps.filter(({ throughput }) => throughput >= best.throughput * 0.8);
  if (
    flat.some(({ generatorCores }) => generatorCores >= saturatedGenerator) &&
    cores > 1 &&
    best.machineCpu < saturatedCpu
  ) {
    return { kind: 'generator', throughput: best.throughput };
  }
  if (isCpuFull(flat, cores)) {
    const { generatorCores } = best;
    return { kind: 'machine-cpu', cores, generatorCores, ceiling };
  }
  const peak = uslPeak(fit.usl);
  const isFalling =
    largest.throughput < best.throughput * retrogradeShare && largest.replicas > best.replicas;
  if (isFalling && peak !== undefined && fit.usl.kappa > 0) {
    return { kind: 'coherency', peakReplicas: Math.max(1, Math.round(peak)), ceiling: best.throughput };
  }
  if (kneeOf(fit.model) === undefined && fit.model.ceiling === undefined)
    return { kind: 'replica', perReplica };
  return { kind: 'shared', ceiling, heldMs: 1000 / ceiling };
}

/** The highest throughput: what was seen where it stayed, and what the curve says, within reason, where it still rose. */
function ceilingOf(steps: readonly CapacityStep[], fit: CapacityFit): number {
  const best = Math.max(...steps.map(({ throughput }) => throughput));
  const plateau = steps.filter(({ throughput }) => throughput >= best * 0.95);
  if (plateau.length > 1)
    return plateau.reduce((sum, { throughput }) => sum + throughput, 0) / plateau.length;
  return Math.max(best, Math.min(fit.model.ceiling ?? best, best * 1.5));
}

/**
 * The processors of the machine are the limit when they are fully used and it is us who use them, or our replicas that wait
 * for them. That others keep the machine busy does not explain a service that hardly wants to run.
 */
function isCpuFull(flat: readonly CapacityStep[], cores: number): boolean {
  const mean = (pick: (step: CapacityStep) => number): number =>
    flat.reduce((sum, step) => sum + pick(step), 0) / flat.length;
  if (mean(({ machineCpu }) => machineCpu) < saturatedCpu) return false;
  if (flat.some(({ processes }) => processes === undefined)) return true;
  const ownShare = mean(({ processes }) => processes?.ownCores ?? 0) / cores;
  return (
    ownShare >= notableOwnShare || mean(({ processes }) => processes?.wantedPerReplica ?? 0) >= alwaysReady
  );
}
