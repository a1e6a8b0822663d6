import { object } from '../collections.ts';
import { bytes, duration, integer } from '../scalars.ts';
import { share } from './share.ts';

/** When replicas are replaced by their like. */
export const xTenfoldRecycle = object(
  {
    max_requests: integer({ minimum: 1 }),
    max_age: duration({ description: 'Time after which a replica is replaced.' }),
    max_memory: bytes(['string', 'integer'], 1),
    jitter: share({
      minimum: 0,
      maximum: 1,
      description: 'By how much a replica may go beyond max_requests and max_age (10%).',
    }),
  },
  { isExtensible: false, description: 'When a replica is replaced by a new one, one at a time.' },
);
