import { describeValue } from '../../go-text.ts';
import { formatPath } from '../../path.ts';
import { isMap } from '../../tree.ts';
import { list, object } from '../collections.ts';
import { checkType, type BoundOf, type Kind } from '../kind.ts';
import { parseDuration } from '../quantities.ts';
import { duration, integer, text } from '../scalars.ts';
import { readShare, share } from './share.ts';

const time = (description: string) => duration({ keepsZero: true, description });

/** What a step of a canary is bound to. */
export type StepConfig = { readonly share: number } | { readonly pause: string };

const shareStep = share({ minimum: 0.000_1, maximum: 1 });
const pauseStep = object(
  { pause: text({ description: 'Time before the next step, or manual: until `tenfold rollout promote`.' }) },
  { isExtensible: false, required: ['pause'] },
);

/** `25%`, or `{pause: 2m}`, or `{pause: manual}`. */
const step: Kind<StepConfig> = {
  accepts: ['string', 'number', 'object'],
  schema: { oneOf: [shareStep.schema, pauseStep.schema] },
  check(value, path, report) {
    if (!isMap(value)) return shareStep.check(value, path, report);
    pauseStep.check(value, path, report);
    const { pause } = value;
    if (typeof pause !== 'string' || pause === 'manual' || parseDuration(pause) !== undefined) return;
    report({
      path,
      message: `${formatPath(path)}.pause: invalid duration ${describeValue(pause)}`,
      expected: 'a duration such as 2m, or manual',
    });
  },
  bind(value) {
    if (isMap(value)) return typeof value['pause'] === 'string' ? { pause: value['pause'] } : undefined;
    const bound = readShare(value);
    return bound === undefined ? undefined : { share: bound };
  },
};

const commandLine: Kind<readonly string[]> = {
  accepts: ['string', 'array'],
  schema: { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
  check(value, path, report) {
    if (!checkType(value, ['string', 'array'], path, report)) return;
    const words: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (words.length > 0 && words.every((word) => typeof word === 'string' && word !== '')) return;
    report({
      path,
      message: `${formatPath(path)} must be a command`,
      expected: 'a command line for the shell, or a list of words',
      got: describeValue(value),
    });
  },
  bind(value) {
    if (typeof value === 'string') return ['/bin/sh', '-c', value];
    if (!Array.isArray(value)) return undefined;
    return value.filter((word): word is string => typeof word === 'string');
  },
};

const mark = (what: string) =>
  object(
    { name: text({ pattern: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/ }), value: text() },
    {
      isExtensible: false,
      required: ['name', 'value'],
      description: `A request with this ${what} goes to the new revision, whatever the share.`,
    },
  );

const gateFields = object(
  {
    max_error_rate_increase: share({
      minimum: 0.000_1,
      maximum: 1,
      description: 'How much more of its requests the new revision may fail (1%).',
    }),
    latency: text({ choices: ['p50', 'p75', 'p90', 'p95', 'p99'] }),
    max_latency_increase: share({
      minimum: 0.01,
      maximum: 100,
      description: 'By how much the new revision may be slower at that latency (100%: twice as slow).',
    }),
    confidence: share({ minimum: 0.5, maximum: 0.999_999 }),
    min_requests: integer({ minimum: 1 }),
    window: time('Only requests of this last time are compared.'),
  },
  { isExtensible: false },
);

/** `false`: requests are not compared. */
const gate: Kind<BoundOf<typeof gateFields> | false> = {
  accepts: ['object', 'boolean'],
  schema: { oneOf: [gateFields.schema, { const: false }] },
  check(value, path, report) {
    if (value === false) return;
    if (isMap(value)) return gateFields.check(value, path, report);
    report({
      path,
      message: `${formatPath(path)} must be a mapping, or false`,
      expected: 'the limits of the comparison, or false to compare nothing',
      got: describeValue(value),
    });
  },
  bind: (value, path, binding) => (value === false ? false : gateFields.bind(value, path, binding)),
};

/** How a service moves from one revision to another. */
export const xTenfoldRollout = object(
  {
    strategy: text({ choices: ['rolling', 'blue-green', 'canary'] }),
    keep: time('Blue-green: how long the old set runs on after the switch.'),
    smoke: object(
      {
        command: commandLine,
        path: text({ pattern: /^\// }),
        timeout: time('Longest time for the whole test.'),
      },
      { isExtensible: false, description: 'Blue-green: what the new set must pass before the switch.' },
    ),
    hooks: object(
      {
        before_switch: commandLine,
        after_switch: commandLine,
        timeout: time('Longest time for each command.'),
      },
      {
        isExtensible: false,
        description:
          'Commands that are run once for each rollout: before the new revision gets its first request, and when it has all of them.',
      },
    ),
    steps: list(step),
    header: mark('header'),
    cookie: mark('cookie'),
    gate,
  },
  { isExtensible: false, description: 'How the service moves from one revision to another.' },
);

export type XTenfoldRollout = BoundOf<typeof xTenfoldRollout>;
