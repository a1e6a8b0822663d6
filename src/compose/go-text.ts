import { isMap, type Tree } from './tree.ts';

/**
 * The text that docker compose makes of a value that is not text, as its language prints it. Hashes depend on it, so it
 * must be the same to the letter.
 */
export function goText(value: Tree): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return goNumber(value);
  if (typeof value === 'boolean') return String(value);
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  const keys = Object.keys(value).sort();
  return `map[${keys.map((key) => `${key}:${goText(value[key] ?? null)}`).join(' ')}]`;
}

/** A whole number in digits; any other as Go prints a floating one. */
function goNumber(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : goFloatText(value);
}

/** A floating number as Go prints it: an exponent below 1e-4 and from a million on, with two digits at least. */
export function goFloatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e6)) return value.toString();
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Text for a value where an absent one counts as empty. */
export function goTextOrEmpty(value: Tree): string {
  return value === null ? '' : goText(value);
}

/** JSON type names as compose files' authors know them. */
export function describeValue(value: Tree): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (isMap(value)) return 'a mapping';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
