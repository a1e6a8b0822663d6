import type { AccessRule, BasicAuth, RateLimit } from '../../../../model/edge.ts';
import type { HeaderEdit, HeaderField } from '../../../../model/routing.ts';
import { parseRange } from '../../../../shared/address-range.ts';
import { parseHtpasswd } from '../../../../shared/htpasswd.ts';
import { durationMs, parseDuration } from '../../../schema/quantities.ts';
import { RuleError } from './rule-error.ts';
import type { TraefikPart } from './read-labels.ts';

/** What the middlewares of a router come to, in the order in which it names them. */
export interface Effects {
  redirect:
    { readonly scheme: 'http' | 'https'; readonly port: string; readonly isPermanent: boolean } | undefined;
  readonly stripPrefixes: string[];
  basicAuth: BasicAuth | undefined;
  requestHeaders: HeaderEdit | undefined;
  responseHeaders: HeaderEdit | undefined;
  rateLimit: RateLimit | undefined;
  readonly access: AccessRule[];
}

export function noEffects(): Effects {
  return {
    redirect: undefined,
    stripPrefixes: [],
    basicAuth: undefined,
    requestHeaders: undefined,
    responseHeaders: undefined,
    rateLimit: undefined,
    access: [],
  };
}

/** Left out with a warning: without them a request is served in another way, but to nobody else. */
const harmless = new Set([
  'compress',
  'retry',
  'buffering',
  'circuitbreaker',
  'inflightreq',
  'contenttype',
  'errors',
]);

/**
 * Adds what one middleware does. Returns options that say nothing here. Throws a `RuleError` for a kind that cannot be left
 * out without letting somebody in or sending requests elsewhere.
 */
export function addMiddleware(effects: Effects, { options }: TraefikPart): readonly string[] {
  const kinds = new Set([...options.keys()].map((option) => option.split('.')[0] ?? ''));
  const [kind = ''] = kinds;
  if (kinds.size !== 1) throw new RuleError(`it is of ${kinds.size} kinds: ${[...kinds].join(', ')}`);
  if (harmless.has(kind)) return [...options.keys()];
  const reader = readers[kind];
  if (reader === undefined) throw new RuleError(`middlewares of the kind ${kind} are not known here`);
  const given = new Options(kind, options);
  reader(effects, given);
  return given.unread;
}

class Options {
  readonly #kind: string;
  readonly #values: TraefikPart['options'];
  readonly #unread: Set<string>;

  constructor(kind: string, values: TraefikPart['options']) {
    this.#kind = kind;
    this.#values = values;
    this.#unread = new Set(values.keys());
  }

  get unread(): readonly string[] {
    return [...this.#unread];
  }

  text(name: string): string | undefined {
    const key = `${this.#kind}.${name}`;
    this.#unread.delete(key);
    return this.#values.get(key)?.value;
  }

  isTrue(name: string): boolean {
    return /^(?:true|1|t)$/i.test(this.text(name) ?? '');
  }

  list(name: string): readonly string[] {
    const parts = (this.text(name) ?? '').split(',').map((part) => part.trim());
    return parts.filter((part) => part !== '');
  }

  fields(name: string): HeaderField[] {
    const prefix = `${this.#kind}.${name}.`;
    return [...this.#values].flatMap(([key, { value }]) => {
      if (!key.startsWith(prefix)) return [];
      this.#unread.delete(key);
      return [{ name: key.slice(prefix.length), value }];
    });
  }
}

const readers: Readonly<Record<string, (effects: Effects, options: Options) => void>> = {
  redirectscheme(effects, options) {
    const scheme = options.text('scheme');
    if (scheme !== 'https' && scheme !== 'http') throw new RuleError('its scheme is neither http nor https');
    effects.redirect = {
      scheme,
      port: options.text('port') ?? '',
      isPermanent: options.isTrue('permanent'),
    };
  },
  stripprefix(effects, options) {
    options.text('forceslash');
    effects.stripPrefixes.push(...options.list('prefixes'));
  },
  basicauth(effects, options) {
    const lines = options.list('users');
    const file = options.text('usersfile');
    const realm = options.text('realm') ?? 'traefik';
    const keepsHeader = !options.isTrue('removeheader');
    if (file !== undefined && !file.startsWith('/'))
      throw new RuleError(
        'its usersfile lies inside the Traefik container; name one by its path on this machine',
      );
    if (lines.length === 0 && file === undefined) throw new RuleError('it names no users');
    try {
      parseHtpasswd(lines);
    } catch (thrown) {
      throw new RuleError(thrown instanceof Error ? thrown.message : String(thrown));
    }
    effects.basicAuth = { realm, path: '/', users: file === undefined ? { lines } : { file }, keepsHeader };
  },
  headers(effects, options) {
    effects.requestHeaders = merged(effects.requestHeaders, options.fields('customrequestheaders'));
    effects.responseHeaders = merged(effects.responseHeaders, [
      ...options.fields('customresponseheaders'),
      ...securityFields(options),
    ]);
  },
  ratelimit(effects, options) {
    const average = Number(options.text('average') ?? '0');
    const burst = Number(options.text('burst') ?? '1');
    const period = parseDuration(options.text('period') ?? '1s');
    if (!(average > 0) || !(burst >= 1) || period === undefined)
      throw new RuleError('its average, burst or period is none');
    effects.rateLimit = {
      key: { kind: 'ip' },
      intervalMs: durationMs(period) / average,
      // Traefik counts the request itself among the burst.
      burst: burst - 1,
      isImmediate: true,
    };
  },
  ipallowlist: readAllowList,
  ipwhitelist: readAllowList,
};

function readAllowList(effects: Effects, options: Options): void {
  const allow = options.list('sourcerange');
  const wrong = allow.find((range) => parseRange(range) === undefined);
  if (wrong !== undefined) throw new RuleError(`'${wrong}' is no address range`);
  effects.access.push({ path: '/', allow, deny: [] });
}

/** An empty value takes the field away. */
function merged(edit: HeaderEdit | undefined, fields: readonly HeaderField[]): HeaderEdit | undefined {
  if (fields.length === 0) return edit;
  for (const { name, value } of fields) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      throw new RuleError(`'${name}: ${value}' is no header field`);
  }
  const { remove, set, add } = edit ?? { remove: [], set: [], add: [] };
  return {
    remove: [...remove, ...fields.filter(({ value }) => value === '').map(({ name }) => name)],
    set: [...set, ...fields.filter(({ value }) => value !== '')],
    add,
  };
}

function securityFields(options: Options): HeaderField[] {
  const fields: HeaderField[] = [];
  if (options.isTrue('framedeny')) fields.push({ name: 'X-Frame-Options', value: 'DENY' });
  const frame = options.text('customframeoptionsvalue');
  if (frame !== undefined) fields.push({ name: 'X-Frame-Options', value: frame });
  if (options.isTrue('contenttypenosniff')) fields.push({ name: 'X-Content-Type-Options', value: 'nosniff' });
  if (options.isTrue('browserxssfilter')) fields.push({ name: 'X-XSS-Protection', value: '1; mode=block' });
  const referrer = options.text('referrerpolicy');
  if (referrer !== undefined) fields.push({ name: 'Referrer-Policy', value: referrer });
  const policy = options.text('contentsecuritypolicy');
  if (policy !== undefined) fields.push({ name: 'Content-Security-Policy', value: policy });
  const seconds = Number(options.text('stsseconds') ?? '0');
  const below = options.isTrue('stsincludesubdomains') ? '; includeSubDomains' : '';
  const preload = options.isTrue('stspreload') ? '; preload' : '';
  if (seconds > 0)
    fields.push({ name: 'Strict-Transport-Security', value: `max-age=${seconds}${below}${preload}` });
  return fields;
}
