import { resolve } from 'node:path';
import type {
  HeaderEdit,
  HeaderField,
  Page,
  Route,
  RouteAction,
  ServiceTarget,
} from '../../../model/routing.ts';
import type { Project } from '../../project.ts';
import type { RouteConfig } from '../../schema/tenfold/routes.ts';
import { milliseconds } from '../balancing.ts';
import { accessRules, basicAuth, fault, type Keys, rateLimit, readText } from './edge-policy.ts';
import type { PlacedRoute } from './placed-route.ts';
import { matchOf, specificity } from './route-match.ts';

/** Fields that decide framing, or that the balancer writes itself. */
const ownFields = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
]);

/** The routes that a service's `x-tenfold.routes` describe. Throws `invalid-compose` for one that contradicts itself. */
export function serviceRoutes(
  service: string,
  targets: readonly number[],
  configs: readonly RouteConfig[],
  project: Project,
): PlacedRoute[] {
  return configs.map((config, index) => {
    const keys: Keys = ['services', service, 'x-tenfold', 'routes', index];
    refuseContradictions(config, keys, project);
    const id = configs.length === 1 ? service : `${service}[${index}]`;
    return {
      service,
      route: routeOf(id, config, actionOf(service, targets, config, keys, project), keys, project),
      entrypoints: config.entrypoint,
      listenerPort: config.listener,
      priority: config.priority ?? specificity(config),
      tlsRoute: undefined,
      needsTls: false,
      keys,
    };
  });
}

const actions = ['redirect', 'maintenance', 'respond'] as const;
/** What means nothing where nothing is forwarded. */
const forwardOnly = [
  'target',
  'connect_timeout',
  'response_timeout',
  'retries',
  'request_headers',
  'response_headers',
] as const;

function refuseContradictions(config: RouteConfig, keys: Keys, project: Project): void {
  const given = actions.filter((action) => config[action] !== undefined);
  const [first, second] = given;
  if (second !== undefined)
    throw fault(project, [...keys, second], `a route has ${first} and ${second}`, {
      expected: 'one of them',
    });
  const idle = first === undefined ? undefined : forwardOnly.find((key) => config[key] !== undefined);
  if (idle !== undefined && first !== undefined) {
    throw fault(project, [...keys, idle], `${idle} means nothing in a route with ${first}`, {
      expected: `${idle} or ${first}`,
    });
  }
  if (config.entrypoint !== undefined && config.listener !== undefined) {
    throw fault(project, [...keys, 'listener'], 'a route has an entrypoint and a listener', {
      expected: 'one of them',
    });
  }
  for (const side of ['request_headers', 'response_headers'] as const) {
    const { set = {}, add = {}, remove = [] } = config[side] ?? {};
    const names = [...Object.keys(set), ...Object.keys(add), ...remove];
    const own = names.find((name) => ownFields.has(name.toLowerCase()));
    if (own === undefined) continue;
    throw fault(project, [...keys, side], `${own} is written by the balancer and cannot be changed`, {
      got: own,
    });
  }
}

function actionOf(
  service: string,
  targets: readonly number[],
  config: RouteConfig,
  keys: Keys,
  project: Project,
): RouteAction<ServiceTarget> {
  const { redirect, maintenance, respond } = config;
  if (redirect !== undefined) {
    const status = redirect.status ?? 302;
    if (status !== 301 && status !== 302 && status !== 303 && status !== 307 && status !== 308) {
      throw fault(project, [...keys, 'redirect', 'status'], `${status} is no status of a redirect`, {
        expected: '301, 302, 303, 307 or 308',
        got: String(status),
      });
    }
    return { kind: 'redirect', url: redirect.to ?? '', status };
  }
  if (maintenance !== undefined) {
    return {
      kind: 'maintenance',
      page: pageOf(maintenance, 'Back soon.\n', [...keys, 'maintenance'], project),
      retryAfterSeconds: Math.ceil(milliseconds(maintenance.retry_after, 60_000) / 1000),
    };
  }
  if (respond !== undefined) {
    return {
      kind: 'respond',
      status: respond.status ?? 200,
      page: pageOf(respond, '', [...keys, 'respond'], project),
      headers: fieldsOf(respond.headers),
    };
  }
  return { kind: 'forward', to: { service, target: targetOf(service, targets, config, keys, project) } };
}

function targetOf(
  service: string,
  targets: readonly number[],
  config: RouteConfig,
  keys: Keys,
  project: Project,
): number {
  const target = config.target ?? targets[0];
  if (target !== undefined) return target;
  throw fault(project, keys, `it is not known on which port ${service} answers`, {
    expected: 'a target, or a port under ports or expose',
    hint: 'add `target: 8080`, or whichever port it is',
  });
}

export function routeOf(
  id: string,
  config: RouteConfig,
  action: RouteAction<ServiceTarget>,
  keys: Keys,
  project: Project,
): Route {
  const time = (value: string | undefined): number | undefined =>
    value === undefined ? undefined : milliseconds(value, 0);
  return {
    id,
    match: matchOf(config),
    action,
    stripPrefixes: config.strip_prefix ?? [],
    requestHeaders: headerEdit(config.request_headers),
    responseHeaders: headerEdit(config.response_headers),
    connectTimeoutMs: time(config.connect_timeout),
    responseTimeoutMs: time(config.response_timeout),
    retries: config.retries,
    maxBodyBytes: config.max_body === undefined ? undefined : Number(config.max_body),
    access: accessRules(config),
    basicAuth: config.basic_auth && basicAuth(config.basic_auth, [...keys, 'basic_auth'], project),
    rateLimit: config.rate_limit && rateLimit(config.rate_limit),
  };
}

function headerEdit(config: RouteConfig['request_headers']): HeaderEdit | undefined {
  if (config === undefined) return undefined;
  return { remove: config.remove ?? [], set: fieldsOf(config.set), add: fieldsOf(config.add) };
}

function fieldsOf(fields: Readonly<Record<string, string | null>> = {}): HeaderField[] {
  return Object.entries(fields).map(([name, value]) => ({ name, value: value ?? '' }));
}

interface PageConfig {
  readonly text?: string | undefined;
  readonly file?: string | undefined;
  readonly content_type?: string | undefined;
}

const maxPageBytes = 262_144;

function pageOf(config: PageConfig, otherwise: string, keys: Keys, project: Project): Page {
  const { text, file, content_type: contentType } = config;
  if (text !== undefined && file !== undefined)
    throw fault(project, [...keys, 'file'], 'a page has a text and a file', { expected: 'one of them' });
  if (file === undefined)
    return { contentType: contentType ?? 'text/plain; charset=utf-8', body: text ?? otherwise };
  const path = resolve(project.workingDir, file);
  const body = readText(path, [...keys, 'file'], project);
  if (Buffer.byteLength(body) > maxPageBytes) {
    throw fault(project, [...keys, 'file'], `${path} is too large for a page`, {
      expected: `at most ${maxPageBytes} bytes`,
    });
  }
  const isHtml = /\.html?$/i.test(path);
  return {
    contentType: contentType ?? (isHtml ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8'),
    body,
  };
}
