const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

export interface ParsedRate {
  readonly intervalMs: number;
  readonly burst: number;
  readonly isImmediate: boolean;
}

/** nginx's words for a rate: `10r/s burst=20 nodelay`; `r/m` and `r/h` too. */
export function parseRateLimit(text: string): ParsedRate | { readonly problem: string } {
  const [rate = '', ...options] = text.trim().split(/\s+/);
  const match = /^(\d{1,7})r\/([smh])$/.exec(rate);
  const count = Number(match?.[1] ?? 0);
  if (match === null || count === 0) return { problem: `'${rate}' is no rate` };
  let burst = 0;
  let isImmediate = false;
  const seen = new Set<string>();
  for (const option of options) {
    const [name = '', value] = option.split('=');
    if (seen.has(name)) return { problem: `'${name}' stands there twice` };
    seen.add(name);
    if (name === 'burst' && value !== undefined && /^\d{1,7}$/.test(value)) burst = Number(value);
    else if (option === 'nodelay') isImmediate = true;
    else return { problem: `'${option}' is no option of a rate` };
  }
  return { intervalMs: (unitMs[match[2] ?? 's'] ?? 1_000) / count, burst, isImmediate };
}
