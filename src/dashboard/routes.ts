import { foreignReason, type Access } from './access.ts';
import { loadAssets } from './assets.ts';
import { deployFiles } from './deploy.ts';
import { streamLive } from './live/live-stream.ts';
import { sendAsset, sendPlainPage, sendRefusal } from './replies.ts';
import type { Autoscaler } from '../daemon/autoscale/autoscaler.ts';
import type { VersionReply } from '../daemon/control-api.ts';
import type { Call, Route } from '../daemon/control/control-server.ts';
import type { StackRegistry } from '../daemon/stack/stack-registry.ts';
import type { Metrics } from '../metrics/start-metrics.ts';

export interface DashboardContext {
  /** By the key of this very moment: a new key takes effect at once. */
  readonly access: () => Promise<Access>;
  readonly registry: StackRegistry;
  readonly version: () => VersionReply;
  /** The control API, parts of which pages use. */
  readonly control: readonly Route[];
  readonly metrics: Pick<Metrics, 'store' | 'history'>;
  readonly autoscaler: Pick<Autoscaler, 'statuses' | 'history'>;
  /** Whose daemon it is: who a change is said to come from. */
  readonly user: string;
}

const root = '/dashboard';
const stacks = '/v1/stacks/:name';

/**
 * What a page may ask of the control API beside reading. What runs programs of the caller's choice (`up` with a stack
 * of its own, `exec`) or ends things for good (`down`, `kill`, `exit`) stays with the command line.
 */
const changes = new Set(
  [
    'scale',
    'drain',
    'undrain',
    'restart',
    'start',
    'stop',
    'rollout',
    'autoscale/pause',
    'autoscale/resume',
  ].map((verb) => `${stacks}/${verb}`),
);

export interface Dashboard {
  readonly routes: readonly Route[];
  /** Pages that are open now. */
  readonly pageCount: number;
}

/** The dashboard: its page, the stream that feeds it, and the changes that it may ask for. */
export function createDashboard(context: DashboardContext): Dashboard {
  const { registry } = context;
  let pageCount = 0;
  const inside = `${root}/:door`;
  const now = (): number => registry.options.clock.now();
  const isWelcome = async ({ request, parameters }: Call): Promise<boolean> => {
    const access = await context.access();
    return parameters['door'] === access.door && access.hasSession(request, now());
  };

  /** Answers only to pages of the dashboard itself. */
  const guarded = (route: Route): Route => ({
    ...route,
    pattern: `${inside}${route.pattern}`,
    handle: async (call) => {
      const reason =
        foreignReason(call.request) ?? ((await isWelcome(call)) ? undefined : 'it brings no session');
      if (reason === undefined) await route.handle(call);
      else sendRefusal(call.response, reason);
    },
  });

  const page = (name: string, pattern: string): Route => ({
    method: 'GET',
    pattern,
    handle: async (call) => {
      const reason = foreignReason(call.request);
      if (reason !== undefined) return sendRefusal(call.response, reason);
      if (!(await isWelcome(call))) return sendPlainPage(call.response, 403, noSession);
      const asset = (await loadAssets()).get(name);
      if (asset !== undefined) sendAsset(call, asset);
    },
  });

  const live = async (call: Call): Promise<void> => {
    pageCount += 1;
    call.signal.addEventListener('abort', () => (pageCount -= 1), { once: true });
    await streamLive(context, call);
  };

  const routes: readonly Route[] = [
    {
      method: 'GET',
      pattern: root,
      handle: async (call) => {
        const { request, response, url } = call;
        const reason = foreignReason(request);
        if (reason !== undefined) return sendRefusal(response, reason);
        const access = await context.access();
        const token = url.searchParams.get('token');
        const isKnown = token !== null && access.isLink(token, now());
        if (!isKnown) return sendPlainPage(response, 403, token === null ? noSession : badLink);
        // The token stays neither in the address bar nor in what the page could send on.
        response.writeHead(303, {
          location: `${root}/${access.door}/`,
          'cache-control': 'no-store',
          'referrer-policy': 'no-referrer',
          'set-cookie': access.issueCookie(now()),
        });
        response.end();
      },
    },
    page('index.html', `${inside}/`),
    ...['app.js', 'app.css', 'icon.svg'].map((name) => page(name, `${inside}/${name}`)),
    guarded({ method: 'GET', pattern: '/live', handle: live }),
    guarded({
      method: 'POST',
      pattern: `${stacks}/deploy`,
      handle: (call) => deployFiles(registry, call),
    }),
    ...context.control
      .filter(({ method, pattern }) => (method === 'GET' ? pattern.startsWith('/v1/') : changes.has(pattern)))
      .map(guarded),
  ];
  return {
    routes,
    get pageCount() {
      return pageCount;
    },
  };
}

const noSession = {
  title: 'This page needs a link',
  text: 'The dashboard opens with a link that only you can get. Print one with:',
  command: 'tenfold dashboard',
};

const badLink = {
  title: 'This link no longer opens the dashboard',
  text: 'A link is good for ten minutes. Print a new one with:',
  command: 'tenfold dashboard',
};
