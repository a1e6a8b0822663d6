import { withDaemon } from '../invocation.ts';
import { stackName } from '../project.ts';
import { requireServices } from '../scale-values.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';
import { renderHistory } from './render-rollouts.ts';

export function addRolloutHistory(program: Program): void {
  addVerb<object>(program, {
    name: 'history',
    summary: 'list the revisions of services: when, by whom, by which command, and how it went',
    define: (command) => command.argument('[service...]', 'services; all when none is named'),
    run: runHistory,
  });
}

async function runHistory({ invocation, words }: VerbCall<object>): Promise<void> {
  const { output } = invocation;
  const stack = await stackName(invocation);
  const all = await withDaemon(invocation, ({ client }) => client.rollouts(stack));
  requireServices(
    stack,
    words,
    all.map(({ service }) => service),
  );
  const chosen = words.length === 0 ? all : all.filter(({ service }) => words.includes(service));
  if (output.isJson) return output.json(chosen.map(({ service, history }) => ({ service, history })));
  const { style, width } = output;
  output.lines(renderHistory(chosen, { style, width }));
}
