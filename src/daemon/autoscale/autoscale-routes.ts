import { z } from 'zod';
import type { Autoscaler } from './autoscaler.ts';
import type { AutoscaleRequest } from '../autoscale-api.ts';
import type { Route } from '../control/control-server.ts';
import { beginStream, readBody, sendJson } from '../control/reply.ts';
import type { StackRegistry } from '../stack/stack-registry.ts';

const requestSchema: z.ZodType<AutoscaleRequest> = z.object({
  requester: z.object({ user: z.string(), commandLine: z.string() }),
  services: z.array(z.string()).readonly().exactOptional(),
});

/** The routes of autoscale-api.ts. */
export function autoscaleRoutes(autoscaler: Autoscaler, registry: StackRegistry): readonly Route[] {
  const base = '/v1/stacks/:name/autoscale';
  const setPaused = (verb: string, isPaused: boolean): Route => ({
    method: 'POST',
    pattern: `${base}/${verb}`,
    handle: async ({ request, response, parameters }) => {
      const { services, requester } = await readBody(request, requestSchema);
      const stack = registry.get(parameters['name'] ?? '');
      sendJson(response, await autoscaler.setPaused(stack, services, isPaused, requester.user));
    },
  });
  return [
    {
      method: 'GET',
      pattern: base,
      handle: ({ response, parameters }) => {
        sendJson(response, autoscaler.statuses(registry.get(parameters['name'] ?? '').name));
        return Promise.resolve();
      },
    },
    setPaused('pause', true),
    setPaused('resume', false),
    {
      method: 'GET',
      pattern: `${base}/history`,
      handle: async ({ response, parameters, url, signal }) => {
        const stack = registry.get(parameters['name'] ?? '');
        const since = Number(url.searchParams.get('since') ?? 0);
        const history = autoscaler.history(stack, url.searchParams.get('service') ?? '', since);
        const send = beginStream(response);
        for await (const record of history) {
          if (signal.aborted) return;
          send(record);
        }
        response.end();
      },
    },
  ];
}
