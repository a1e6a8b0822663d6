import { availableParallelism, totalmem } from 'node:os';
import { calculateCapacity, type CalculatedCapacity, type Demand } from '../../capacity/calculated/little.ts';
import { fitOnMachine, type ResourceFit } from '../../capacity/calculated/machine-fit.ts';
import { formatBytes, formatCount, formatMs, formatRate, formatShare } from '../../load/report/format.ts';
import { TenfoldError } from '../../shared/errors.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import type { Style } from '../render/style.ts';
import type { CapacityOptions } from './capacity-options.ts';

/** Works the number of instances out from what the options say, and prints it. */
export function runCalculated({ output }: Invocation, options: CapacityOptions): number {
  const { rate, responseTime, workers = 1, perWorker = 1, headroom = 0, cpus, memory } = options;
  if (rate === undefined || responseTime === undefined) {
    throw new TenfoldError('usage', 'there is nothing to calculate with', {
      expected: '`--rate` and `--response-time`, or a service to measure',
      hint: 'for example `tenfold capacity --rate 10 --response-time 5s --workers 2`',
    });
  }
  const demand: Demand = {
    ratePerSecond: rate,
    responseMs: responseTime,
    workersPerInstance: workers,
    requestsPerWorker: perWorker,
    headroom,
  };
  const calculated = calculateCapacity(demand);
  const machine = { cores: availableParallelism(), memoryBytes: totalmem() };
  const fits = fitOnMachine(calculated.instances, { cores: cpus, memoryBytes: memory }, machine);
  if (output.isJson)
    output.json({ ...demand, ...calculated, waitMs: calculated.waitMs ?? null, machine, resources: fits });
  else output.lines(renderCalculated(demand, calculated, fits, output.style));
  return exitCodes.ok;
}

export function renderCalculated(
  demand: Demand,
  calculated: CalculatedCapacity,
  fits: readonly ResourceFit[],
  style: Style,
): string[] {
  const { ratePerSecond, responseMs, workersPerInstance, requestsPerWorker, headroom } = demand;
  const { inFlight, workers, instances, utilisation, highestRate, waitMs } = calculated;
  const line = (name: string, value: string, rest: string): string =>
    `  ${style.dim(name.padEnd(10))} ${style.bold(value)}  ${rest}`;
  const each = requestsPerWorker === 1 ? 'one request at a time' : `${requestsPerWorker} requests at a time`;
  const room = headroom === 0 ? '' : `, with ${formatShare(headroom)} kept free`;
  return [
    `${formatRate(ratePerSecond)} requests per second, ${formatMs(responseMs)} each`,
    line('in flight', formatNumber(inFlight), style.dim('rate × response time (Little’s law)')),
    line('workers', formatCount(workers), style.dim(`each answers ${each}${room}`)),
    line(
      'instances',
      formatCount(instances),
      style.dim(`of ${workersPerInstance} ${workersPerInstance === 1 ? 'worker' : 'workers'}`),
    ),
    line('busy', formatShare(utilisation), style.dim(`at most ${formatRate(highestRate)}/s`)),
    ...(waitMs === undefined
      ? []
      : [
          line('wait', formatMs(waitMs), style.dim('for a worker, on average, when requests come by chance')),
        ]),
    ...fits.map((fit) => renderFit(fit, style)),
    ...(waitMs === undefined
      ? [
          `${style.doubtful('!')} every worker is busy all the time, so the queue grows with every request that comes by chance; --headroom 20% keeps some free`,
        ]
      : []),
  ];
}

function renderFit({ resource, needed, available, roomFor, isEnough }: ResourceFit, style: Style): string {
  const amount = (value: number): string =>
    resource === 'cpu' ? `${formatNumber(value)} cores` : formatBytes(value);
  const words = `${resource} ${amount(needed)} of the ${amount(available)} of this machine`;
  if (isEnough) return `${style.good('✔')} ${words}`;
  return `${style.bad('✖')} ${words}, which has room for ${roomFor === 1 ? '1 instance' : `${roomFor} instances`}`;
}

function formatNumber(value: number): string {
  return String(Math.round(value * 100) / 100);
}
