import type { z } from 'zod';
import { streamChange, type Outcome } from './change-stream.ts';
import type { Call, Route } from './control-server.ts';
import { runExec } from './exec.ts';
import { streamLogs } from './log-stream.ts';
import { beginStream, readBody, sendJson } from './reply.ts';
import {
  downSchema,
  instanceSchema,
  killSchema,
  scaleSchema,
  servicesSchema,
  upSchema,
} from './request-schemas.ts';
import { rolloutRoutes } from './rollout-routes.ts';
import type { ChangeMessage, ExitReply, VersionReply } from '../control-api.ts';
import * as commands from '../stack/commands.ts';
import { killReplicas } from '../stack/kill.ts';
import { describeStack } from '../stack/status.ts';
import type { StackRegistry } from '../stack/stack-registry.ts';
import type { StackSession } from '../stack/stack-session.ts';

export interface RouteContext {
  readonly registry: StackRegistry;
  readonly version: () => VersionReply;
  /** Ends the daemon and its proxy, if nothing needs them; returns what does. */
  readonly exitIfIdle: () => readonly string[];
}

/** Commands that do not wait for the change before them to come about. */
const superseding = new Set(['stop', 'down']);

/** The control API, route by route; its shapes stand in control-api.ts. */
export function controlRoutes({ registry, version, exitIfIdle }: RouteContext): readonly Route[] {
  const sessionOf = async ({ parameters }: Call): Promise<StackSession> => {
    const name = parameters['name'] ?? '';
    await registry.options.store.check(name);
    return registry.get(name);
  };
  const describe = async (session: StackSession, signal: AbortSignal): Promise<unknown> => {
    const pass = session.controller.last ?? (await session.controller.until(() => true, signal));
    const balancer = await registry.options.traffic.observe(signal).catch(() => undefined);
    return describeStack(session, pass, balancer, version().proxyPid);
  };

  const stacks = '/v1/stacks/:name';
  /** A command on a stack that is known. */
  const command = <Request>(
    verb: string,
    schema: z.ZodType<Request>,
    run: (session: StackSession, request: Request, signal: AbortSignal) => Promise<Outcome>,
  ): Route => ({
    method: 'POST',
    pattern: `${stacks}/${verb}`,
    handle: async (call) => {
      const request = await readBody(call.request, schema);
      const supersedes = superseding.has(verb) ? verb : undefined;
      await streamChange(registry, call, supersedes, async (signal) =>
        run(await sessionOf(call), request, signal),
      );
    },
  });

  return [
    { method: 'GET', pattern: '/v1/version', handle: async ({ response }) => sendJson(response, version()) },
    {
      method: 'GET',
      pattern: '/v1/stacks',
      handle: async ({ response, signal }) =>
        sendJson(response, await Promise.all(registry.all.map((session) => describe(session, signal)))),
    },
    {
      method: 'GET',
      pattern: stacks,
      handle: async (call) => sendJson(call.response, await describe(await sessionOf(call), call.signal)),
    },
    {
      method: 'POST',
      pattern: `${stacks}/up`,
      handle: async (call) => {
        const request = await readBody(call.request, upSchema);
        await streamChange(registry, call, undefined, (signal) => commands.up(registry, request, signal));
      },
    },
    ...rolloutRoutes(registry, sessionOf),
    command('scale', scaleSchema, (session, request, signal) =>
      commands.scale(session, request, registry, signal),
    ),
    command('stop', servicesSchema, (session, request, signal) => commands.stop(session, request, signal)),
    command('start', servicesSchema, (session, request, signal) =>
      commands.start(session, request, registry, signal),
    ),
    command('restart', servicesSchema, (session, request, signal) =>
      commands.restart(session, request, registry, signal),
    ),
    command('down', downSchema, (session, request, signal) =>
      commands.down(session, request, registry, signal),
    ),
    command('drain', instanceSchema, (session, request, signal) => commands.drain(session, request, signal)),
    command('undrain', instanceSchema, (session, request, signal) =>
      commands.undrain(session, request, signal),
    ),
    {
      method: 'POST',
      pattern: `${stacks}/kill`,
      handle: async (call) => {
        const request = await readBody(call.request, killSchema);
        const session = await sessionOf(call);
        const send = beginStream(call.response);
        send({
          type: 'report',
          report: await killReplicas(session, request, call.signal),
        } satisfies ChangeMessage);
        call.response.end();
      },
    },
    {
      method: 'GET',
      pattern: `${stacks}/logs`,
      handle: async (call) => streamLogs(await sessionOf(call), call),
    },
    {
      method: 'POST',
      pattern: `${stacks}/exec`,
      handle: async (call) => runExec(await sessionOf(call), call),
    },
    { method: 'GET', pattern: '/v1/events', handle: (call) => streamEvents(registry, call) },
    {
      method: 'POST',
      pattern: '/v1/exit',
      handle: async ({ response }) => {
        const runningStacks = exitIfIdle();
        sendJson(response, { isExiting: runningStacks.length === 0, runningStacks } satisfies ExitReply);
      },
    },
  ];
}

async function streamEvents(registry: StackRegistry, { response, url, signal }: Call): Promise<void> {
  const { journal } = registry.options;
  const stack = url.searchParams.get('stack');
  const send = beginStream(response);
  const isWanted = (event: { stack: string }): boolean => stack === null || event.stack === stack;
  const live: unknown[] = [];
  let isCaughtUp = false;
  const unsubscribe = journal.subscribe((event) => {
    if (!isWanted(event)) return;
    if (isCaughtUp) send(event);
    else live.push(event);
  });
  signal.addEventListener('abort', unsubscribe, { once: true });
  const begun = Date.now();
  for await (const event of journal.read(Number(url.searchParams.get('since') ?? 0))) {
    // What happens while the journal is read comes by the subscription.
    if (isWanted(event) && event.time < begun) send(event);
  }
  if (url.searchParams.get('follow') === null) {
    unsubscribe();
    response.end();
    return;
  }
  for (const event of live) send(event);
  isCaughtUp = true;
}
