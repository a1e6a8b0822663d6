/** One label as it stands on a service. */
export interface TraefikLabel {
  readonly service: string;
  readonly key: string;
  readonly value: string;
}

/** Options of a router, a service or a middleware: by name in lower case, with the label that each comes from. */
export interface TraefikPart {
  /** Compose service on which it stands. */
  readonly owner: string;
  readonly options: Map<string, TraefikLabel>;
}

export interface TraefikLabels {
  readonly routers: ReadonlyMap<string, TraefikPart>;
  readonly services: ReadonlyMap<string, TraefikPart>;
  readonly middlewares: ReadonlyMap<string, TraefikPart>;
  /** By compose service. */
  readonly enabled: ReadonlyMap<string, boolean>;
  /** `traefik.port`, of Traefik's first version, by compose service. */
  readonly oldPorts: ReadonlyMap<string, TraefikLabel>;
  readonly unknown: readonly TraefikLabel[];
}

const sections = ['routers', 'services', 'middlewares'] as const;

/** Sorts the labels that begin with `traefik.`; those that say nothing here are `unknown`. */
export function readLabels(labels: readonly TraefikLabel[]): TraefikLabels {
  const parts = {
    routers: new Map<string, TraefikPart>(),
    services: new Map<string, TraefikPart>(),
    middlewares: new Map<string, TraefikPart>(),
  };
  const enabled = new Map<string, boolean>();
  const oldPorts = new Map<string, TraefikLabel>();
  const unknown: TraefikLabel[] = [];
  for (const label of labels) {
    const words = label.key.split('.');
    const [, protocol = '', section = '', name = '', ...option] = words;
    const kind = sections.find((each) => each === section.toLowerCase());
    if (words.length === 2 && protocol.toLowerCase() === 'enable') {
      enabled.set(label.service, /^(?:true|1|t)$/i.test(label.value));
    } else if (words.length === 2 && protocol.toLowerCase() === 'port') {
      oldPorts.set(label.service, label);
    } else if (protocol.toLowerCase() === 'docker' && section.toLowerCase() === 'network') {
      // Which network Traefik would use: the balancer reaches replicas on all of them.
    } else if (protocol.toLowerCase() === 'http' && kind !== undefined && option.length > 0) {
      const part = parts[kind].get(name) ?? { owner: label.service, options: new Map() };
      parts[kind].set(name, part);
      part.options.set(optionName(kind, option), label);
    } else {
      unknown.push(label);
    }
  }
  return { ...parts, enabled, oldPorts, unknown };
}

/** Lower case, but for the names of header fields. */
function optionName(kind: (typeof sections)[number], words: readonly string[]): string {
  const [first = '', second = '', ...field] = words;
  const isField = kind === 'middlewares' && /^custom(?:request|response)headers$/i.test(second);
  if (!isField) return words.join('.').toLowerCase();
  return `${first.toLowerCase()}.${second.toLowerCase()}.${field.join('.')}`;
}
