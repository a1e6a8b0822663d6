/** A listening socket is known by its address, whoever is behind it. */
export function doorKey(entry: { readonly hostIp: string; readonly port: number }): string {
  return `${entry.hostIp}|${entry.port}`;
}
