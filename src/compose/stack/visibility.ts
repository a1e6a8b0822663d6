import { resolve } from 'node:path';
import type { AccessLogPolicy, TracingPolicy } from '../../model/visibility.ts';
import type { XTenfold } from '../schema/tenfold/x-tenfold.ts';

const defaultMaxBytes = 64 << 20;
const defaultFiles = 3;

/** What the balancer writes down of a service's requests, where the file asks for it. Paths are from `workingDir`. */
export function visibilityPolicy(
  { access_log: log, tracing }: XTenfold,
  workingDir: string,
): { readonly accessLog?: AccessLogPolicy; readonly tracing?: TracingPolicy } {
  return {
    ...(log !== undefined && {
      accessLog: {
        path: log.path === undefined ? undefined : resolve(workingDir, log.path),
        sample: log.sample ?? 1,
        maxBytes: log.max_size === undefined ? defaultMaxBytes : Number(log.max_size),
        files: log.files ?? defaultFiles,
      },
    }),
    ...(tracing !== undefined && {
      tracing: { endpoint: tracing.endpoint, sample: tracing.sample ?? 1 },
    }),
  };
}
