import { describeValue } from '../../go-text.ts';
import { formatPath } from '../../path.ts';
import { list, map, object } from '../collections.ts';
import { checkType, type BoundOf, type JsonType, type Kind } from '../kind.ts';
import { textOrList } from '../mappings.ts';
import { parseBytes } from '../quantities.ts';
import { bytes, choice, decimal, duration, integer, text } from '../scalars.ts';
import { readShare, share } from './share.ts';

const time = (description: string) => duration({ keepsZero: true, description });
const count = (minimum: number) => integer({ minimum, maximum: 10_000, keepsZero: true });
const positive = () => decimal({ minimum: 0.001 });
const closed = { isExtensible: false } as const;

/** Some replicas have reserved a small part of what they may use. */
const utilization = (description: string) => share({ minimum: 0.01, maximum: 10, description });
const tolerance = share({
  minimum: 0,
  maximum: 1,
  description: 'How far the ratio of current to target may be from 1 without a consequence.',
});

/** `80%`, or a size. */
const memory: Kind<{ readonly share: number } | { readonly bytes: number }> = {
  accepts: ['string', 'number'],
  schema: {
    type: ['string', 'number'],
    description: 'Memory of a replica: a share of what it asks for, or a size.',
  },
  check(value, path, report) {
    const accepts: readonly JsonType[] = ['string', 'number'];
    if (!checkType(value, accepts, path, report)) return;
    const part = readShare(value);
    const size = typeof value === 'string' ? parseBytes(value) : value;
    if (part !== undefined && part >= 0.01 && part <= 10) return;
    if (part === undefined && typeof size === 'number' && size > 0) return;
    report({
      path,
      message: `${formatPath(path)} must be a share or a size`,
      expected: 'a share such as 80%, or a size such as 512M',
      got: describeValue(value),
    });
  },
  bind(value) {
    const part = readShare(value);
    if (part !== undefined) return { share: part };
    const size = typeof value === 'string' ? parseBytes(value) : undefined;
    return typeof size === 'number' ? { bytes: size } : undefined;
  },
};

export const xTenfoldAutoscaleTarget = object(
  {
    cpu: utilization('Processor time of a replica, as a share of what it asks for.'),
    memory,
    in_flight: positive(),
    requests_per_second: positive(),
    p95: time('Time within which 95 of 100 requests shall be answered.'),
    queue_time: time('Time that a request may wait for a replica.'),
    prometheus: object(
      { url: text({ pattern: /^https?:\/\// }), query: text(), value: positive(), average_value: positive() },
      { ...closed, required: ['url', 'query'] },
    ),
  },
  { ...closed, description: 'What a replica shall be at. The metric that asks for most replicas wins.' },
);

const rules = object(
  {
    stabilization_window: time('Time over which recommendations are looked at, at most 1h.'),
    select_policy: text({ choices: ['Max', 'Min', 'Disabled'] }),
    policies: list(
      object(
        {
          type: text({ choices: ['Pods', 'Percent'] }),
          value: integer({ minimum: 1 }),
          period: time('At most 30m.'),
        },
        { ...closed, required: ['type', 'value', 'period'] },
      ),
    ),
    tolerance,
  },
  closed,
);

const scheduleEntry = object(
  {
    cron: text({ description: 'When it begins: minute, hour, day of the month, month, day of the week.' }),
    duration: time('How long it then holds, at most 7d.'),
    days: textOrList(),
    hours: text({ pattern: /^\d{1,2}:\d{2}-\d{1,2}:\d{2}$/ }),
    time_zone: text({ description: 'IANA name; that of the machine by default.' }),
    min: count(0),
    max: count(1),
  },
  closed,
);

/** How the number of replicas follows the load: the words of the Kubernetes HPA (autoscaling/v2). */
export const xTenfoldAutoscale = object(
  {
    min: count(0),
    max: count(1),
    target: xTenfoldAutoscaleTarget,
    behavior: object({ scale_up: rules, scale_down: rules, tolerance }, closed),
    schedule: list(scheduleEntry),
    shadow: choice(),
    connections: map(count(1)),
    interval: time('Time between two decisions.'),
    window: time('Time over which rates, averages and percentiles are taken.'),
    cpu_initialization_period: time('For so long after a start, processor time counts with care.'),
    initial_readiness_delay: time('A replica that became unready so soon was never ready.'),
    memory_reserve: bytes(['string', 'integer'], 0, true),
  },
  { ...closed, required: ['max', 'target'], description: 'How the number of replicas follows the load.' },
);

export type XTenfoldAutoscale = BoundOf<typeof xTenfoldAutoscale>;
