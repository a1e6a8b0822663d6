import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const bytes = 32;

/**
 * The key that signs sticky cookies, in hex; made once and kept, so that cookies outlive this process. Where it can be neither
 * read nor kept, the key is one for this process only.
 */
export function readSecret(path: string): string {
  const kept = keptSecret(path);
  if (kept !== undefined) return kept;
  const secret = randomBytes(bytes).toString('hex');
  try {
    writeFileSync(path, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  } catch (thrown) {
    // Another proxy may have been faster.
    const other = keptSecret(path);
    if (other !== undefined) return other;
    console.error(`sticky cookies will not outlive this process: ${path} cannot be kept (${String(thrown)})`);
  }
  return secret;
}

function keptSecret(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return new RegExp(`^[0-9a-f]{${bytes * 2}}$`).test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
