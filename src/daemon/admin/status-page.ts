import type { VersionReply } from '../control-api.ts';
import { formatPlan, isSteady } from '../../controller/plan.ts';
import type { StackController } from '../../controller/loop.ts';
import { percentilesOf } from '../../metrics/rates.ts';
import type { ReplicaDetail, ServiceDetail } from '../../metrics/sample/sample-detail.ts';
import { escapeHtml } from '../../shared/escape-html.ts';

/** One page without scripts that says how every stack is, for a person with a browser or curl at hand. */
export function renderStatusPage(
  controllers: readonly Pick<StackController, 'desired' | 'last'>[],
  samples: readonly ServiceDetail[],
  version: VersionReply,
): string {
  const stacks = controllers.map((controller) => renderStack(controller, samples));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5">
<title>Tenfold</title>
<style>${style}</style>
</head>
<body>
<h1>Tenfold</h1>
<p>version ${escapeHtml(version.version)}, daemon ${version.pid}, proxy ${version.proxyPid ?? 'not running'}</p>
${stacks.length === 0 ? '<p>No stack is looked after.</p>' : stacks.join('\n')}
</body>
</html>
`;
}

const style = `:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
table{border-collapse:collapse;width:100%}
caption{text-align:left;font-weight:600;padding:.5rem 0}
th,td{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #8884}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
div{overflow-x:auto}
pre{white-space:pre-wrap}`;

function renderStack(
  { desired, last }: Pick<StackController, 'desired' | 'last'>,
  samples: readonly ServiceDetail[],
): string {
  const { name } = desired.stack;
  const isQuiet = last !== undefined && isSteady(last.plan);
  const pending = last === undefined || isQuiet ? '' : `<pre>${escapeHtml(formatPlan(last.plan))}</pre>`;
  const services = samples.filter((sample) => sample.stack === name).map(renderService);
  return `<h2>${escapeHtml(name)}: ${isQuiet ? 'steady' : 'changing'}</h2>${pending}\n${services.join('\n')}`;
}

const columns = ['in flight', 'requests', 'failed', 'p50 ms', 'p95 ms', 'p99 ms', 'CPU s', 'memory MiB'];

function renderService(sample: ServiceDetail): string {
  const ready = sample.replicas.filter(({ isReady }) => isReady).length;
  const waiting = sample.waiting === 0 ? '' : `, ${sample.waiting} requests wait`;
  const heads = columns.map((title) => `<th class="n" scope="col">${title}</th>`).join('');
  return `<div><table>
<caption>${escapeHtml(sample.service)}: ${ready} of ${sample.desired} ready, ${sample.requests} requests, ${sample.failed} failed${waiting}</caption>
<thead><tr><th scope="col">replica</th><th scope="col">state</th><th scope="col">revision</th>${heads}</tr></thead>
<tbody>
${sample.replicas.map(renderReplica).join('\n')}
</tbody></table></div>`;
}

function renderReplica(replica: ReplicaDetail): string {
  const { p50Ms, p95Ms, p99Ms } = percentilesOf(replica.latency);
  const texts = [replica.instance, replica.isReady ? 'ready' : 'not ready', replica.revision.slice(0, 12)];
  const numbers = [
    replica.inFlight,
    replica.requests,
    replica.failed,
    ...[p50Ms, p95Ms, p99Ms].map((value) => value?.toFixed(1) ?? ''),
    replica.cpuSeconds?.toFixed(2) ?? '',
    replica.memoryBytes === undefined ? '' : (replica.memoryBytes / 2 ** 20).toFixed(1),
  ];
  const cells = [
    ...texts.map((text) => `<td>${escapeHtml(text)}</td>`),
    ...numbers.map((value) => `<td class="n">${value}</td>`),
  ];
  return `<tr>${cells.join('')}</tr>`;
}
