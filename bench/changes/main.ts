import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type ChangeFigures, measureChange } from './measure-change.ts';
import { composeRecreate, scriptedRollout } from './systems/compose-nginx.ts';
import { pm2 } from './systems/pm2.ts';
import { swarm } from './systems/swarm.ts';
import { tenfold } from './systems/tenfold.ts';

// A new release of one application with three replicas, brought out in each of the ways in which people do it, under the
// same load, in one run: what its clients saw of it.

const systems = [
  composeRecreate('compose recreate, nginx', 'app:3000 max_fails=3 fail_timeout=30s'),
  composeRecreate('compose recreate, max_fails=0', 'app:3000 max_fails=0'),
  scriptedRollout(),
  swarm(),
  pm2('6'),
  tenfold('Docker'),
  tenfold('processes'),
];

const { values } = parseArgs({
  options: {
    systems: { type: 'string' },
    rounds: { type: 'string', default: '2' },
    rate: { type: 'string', default: '200' },
    json: { type: 'string' },
  },
});
const wanted = values.systems?.split(',').map((word) => word.toLowerCase());
const chosen = systems.filter(
  ({ name }) => wanted === undefined || wanted.some((word) => name.toLowerCase().includes(word)),
);
if (chosen.length === 0)
  throw new Error(`no system is named so; there are ${systems.map((s) => s.name).join('; ')}`);

const rate = Number(values.rate);
const figures: ChangeFigures[] = [];
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const system of chosen) {
    const reason = await system.missing();
    if (reason !== undefined) {
      if (round === 1) console.log(`without ${system.name}: ${reason}`);
      continue;
    }
    const found = await measureChange(system, rate);
    figures.push(found);
    console.log(row(round, found));
  }
}
console.log(`\nOpen loop, ${rate} requests/s, one in four a POST, half on fresh connections.`);
for (const { name, description } of chosen) console.log(`${name}: ${description}`);
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(figures, undefined, 2)}\n`);

function row(round: number, found: ChangeFigures): string {
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
  return [
    `round ${round}`,
    found.system.padEnd(32),
    `${found.failed} of ${found.requests} failed`.padStart(22),
    `longest gap ${seconds(found.longestGapMs)}`.padStart(20),
    `steady after ${seconds(found.steadyMs)}`.padStart(22),
    `command ${seconds(found.commandMs)}`.padStart(16),
    `p99 ${found.p99Ms.toFixed(0)} ms`.padStart(12),
    found.failed === 0 ? '' : JSON.stringify(found.failures),
  ].join('  ');
}
