import { object } from '../collections.ts';
import { bytes, integer, text } from '../scalars.ts';
import { share } from './share.ts';

const closed = { isExtensible: false } as const;
const part = (description: string) => share({ minimum: 0, maximum: 1, description });

/** `x-tenfold.access_log`: one line of JSON for each request. */
export const xTenfoldAccessLog = object(
  {
    path: text({ description: 'File, from the project folder; without it one in the state folder.' }),
    sample: part('Part of the requests that are written down.'),
    max_size: bytes(['string', 'number']),
    files: integer({ minimum: 0, maximum: 100, keepsZero: true }),
  },
  { ...closed, description: 'Writes a line of JSON for each request that the proxy carries.' },
);

/** `x-tenfold.tracing`: spans to an OTLP collector. */
export const xTenfoldTracing = object(
  {
    endpoint: text({
      pattern: /^https?:\/\/[^\s/]+/,
      description: 'Base URL of the collector (OTLP over HTTP), without /v1/traces.',
    }),
    sample: part('Part of the traces begun here that are recorded.'),
  },
  { ...closed, description: 'Sends a span of each request to a collector.' },
);
