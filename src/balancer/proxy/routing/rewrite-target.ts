/** The longest of the prefixes that the path begins with, by whole segments; undefined: none. */
export function strippedPrefix(path: string, prefixes: readonly string[]): string | undefined {
  let longest: string | undefined;
  for (const prefix of prefixes) {
    const bare = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
    const fits = path === bare || path.startsWith(`${bare}/`);
    if (fits && (longest === undefined || bare.length > longest.length)) longest = bare;
  }
  return longest;
}

/** The target of a request without the prefix: always in origin form. */
export function stripFromTarget(path: string, query: string, prefix: string): string {
  const rest = path.slice(prefix.length);
  const origin = rest.startsWith('/') ? rest : `/${rest}`;
  return query === '' ? origin : `${origin}?${query}`;
}

export interface RedirectFacts {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly query: string;
}

/** Fills in the places of a redirect's URL. */
export function fillUrl(url: string, facts: RedirectFacts): string {
  const values: Readonly<Record<string, string>> = {
    scheme: facts.scheme,
    host: facts.host,
    port: String(facts.port),
    // A path that begins with two slashes would name another host.
    path: facts.path.replace(/^\/{2,}/, '/'),
    query: facts.query === '' ? '' : `?${facts.query}`,
  };
  return url.replace(/\{([a-z]+)\}/g, (whole, name: string) => values[name] ?? whole);
}
