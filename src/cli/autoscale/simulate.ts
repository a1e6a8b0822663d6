import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { completeTrace, readTrace } from '../../autoscale/simulation/read-trace.ts';
import { replay } from '../../autoscale/simulation/replay.ts';
import { simulateLoad } from '../../autoscale/simulation/simulate-load.ts';
import { whatIf } from '../../autoscale/simulation/what-if.ts';
import type { AutoscalePolicy } from '../../model/autoscale.ts';
import { messageOf, TenfoldError } from '../../shared/errors.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { loadStack } from '../project.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';
import { reportLoad, reportReplay, reportWhatIf } from './report-simulation.ts';
import { parseDurationMs, parsePositive, parseTime } from './simulate-options.ts';

interface SimulateOptions {
  readonly service?: string;
  /** Requests per second. */
  readonly capacity?: number;
  /** Milliseconds. */
  readonly startTime?: number;
  readonly cores?: number;
  /** Milliseconds since the epoch. */
  readonly at?: number;
}

export function addAutoscaleSimulate(program: Program): void {
  addVerb<SimulateOptions>(program, {
    name: 'simulate',
    summary: 'run a trace through the autoscaler, and print what it decides',
    description:
      'A recorded history (`history --json`) gives the decisions that were made, by the recorded policy, or those that the policy of --service would have made. ' +
      'A load (CSV or JSON: seconds and requests_per_second) is put on replicas of a model. Nothing runs, and no daemon is needed.',
    define: (command) =>
      command
        .argument('<trace>', 'file of the trace')
        .option('--service <name>', 'take the policy of this service of the compose file')
        .option('--capacity <rate>', 'requests per second that one replica can do', parsePositive)
        .option('--start-time <duration>', 'time from the start of a replica to ready: 5s', parseDurationMs)
        .option('--cores <number>', 'cores that a busy replica uses (1)', parsePositive)
        .option('--at <time>', 'when the load begins, for schedules: 2026-11-23T08:00:00Z (now)', parseTime),
    run: runSimulate,
  });
}

async function runSimulate({ invocation, options, words }: VerbCall<SimulateOptions>): Promise<number> {
  const { output, surroundings } = invocation;
  const file = words[0] ?? '';
  const trace = readTrace(await readText(resolve(surroundings.workingDir, file)), file);
  if (trace.kind === 'history' && options.service === undefined) {
    const steps = [...replay(trace.records)];
    reportReplay(steps, output);
    return steps.every(({ isSame }) => isSame) ? exitCodes.ok : exitCodes.failed;
  }
  const policy = await policyOf(invocation, options.service);
  if (trace.kind === 'history') {
    reportWhatIf([...whatIf(policy, trace.records)], output);
    return exitCodes.ok;
  }
  const { capacity, startTime, cores, at = surroundings.clock.now() } = options;
  const model = completeTrace(trace, {
    ...(capacity !== undefined && { capacity }),
    ...(startTime !== undefined && { startMs: startTime }),
    ...(cores !== undefined && { cores }),
  });
  reportLoad([...simulateLoad(policy, model, at)], output);
  return exitCodes.ok;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    throw new TenfoldError(code ? 'file-not-found' : 'file-unreadable', `the trace ${path} cannot be read`, {
      got: messageOf(thrown),
      cause: thrown,
    });
  }
}

/** The policy in the compose file; without a name, that of the one service that has any. */
async function policyOf(invocation: Invocation, name: string | undefined): Promise<AutoscalePolicy> {
  const { stack } = await loadStack(invocation);
  const scaled = Object.values(stack.services).flatMap((service) =>
    service.autoscale === undefined ? [] : [{ name: service.name, policy: service.autoscale }],
  );
  const [only] = scaled;
  const found = name === undefined && scaled.length === 1 ? only : scaled.find((each) => each.name === name);
  if (found !== undefined) return found.policy;
  const names = scaled.map((each) => each.name).join(', ');
  throw new TenfoldError(
    'unknown-service',
    name === undefined
      ? 'the compose file does not say which service is meant'
      : `the compose file has no service ${name} that scales by itself`,
    {
      expected: names === '' ? 'a service with x-tenfold.autoscale' : `--service with one of ${names}`,
      ...(name !== undefined && { got: name }),
    },
  );
}
