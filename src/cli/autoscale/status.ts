import { withDaemon } from '../invocation.ts';
import { stackName } from '../project.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';
import { renderAutoscaleStatus } from './render-autoscale.ts';
import { requireAutoscaled } from './require-autoscaled.ts';

export function addAutoscaleStatus(program: Program): void {
  addVerb<object>(program, {
    name: 'status',
    summary: 'show each service that scales by itself: replicas, bounds, and the last decision',
    define: (command) => command.argument('[service...]', 'services; all when none is named'),
    run: runStatus,
  });
}

async function runStatus({ invocation, words }: VerbCall<object>): Promise<void> {
  const { output } = invocation;
  const stack = await stackName(invocation);
  const statuses = await withDaemon(invocation, ({ client }) => client.autoscale(stack));
  const chosen = requireAutoscaled(stack, statuses, words);
  if (output.isJson) return output.json(chosen);
  const { style, width } = output;
  output.lines(renderAutoscaleStatus(chosen, { style, width }));
}
