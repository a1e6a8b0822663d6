import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Route } from './control-server.ts';
import { sendError } from './reply.ts';
import { messageOf, TenfoldError } from '../../shared/errors.ts';

/** Answers requests by the first route that fits, and what is thrown there by an error reply. */
export function answerBy(
  routes: readonly Route[],
  onBug: (thrown: unknown) => void,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const compiled = routes.map((route) => ({ ...route, expression: compile(route.pattern) }));
  return async (request, response) => {
    const abort = new AbortController();
    response.once('close', () => abort.abort(new TenfoldError('interrupted', 'the caller went away')));
    try {
      const url = urlOf(request);
      for (const { method, expression, handle } of compiled) {
        const match = request.method === method ? expression.exec(url.pathname) : null;
        if (match === null) continue;
        const parameters = Object.fromEntries(
          Object.entries(match.groups ?? {}).map(([key, value]) => [key, decoded(value)]),
        );
        return await handle({ request, response, url, parameters, signal: abort.signal });
      }
      const unknown = new TenfoldError('usage', `the daemon has no ${request.method} ${url.pathname}`, {
        hint: 'the command and the daemon may be of different versions: tenfold version',
      });
      sendError(response, unknown, 404);
    } catch (thrown) {
      if (!(thrown instanceof TenfoldError)) onBug(thrown);
      sendError(
        response,
        thrown instanceof TenfoldError
          ? thrown
          : new TenfoldError('runtime-failed', `a bug in the daemon: ${messageOf(thrown)}`),
      );
    }
  };
}

/** Only the path and the query count; whatever else stands in a request target is refused. */
function urlOf({ url = '/' }: IncomingMessage): URL {
  const parsed = url.startsWith('/') ? URL.parse(`http://daemon${url}`) : null;
  if (parsed !== null) return parsed;
  throw new TenfoldError('usage', 'the request target is not a path', { got: url });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TenfoldError('usage', 'the request path is not properly encoded', { got: text });
  }
}

function compile(pattern: string): RegExp {
  return new RegExp(`^${pattern.replaceAll(/:([a-z]+)/g, '(?<$1>[^/]+)')}$`);
}
