import { TenfoldError } from '../../shared/errors.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';
import { defineCapacity, type CapacityOptions } from './capacity-options.ts';

export function addCapacity(program: Program): void {
  addVerb<CapacityOptions>(program, {
    name: 'capacity',
    summary: 'say how many replicas it takes, calculated or measured',
    description:
      'With a service, it is loaded with one replica after the other, and gets back the number it had. Without one, Little’s law ' +
      'tells it from a rate and a response time.',
    define: defineCapacity,
    run: runCapacity,
  });
}

async function runCapacity(call: VerbCall<CapacityOptions>): Promise<number> {
  const [service] = call.words;
  const { rate, responseTime, workers, perWorker, headroom, cpus, memory } = call.options;
  const { max, path, step, targetRate, p95, html } = call.options;
  if (service === undefined) {
    refuse('without a service', {
      '--max': max,
      '--path': path,
      '--step': step,
      '--target-rate': targetRate,
      '--p95': p95,
      '--html': html,
    });
    return (await import('./run-calculated.ts')).runCalculated(call.invocation, call.options);
  }
  refuse('beside a service', {
    '--rate': rate,
    '--response-time': responseTime,
    '--workers': workers,
    '--per-worker': perWorker,
    '--headroom': headroom,
    '--cpus': cpus,
    '--memory': memory,
  });
  if (p95 !== undefined && targetRate === undefined) {
    throw new TenfoldError('usage', '`--p95` alone is no question', {
      expected: '`--target-rate` beside it',
    });
  }
  return (await import('./run-measured.ts')).runMeasured(call.invocation, service, call.options);
}

/** Throws `usage` for options that belong to the other way of asking. */
function refuse(where: string, options: Readonly<Record<string, unknown>>): void {
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`\`${name}\``],
  );
  if (given.length === 0) return;
  throw new TenfoldError('usage', `${given.join(', ')} cannot stand ${where}`, {
    hint: '`tenfold capacity --rate 10 --response-time 5s --workers 2` calculates, `tenfold capacity web --max 4` measures',
  });
}
