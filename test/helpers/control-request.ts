import { request } from 'node:http';

/** One call of the control API: the reply, or the last line of a stream. Throws what it answers as an error. */
export function controlRequest<Reply>(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const outgoing = request({ socketPath, method, path, headers }, (response) => {
      let received = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (received += chunk));
      response.on('error', reject);
      response.on('end', () => {
        const last = received.trimEnd().split('\n').at(-1) ?? '';
        const reply: unknown = JSON.parse(last);
        const failed = typeof reply === 'object' && reply !== null && 'error' in reply;
        if (failed) reject(new Error(`${method} ${path}: ${response.statusCode} ${last}`));
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the control API says what each path answers
        else resolve(reply as Reply);
      });
    });
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}
