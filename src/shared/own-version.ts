import { readFileSync } from 'node:fs';

/** Version of this package, from its package.json: two folders up from `src/shared` and from `dist/shared` alike. */
export function ownVersion(): string {
  const content: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const isKnown = typeof content === 'object' && content !== null && 'version' in content;
  return isKnown && typeof content.version === 'string' ? content.version : 'unknown';
}
