import type { JSX } from 'preact';
import type { Measure } from '../../live-api.ts';
import { formatBytes, formatCores, formatCount, formatLatency, formatNumber } from '../../view/format.ts';
import { LineChart, type Series } from './line-chart.tsx';

const traffic: readonly Series[] = [
  { label: 'requests/s', value: ({ requestsPerSecond }) => requestsPerSecond, colour: 1, isFilled: true },
  { label: 'failed/s', value: ({ failedPerSecond }) => failedPerSecond, colour: 4 },
];
const latency: readonly Series[] = [
  { label: 'p50', value: ({ p50Ms }) => p50Ms, colour: 1 },
  { label: 'p95', value: ({ p95Ms }) => p95Ms, colour: 2 },
  { label: 'p99', value: ({ p99Ms }) => p99Ms, colour: 3, isDashed: true },
];
const processors: readonly Series[] = [
  { label: 'all replicas', value: ({ cores }) => cores, colour: 1, isFilled: true },
];
const memory: readonly Series[] = [
  { label: 'all replicas', value: ({ memoryBytes }) => memoryBytes, colour: 2, isFilled: true },
];
const replicas: readonly Series[] = [
  { label: 'wanted', value: ({ desired }) => desired, colour: 3, isDashed: true },
  { label: 'serving', value: ({ ready }) => ready, colour: 1, isFilled: true },
];

/** Powers of two, so that an axis of bytes has round figures. */
const byteSteps = Array.from({ length: 40 }, (_, power) => 2 ** power);
const countSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

/** A service over the last minutes. */
export function ServiceCharts({
  points,
  isBalanced,
}: {
  readonly points: readonly Measure[];
  readonly isBalanced: boolean;
}): JSX.Element {
  return (
    <>
      {isBalanced && <LineChart title="Traffic" points={points} series={traffic} format={formatNumber} />}
      {isBalanced && <LineChart title="Latency" points={points} series={latency} format={formatLatency} />}
      <LineChart title="CPU" points={points} series={processors} format={formatCores} />
      <LineChart title="Memory" points={points} series={memory} format={formatBytes} steps={byteSteps} />
      <LineChart title="Replicas" points={points} series={replicas} format={formatCount} steps={countSteps} />
    </>
  );
}
