import { addVerb, type Program } from '../verb.ts';
import { defineProve, type ProveOptions } from './prove-options.ts';

export function addProve(program: Program): void {
  addVerb<ProveOptions>(program, {
    name: 'prove',
    summary: 'make a change under load and say whether it dropped a request',
    description:
      'The change is a tenfold command or any program. Ends with exit code 1 when an objective does not hold, the command ' +
      'fails or the stack does not become steady. Ctrl-C ends load and change and prints what there is.',
    define: defineProve,
    run: async (call) => {
      const verbs = program.command.commands.map((command) => command.name());
      // Most commands do without the engine.
      return (await import('./run-prove.ts')).runProve(call, verbs);
    },
  });
}
