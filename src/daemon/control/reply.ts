import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { TenfoldError } from '../../shared/errors.ts';

/** A stack with its whole configuration fits in many times over. */
const maxBodyBytes = 64 * 1024 * 1024;

export function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** Begins a stream of JSON objects, one a line; the function that it returns sends one. */
export function beginStream(response: ServerResponse): (message: unknown) => void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  return (message) => {
    if (!response.destroyed) response.write(`${JSON.stringify(message)}\n`);
  };
}

/** As the answer, or as the last line of a stream that was begun. */
export function sendError(response: ServerResponse, error: TenfoldError, status = statusOf(error)): void {
  if (response.destroyed) return;
  const line = `${JSON.stringify({ error: error.toJSON() })}\n`;
  if (response.headersSent) {
    response.end(line);
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(line);
}

function statusOf({ code, exitCode }: TenfoldError): number {
  if (code.startsWith('unknown-')) return 404;
  return exitCode === 2 || exitCode === 3 ? 400 : 500;
}

/** The request's JSON body; the schema checks what the daemon relies on. Throws `usage`. */
export async function readBody<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > maxBodyBytes)
      throw new TenfoldError('usage', `the request is larger than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  const parsed = schema.safeParse(parseJson(Buffer.concat(chunks).toString()));
  if (parsed.success) return parsed.data;
  throw new TenfoldError('usage', `the daemon cannot take this request: ${z.prettifyError(parsed.error)}`, {
    hint: 'the command and the daemon may be of different versions: tenfold version',
  });
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
