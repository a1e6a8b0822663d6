import { withDaemon } from '../invocation.ts';
import { stackName } from '../project.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';

export function addAutoscalePause(program: Program): void {
  addVerb<object>(program, {
    name: 'pause',
    summary: 'keep services at the replicas that they have, until resume',
    description:
      'It stays paused over restarts and over `up`; `tenfold scale` sets the number meanwhile. What it would do is still found, and `explain` says it.',
    define: (command) => command.argument('[service...]', 'services; all when none is named'),
    run: (call) => setPaused(call, true),
  });
}

export function addAutoscaleResume(program: Program): void {
  addVerb<object>(program, {
    name: 'resume',
    summary: 'let services scale by themselves again, from the replicas that they have',
    define: (command) => command.argument('[service...]', 'services; all when none is named'),
    run: (call) => setPaused(call, false),
  });
}

async function setPaused({ invocation, words }: VerbCall<object>, isPaused: boolean): Promise<void> {
  const { output, requester } = invocation;
  const stack = await stackName(invocation);
  const request = { requester, ...(words.length > 0 && { services: words }) };
  const statuses = await withDaemon(invocation, ({ client }) =>
    client.setAutoscalePaused(stack, isPaused, request),
  );
  if (output.isJson) return output.json(statuses);
  if (statuses.length === 0) return output.line(`no service of ${stack} scales by itself`);
  for (const { service, current, min, max } of statuses) {
    output.line(
      isPaused
        ? `${service} stays at ${current}, until \`tenfold autoscale resume ${service}\``
        : `${service} scales by itself again, from ${current}, between ${min} and ${max}`,
    );
  }
}
