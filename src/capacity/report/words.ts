import { formatMs, formatRate, formatShare } from '../../load/report/format.ts';
import type { Limit } from '../limit.ts';
import type { Answer, Question } from '../measured/answer.ts';

/** The limit in a sentence or two. */
export function describeLimit(limit: Limit): string {
  switch (limit.kind) {
    case 'replica':
      return (
        `Each replica’s own speed: every one adds about ${formatRate(limit.perReplica)} answers per second, as the first does. ` +
        'No limit that replicas share was reached, so more of them help.'
      );
    case 'machine-cpu':
      return (
        `The CPU of this machine: its ${limit.cores} cores are fully used at ${formatRate(limit.ceiling)} answers per second` +
        `${limit.generatorCores >= 0.1 ? ` (${limit.generatorCores.toFixed(1)} of them by the load test itself)` : ''}. ` +
        'More replicas here only share them.'
      );
    case 'shared':
      return (
        `Something that all replicas share and use in turn: a lock, a database, another service. It lets ${formatRate(limit.ceiling)} ` +
        `requests per second pass, as if each held it for ${formatMs(limit.heldMs)}. Processors are not what is missing.`
      );
    case 'coherency':
      return (
        `Replicas that keep each other busy (locks handed around, caches kept in step): beyond ${limit.peakReplicas} of them ` +
        `the throughput falls, from ${formatRate(limit.ceiling)} answers per second.`
      );
    case 'generator':
      return `The load test itself, which can send no more than ${formatRate(limit.throughput)} requests per second; the service may do more.`;
    case 'failures':
      return (
        `Failures: with ${limit.replicas === 1 ? '1 replica' : `${limit.replicas} replicas`}, ${formatShare(limit.failedShare)} of the requests failed ` +
        'under load, so throughput says little.'
      );
  }
}

/** The answer in a sentence or two. */
export function describeAnswer(answer: Answer, { ratePerSecond, p95Ms }: Question): string {
  const wanted = `${formatRate(ratePerSecond)} requests per second${p95Ms === undefined ? '' : ` at p95 < ${formatMs(p95Ms)}`}`;
  switch (answer.kind) {
    case 'enough':
      return `${wanted}: ${replicasWord(answer.replicas)}, tried, with a p95 of ${formatMs(answer.p95Ms)}.`;
    case 'predicted':
      return (
        `${wanted}: ${replicasWord(answer.replicas)} by the curve, which then reaches ${formatRate(answer.throughput)}/s. That is more than ` +
        'was measured: raise --max to try it.'
      );
    case 'limited':
      return (
        `${wanted}: more replicas will not help, because ${formatRate(answer.highestRate)}/s is the most that any number of them ` +
        `reaches. ${describeLimit(answer.limit)}`
      );
    case 'too slow':
      return (
        `${wanted}: more replicas will not help, because a single request to an idle service already has a p95 of ` +
        `${formatMs(answer.idleP95Ms)}.`
      );
    case 'slow under load':
      return (
        `${wanted}: the rate is reached, the latency is not. With ${replicasWord(answer.replicas)} the p95 is ` +
        `${formatMs(answer.p95Ms)}; raise --max to try more.`
      );
  }
}

function replicasWord(replicas: number): string {
  return replicas === 1 ? '1 replica' : `${replicas} replicas`;
}
