import { addVerb, type Program } from '../verb.ts';
import { withDaemon } from '../invocation.ts';
import { stackName } from '../project.ts';
import { requireTargets } from '../targets.ts';
import { parseSignal } from './signal-name.ts';
import { runChange } from './run-change.ts';

interface KillOptions {
  readonly signal: string;
}

export function addKill(program: Program): void {
  addVerb<KillOptions>(program, {
    name: 'kill',
    summary: 'send a signal to replicas at once, without draining them',
    define: (command) =>
      command
        .argument('[service|instance...]', 'services or instances; all replicas when none is named')
        .option('-s, --signal <signal>', 'signal to send', parseSignal, 'SIGKILL'),
    run: async ({ invocation, options, words }) => {
      const stack = await stackName(invocation);
      await withDaemon(invocation, async ({ client }) => {
        requireTargets(await client.stack(stack), words);
        const targets = words.length === 0 ? {} : { targets: words };
        const request = { signal: options.signal, ...targets };
        await runChange(invocation, client, { stack, verb: 'kill', request });
      });
    },
  });
}
