import { parseArgs } from 'node:util';
import { describeLoad, type LoadResult } from '../test/helpers/load-result.ts';
import { withHome, type TestHome } from '../test/helpers/tenfold.ts';
import { scenarioRuntimes, writeWebStack, type ScenarioRuntime } from '../test/scenarios/web-stack.ts';
import { eventually } from '../test/helpers/eventually.ts';

// Rollouts of a service with three replicas, there and back again, many times over under 200 requests/s, for replicas that
// are well behaved and for others: how many requests an independent client saw fail. It should be none.

const variants = {
  graceful: {},
  'dies at once': { ON_SIGTERM: 'die' },
  'ignores SIGTERM': { ON_SIGTERM: 'ignore' },
  'starts slowly': { START_DELAY_MS: '1500' },
} as const;

const gate = { min_requests: 20, max_error_rate_increase: 0.1 };
const ways = {
  rolling: { rollout: {} },
  'blue-green': { rollout: { strategy: 'blue-green', keep: '20s', smoke: { path: '/health' } } },
  canary: { rollout: { strategy: 'canary', steps: ['20%', '100%'], gate } },
  recycle: { recycle: { max_age: '1s', jitter: '50%' } },
} as const;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    runtimes: { type: 'string', default: 'process,docker' },
    ways: { type: 'string', default: Object.keys(ways).join(',') },
    variants: { type: 'string', default: Object.keys(variants).join(',') },
  },
});
const rounds = Number(values.rounds);

for (const { runtime, skip } of scenarioRuntimes) {
  if (!values.runtimes.split(',').includes(runtime)) continue;
  if (skip !== false) {
    console.log(`without ${runtime}: ${skip}`);
    continue;
  }
  for (const way of values.ways.split(',')) {
    for (const variant of values.variants.split(',')) {
      const { result, changes } = await withHome((home) => run(home, runtime, way, variant));
      const words = `${result.failed.length} of ${result.sent} failed`;
      console.log(`${runtime}, ${way}, ${variant}: ${words} in ${changes} changes`);
      if (result.failed.length > 0) console.log(describeLoad(result));
    }
  }
}

async function run(
  home: TestHome,
  runtime: ScenarioRuntime,
  way: string,
  variant: string,
): Promise<{ readonly result: LoadResult; readonly changes: number }> {
  const environment = { HANDLER_MS: '30', ...lookUp(variants, variant) };
  const service = {
    deploy: { replicas: 3, update_config: { monitor: '500ms' } },
    'x-tenfold': { ...lookUp(ways, way), start_timeout: '20s' },
  };
  const stack = await writeWebStack(home, { runtime, replicas: 3, service, environment });
  await home.change(['up', '-d']);
  await eventually(async () => {
    if ((await stack.service()).inRotation < 3) throw new Error('not all are in rotation');
  }, 20_000);
  await using load = stack.load();
  let changes = 0;
  if (way === 'recycle') {
    const seen = new Set<string>();
    await eventually(async () => {
      for (const { id } of (await stack.service()).replicas) seen.add(id);
      if (seen.size < 3 + rounds) throw new Error(`${seen.size - 3} of ${rounds} were recycled`);
    }, 20_000 * rounds);
    changes = seen.size - 3;
  } else {
    for (let round = 1; round <= rounds; round += 2) {
      await stack.rewrite({ ...environment, REVISION: String(round) });
      await home.change(['deploy']);
      await home.change(['rollout', 'undo']);
      changes += 2;
    }
  }
  return { result: await load.stop(), changes };
}

function lookUp<Value>(table: Readonly<Record<string, Value>>, name: string): Value {
  const found = table[name];
  if (found !== undefined) return found;
  throw new Error(`there is no ${name}; there are ${Object.keys(table).join(', ')}`);
}
