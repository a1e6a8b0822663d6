import { withDaemon } from '../invocation.ts';
import { stackName } from '../project.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';
import { renderExplanation } from './render-autoscale.ts';
import { requireAutoscaled } from './require-autoscaled.ts';

export function addAutoscaleExplain(program: Program): void {
  addVerb<object>(program, {
    name: 'explain',
    summary: 'say why services have the replicas that they have: each metric, each limit',
    define: (command) => command.argument('[service...]', 'services; all when none is named'),
    run: runExplain,
  });
}

async function runExplain({ invocation, words }: VerbCall<object>): Promise<void> {
  const { output, surroundings } = invocation;
  const stack = await stackName(invocation);
  const statuses = await withDaemon(invocation, ({ client }) => client.autoscale(stack));
  const chosen = requireAutoscaled(stack, statuses, words);
  if (output.isJson) return output.json(chosen);
  const now = surroundings.clock.now();
  const explained = chosen.map((status) => renderExplanation(status, now, output.style).join('\n'));
  output.line(explained.length === 0 ? `no service of ${stack} scales by itself` : explained.join('\n\n'));
}
