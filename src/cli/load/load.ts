import { addVerb, type Program } from '../verb.ts';
import { defineLoad, type LoadOptions } from './load-options.ts';

export function addLoad(program: Program): void {
  addVerb<LoadOptions>(program, {
    name: 'load',
    summary: 'load a service and measure how it answers',
    description:
      'Latencies count from when a request was meant to go out, so a stall of the target shows in them. Ends with exit code 1 ' +
      'when a threshold is not met or nothing was answered. Ctrl-C ends the test and prints what there is.',
    define: defineLoad,
    // Most commands do without the engine and what it reads scenarios with.
    run: async (call) => (await import('./run-load.ts')).runLoad(call),
  });
}
