import { isMap, type TreeMap } from '../tree.ts';

/** Drops name servers that an unset variable left empty, in place: the engine would take one for an address. */
export function omitEmptyDns(model: TreeMap): void {
  const services = model['services'] ?? null;
  if (!isMap(services)) return;
  for (const name in services) {
    const service = services[name] ?? null;
    if (!isMap(service)) continue;
    const { dns } = service;
    if (Array.isArray(dns)) service['dns'] = dns.filter((server) => server !== null && server !== '');
  }
}
