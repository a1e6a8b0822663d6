import { describeValue, goText } from '../go-text.ts';
import { at, formatPath } from '../path.ts';
import { judgedAs, list, map, object, short } from './collections.ts';
import { isMap } from '../tree.ts';
import type { BoundOf, Kind } from './kind.ts';
import { anyOf, environment } from './mappings.ts';
import { bindText, flag, integer, scalar, text } from './scalars.ts';
import { splitCommand } from './split-command.ts';

const commandSyntax = short(list(text()), anyOf('null', 'string'));

/**
 * A command line or a list of words. Nothing is null, which is not the same as the empty list: that one clears the
 * image's own command.
 */
export function command(): Kind<string[] | null> {
  const kind = judgedAs<string[] | null>(commandSyntax, (value, path, binding) => {
    if (value === null) return binding.form === 'json' ? null : undefined;
    if (Array.isArray(value))
      return value.map((word, index) => bindText(word, at(path, index), binding) ?? '');
    const words = splitCommand(goText(value));
    if (words === undefined) {
      const message = `${formatPath(path)}: invalid command line string`;
      binding.report({ path, message, expected: 'every quote closed', got: describeValue(value) });
    }
    return words ?? [];
  });
  return { ...kind, absent: ({ form }) => (form === 'json' ? null : undefined) };
}

/** Test of a health check: a shell line becomes `CMD-SHELL`. */
export function healthTest(): Kind<string[]> {
  return judgedAs(short(list(text()), text()), (value, path, binding) => {
    if (typeof value === 'string') return ['CMD-SHELL', value];
    if (!Array.isArray(value) || value.length === 0) return undefined;
    return value.map((word, index) => bindText(word, at(path, index), binding) ?? '');
  });
}

const hookFields = {
  command: command(),
  image: text(),
  user: text(),
  privileged: flag(),
  working_dir: text(),
  environment: environment(),
  per_replica: flag(),
};
const { image: _image, per_replica: _perReplica, ...execHookFields } = hookFields;

/** A command run in a container at a point of its life. */
export const serviceHook = object(execHookFields, { required: ['command'] });

/** The hook of `develop.watch`, which the model always has. */
export const watchHook = object(execHookFields, { required: ['command'], isAlwaysThere: true });

/** A container that runs to its end before the service starts. */
export const preStartHook = object(hookFields);

const wholeOrText = ['integer', 'string'] as const;
const single = integer({ accepts: wholeOrText });
const softAndHard = object(
  { soft: integer({ accepts: wholeOrText }), hard: integer({ accepts: wholeOrText }) },
  { required: ['soft', 'hard'] },
);

/** A limit by name: one number, or a soft and a hard one. */
export function ulimits() {
  const limit = judgedAs<number | BoundOf<typeof softAndHard>>(
    short(softAndHard, single),
    (value, path, binding) => {
      const limits = isMap(value)
        ? softAndHard.bind(value, path, binding)
        : single.bind(value, path, binding);
      if (typeof limits === 'number') return limits;
      // A limit of 0 is an empty mapping in docker compose's JSON, and two zeros in its YAML.
      return binding.form === 'json' ? (limits ?? {}) : { soft: 0, hard: 0, ...limits };
    },
  );
  return map(limit, { keys: /^[a-z]+$/, isClosed: false });
}

/** File permissions: digits of an octal number as text. */
export function fileMode(): Kind<string> {
  return scalar(['number', 'string'], (value, path, { report }) => {
    if (value === null) return undefined;
    if (typeof value === 'number') return `0${Math.trunc(value).toString(8)}`;
    const digits = goText(value);
    if (/^[0-7]+$/.test(digits)) return `0${Number.parseInt(digits, 8).toString(8)}`;
    report({
      path,
      message: `${formatPath(path)}: invalid mode ${describeValue(value)}`,
      expected: 'an octal number such as 0440',
    });
    return undefined;
  });
}

/** A number of devices; -1 is all of them. */
export function deviceCount(): Kind<number> {
  return scalar(['string', 'integer'], (value, path, { report }) => {
    if (value === null) return undefined;
    if (typeof value === 'number') return value === 0 ? undefined : value;
    const digits = goText(value);
    if (digits.toLowerCase() === 'all') return -1;
    if (/^[-+]?[0-9]+$/.test(digits)) return Number(digits) === 0 ? undefined : Number(digits);
    const expected = `'all' or a number`;
    report({
      path,
      message: `${formatPath(path)}: invalid value ${describeValue(value)}, the only value allowed is ${expected}`,
      expected,
      got: describeValue(value),
    });
    return undefined;
  });
}
