import { encodeRequest, type HttpRequest } from '../client/http-request.ts';
import { needsBody } from '../scenario/check.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { LoadTarget } from './load-target.ts';

/** The scenario's requests as they go to the target, in their order. */
export function wireRequests({ requests }: Scenario, { basePath, hostField }: LoadTarget): HttpRequest[] {
  return requests.map(({ method, path, headers, body, checks, timeoutMs }) => ({
    bytes: encodeRequest({ method, path: `${basePath}${path}`, host: hostField, headers, body }),
    isHead: method === 'HEAD',
    timeoutMs,
    isBodyKept: checks.some(needsBody),
  }));
}
