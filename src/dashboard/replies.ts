import type { ServerResponse } from 'node:http';
import type { Asset } from './bundle.ts';
import type { Call } from '../daemon/control/control-server.ts';
import { TenfoldError } from '../shared/errors.ts';

/**
 * Headers of every page. Sources: CSP level 3; the page runs nothing that does not come from this very daemon, is shown in
 * no frame, and tells nobody where it is.
 */
const pageHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

export function sendAsset({ response }: Call, { contentType, body }: Asset): void {
  response.writeHead(200, { ...pageHeaders, 'content-type': contentType, 'content-length': body.length });
  response.end(body);
}

/** A page that needs nothing else: neither script nor style. */
export function sendPlainPage(
  response: ServerResponse,
  status: number,
  { title, text, command }: { readonly title: string; readonly text: string; readonly command: string },
): void {
  response.writeHead(status, { ...pageHeaders, 'content-type': 'text/html; charset=utf-8' });
  response.end(
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
      `<meta name="color-scheme" content="light dark"><title>${title}: Tenfold</title>` +
      `<main><h1>${title}</h1><p>${text}</p><pre>${command}</pre></main></html>\n`,
  );
}

/** 403 with the reason, as the control API tells errors. */
export function sendRefusal(response: ServerResponse, reason: string): void {
  const error = new TenfoldError('dashboard-refused', `the dashboard refuses this request: ${reason}`, {
    hint: 'open the dashboard with the link that `tenfold dashboard` prints',
  });
  response.writeHead(403, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify({ error: error.toJSON() })}\n`);
}
