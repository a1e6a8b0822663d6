import { withDaemon } from '../invocation.ts';
import { stackName } from '../project.ts';
import { renderStatus } from '../render/render-status.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';

export function addStatus(program: Program): void {
  addVerb<object>(program, {
    name: 'status',
    summary: 'show a stack as a whole: services, listeners, what is still to be done',
    define: (command) => command,
    run: runStatus,
  });
}

async function runStatus({ invocation }: VerbCall<object>): Promise<void> {
  const { output } = invocation;
  const name = await stackName(invocation);
  const { status, admin } = await withDaemon(invocation, async ({ client, version }) => ({
    status: await client.stack(name),
    admin: version.admin?.address,
  }));
  if (output.isJson) return output.json(status);
  const { style, width } = output;
  output.lines(renderStatus(status, { style, width }));
  if (admin !== undefined) output.lines(['', style.dim(`metrics  http://${admin}/metrics`)]);
}
