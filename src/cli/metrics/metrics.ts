import type { MetricsReply } from '../../daemon/metrics-api.ts';
import { TenfoldError } from '../../shared/errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { takeInterruptions, withDaemon } from '../invocation.ts';
import { stackName } from '../project.ts';
import { requireServices } from '../scale-values.ts';
import { LiveLines } from '../terminal/live-lines.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';
import { renderMetrics } from './render-metrics.ts';

interface MetricsOptions {
  readonly watch?: true;
}

const everyMs = 1_000;

export function addMetrics(program: Program): void {
  addVerb<MetricsOptions>(program, {
    name: 'metrics',
    summary: 'show requests, latency, processor and memory of each replica',
    description: 'The figures are those of the last ten seconds. docs/metrics.md says where each comes from.',
    define: (command) =>
      command
        .argument('[service...]', 'services; all when none is named')
        .option('-w, --watch', 'go on showing them, once a second'),
    run: runMetrics,
  });
}

async function runMetrics({ invocation, options, words }: VerbCall<MetricsOptions>): Promise<number> {
  const { output, surroundings } = invocation;
  const name = await stackName(invocation);
  using interruptions = takeInterruptions(invocation, () => new TenfoldError('interrupted', 'interrupted'));
  const signal = AbortSignal.any([interruptions.signal, output.closed]);
  return withDaemon(invocation, async ({ client }) => {
    const { services } = await client.stack(name);
    requireServices(
      name,
      words,
      services.map((service) => service.name),
    );
    const read = (): Promise<MetricsReply> => client.metrics(name, { services: words }, signal);
    const lines = (reply: MetricsReply): string[] =>
      renderMetrics(reply, { style: output.style, width: output.width });
    const show = (reply: MetricsReply): void => {
      if (output.isJson) output.json(reply);
      else output.lines(lines(reply));
    };
    let reply = await read();
    if (options.watch !== true) {
      show(reply);
      return exitCodes.ok;
    }
    const live = output.isLive ? new LiveLines(output.screen, () => lines(reply)) : undefined;
    try {
      for (;;) {
        if (live === undefined) show(reply);
        await surroundings.clock.sleep(everyMs, signal);
        reply = await read();
      }
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
      return interruptions.signal.aborted ? exitCodes.interrupted : exitCodes.ok;
    } finally {
      live?.finish(lines(reply));
    }
  });
}
