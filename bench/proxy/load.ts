import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { findProgram } from '../../test/helpers/parts.ts';
import { clientCore, pinned } from './pinned-program.ts';
import type { Scenario } from './scenario.ts';

/** What the client saw. `failures`: answers that were no 2xx, and connections that broke. */
const loadFigures = z.object({
  requests: z.number(),
  failures: z.number(),
  perSecond: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
});
type LoadFigures = z.infer<typeof loadFigures>;

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** For the client's script, where it needs one. */
  readonly folder: string;
}

export const clientFile = fileURLToPath(new URL('client.ts', import.meta.url));
const wrk = findProgram('wrk');
const run = promisify(execFile);

export const clientName = wrk === undefined ? 'own client (wrk is not installed)' : 'wrk';

/** As many connections as asked for, each sending the next request when the answer to the one before is there. */
export async function load(scenario: Scenario, options: LoadOptions): Promise<LoadFigures> {
  return wrk === undefined ? loadByOwn(scenario, options) : loadByWrk(wrk, scenario, options);
}

async function loadByOwn(scenario: Scenario, options: LoadOptions): Promise<LoadFigures> {
  const { port, connections, seconds } = options;
  const { path, uploadBytes } = scenario;
  const output = await begin(
    [process.execPath, clientFile, 'load', ...[port, path, connections, seconds, uploadBytes].map(String)],
    seconds,
  );
  return loadFigures.parse(JSON.parse(output));
}

async function loadByWrk(program: string, scenario: Scenario, options: LoadOptions): Promise<LoadFigures> {
  const { port, connections, seconds, folder } = options;
  const script = join(folder, `wrk-${scenario.name}.lua`);
  await writeFile(
    script,
    `wrk.method = "${scenario.method}"
${scenario.uploadBytes > 0 ? `wrk.body = string.rep("x", ${scenario.uploadBytes})` : ''}
done = function(summary, latency)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('{"requests":%d,"failures":%d,"perSecond":%f,"p50Ms":%f,"p99Ms":%f}\\n',
    summary.requests, failures, summary.requests * 1e6 / summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
`,
  );
  const output = await begin(
    [
      program,
      '-t1',
      `-c${connections}`,
      `-d${seconds}s`,
      '-s',
      script,
      `http://127.0.0.1:${port}${scenario.path}`,
    ],
    seconds,
  );
  return loadFigures.parse(JSON.parse(output.slice(output.lastIndexOf('{'))));
}

async function begin(command: readonly string[], seconds: number): Promise<string> {
  const [program = '', ...args] = pinned(clientCore, command);
  const { stdout } = await run(program, args, { timeout: (seconds + 30) * 1_000 });
  return stdout;
}
