import { streamChange } from './change-stream.ts';
import type { Call, Route } from './control-server.ts';
import { beginStream, readBody, sendJson } from './reply.ts';
import { deploySchema, rolloutSchema } from './request-schemas.ts';
import type { ChangeMessage } from '../control-api.ts';
import { describeRollouts } from '../rollout/describe-rollouts.ts';
import { steerRollouts, undo } from '../rollout/rollout-commands.ts';
import type { StackRegistry } from '../stack/stack-registry.ts';
import type { StackSession } from '../stack/stack-session.ts';
import { deploy } from '../stack/up.ts';

/** Deployments and what is said to them while they are under way. */
export function rolloutRoutes(
  registry: StackRegistry,
  sessionOf: (call: Call) => Promise<StackSession>,
): readonly Route[] {
  const stack = '/v1/stacks/:name';
  return [
    {
      method: 'POST',
      pattern: `${stack}/deploy`,
      handle: async (call) => {
        const request = await readBody(call.request, deploySchema);
        await streamChange(registry, call, undefined, (signal) => deploy(registry, request, signal));
      },
    },
    {
      method: 'POST',
      pattern: `${stack}/rollout`,
      handle: async (call) => {
        const request = await readBody(call.request, rolloutSchema);
        const { action } = request;
        if (action === 'undo')
          return streamChange(registry, call, undefined, async (signal) =>
            undo(await sessionOf(call), request, signal),
          );
        // Not in turn: the command that has the turn is the one that this is about.
        const session = await sessionOf(call);
        const report = await steerRollouts(session, { ...request, action }, call.signal);
        const send = beginStream(call.response);
        send({ type: 'report', report } satisfies ChangeMessage);
        call.response.end();
      },
    },
    {
      method: 'GET',
      pattern: `${stack}/rollouts`,
      handle: async (call) => {
        const session = await sessionOf(call);
        const { observed } =
          session.controller.last ?? (await session.controller.until(() => true, call.signal));
        sendJson(call.response, describeRollouts(session, observed));
      },
    },
  ];
}
