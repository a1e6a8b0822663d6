import type { ServiceConfig } from '../../../project.ts';
import { parseRange } from '../../../canonical/parse-port.ts';

/** An address on which a Traefik container takes requests for others. */
export interface TraefikEntrypoint {
  readonly name: string;
  readonly hostIp: string;
  readonly port: number;
  /** Every request is sent on to this entrypoint by HTTPS. */
  readonly redirectTo: string | undefined;
}

/** What a Traefik container does that the balancer does not; undefined: nothing, so it can be replaced. */
export function whyKept(config: ServiceConfig): string | undefined {
  const flags = staticOptions(config);
  const provider = [...flags.keys()].find((flag) => /^providers\.(?!docker\b)/.test(flag));
  if (provider !== undefined) return `it has ${provider}`;
  const file = (config.volumes ?? []).find(({ target }) =>
    /\.(?:ya?ml|toml)$|^\/etc\/traefik\/?$/.test(target ?? ''),
  );
  if (file !== undefined || flags.has('configfile')) return `it is configured by ${file?.target ?? 'a file'}`;
  return undefined;
}

export function isTraefik({ image = '' }: ServiceConfig): boolean {
  const repository = image.replace(/@.*$/, '').replace(/:[^/]*$/, '');
  return /(?:^|\/)traefik$/.test(repository);
}

/** Its entrypoints, as far as they are published; and options that say nothing to the balancer. */
export function traefikEntrypoints(config: ServiceConfig): {
  readonly entrypoints: readonly TraefikEntrypoint[];
  readonly left: readonly string[];
} {
  const flags = staticOptions(config);
  const addresses = new Map<string, string>();
  const left: string[] = [];
  for (const [flag, value] of flags) {
    const address = /^entrypoints\.([^.]+)\.address$/.exec(flag)?.[1];
    if (address !== undefined) addresses.set(address, value);
    else if (
      !/^(?:providers\.docker(?:\.|$)|log|accesslog|ping|api|global\.|entrypoints\.[^.]+\.http\.redirections\.)/.test(
        flag,
      )
    )
      left.push(flag);
    else if (flag.startsWith('api')) left.push(flag);
  }
  // What Traefik opens when it is told of none.
  if (addresses.size === 0) addresses.set('http', ':80');
  const entrypoints = [...addresses].flatMap(([name, address]): TraefikEntrypoint[] => {
    const [, target] = /:(\d+)(?:\/tcp)?$/.exec(address) ?? [];
    const redirectTo = flags.get(`entrypoints.${name}.http.redirections.entrypoint.to`);
    return publishedOn(config, Number(target)).map((place) => ({ name, ...place, redirectTo }));
  });
  return { entrypoints, left };
}

/** Whether it takes on only what asks for it (`--providers.docker.exposedbydefault=false`). */
export function isExposedByDefault(config: ServiceConfig): boolean {
  return staticOptions(config).get('providers.docker.exposedbydefault') !== 'false';
}

function publishedOn({ ports = [] }: ServiceConfig, target: number): { hostIp: string; port: number }[] {
  return ports.flatMap((port) => {
    const range = parseRange(port.published ?? '');
    if (port.target !== target || port.protocol === 'udp' || range === undefined) return [];
    return [{ hostIp: port.host_ip ?? '', port: range.first }];
  });
}

/** Options of the command line and the environment, in lower case, without their dashes. */
function staticOptions({ command, environment = {} }: ServiceConfig): Map<string, string> {
  const options = new Map<string, string>();
  for (const [key, value] of Object.entries(environment)) {
    if (key.startsWith('TRAEFIK_'))
      options.set(key.slice('TRAEFIK_'.length).toLowerCase().replace(/_/g, '.'), value ?? '');
  }
  for (const word of command ?? []) {
    const match = /^--([^=]+)(?:=(.*))?$/.exec(word);
    if (match !== null) options.set((match[1] ?? '').toLowerCase(), match[2] ?? 'true');
  }
  return options;
}
