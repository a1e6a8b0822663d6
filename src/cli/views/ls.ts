import { withDaemon } from '../invocation.ts';
import { renderStacks } from '../render/render-status.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';

interface LsOptions {
  readonly quiet?: true;
}

export function addLs(program: Program): void {
  addVerb<LsOptions>(program, {
    name: 'ls',
    summary: 'list stacks',
    define: (command) => command.option('-q, --quiet', 'print names only'),
    run: runLs,
  });
}

async function runLs({ invocation, options }: VerbCall<LsOptions>): Promise<void> {
  const { output } = invocation;
  const stacks = await withDaemon(invocation, ({ client }) => client.stacks());
  if (output.isJson) return output.json({ stacks });
  if (options.quiet === true) return output.lines(stacks.map(({ name }) => name));
  const { style, width } = output;
  output.lines(renderStacks(stacks, { style, width }));
}
