import { describeValue, goText } from '../go-text.ts';
import { formatPath, type Path } from '../path.ts';
import { toBoolean } from '../interpolate/casts.ts';
import type { Report } from '../faults.ts';
import type { Tree } from '../tree.ts';
import { checkType, schemaType, type Binding, type JsonSchema, type JsonType, type Kind } from './kind.ts';
import { formatDuration, parseBytes, parseDuration, toFloat32 } from './quantities.ts';
import { didYouMean } from '../nearest-name.ts';

interface TextOptions<Choice extends string> {
  readonly choices?: readonly Choice[];
  readonly pattern?: RegExp;
  readonly description?: string;
}

/** A string; the empty one counts as absent. */
export function text<const Choice extends string = string>(options: TextOptions<Choice> = {}): Kind<Choice> {
  const { choices, pattern, description } = options;
  const accepts: readonly JsonType[] = ['string'];
  return {
    accepts,
    schema: {
      ...schemaType(accepts),
      ...(choices && { enum: choices }),
      ...(pattern && { pattern: pattern.source }),
      ...(description && { description }),
    },
    check(value, path, report) {
      if (!checkType(value, accepts, path, report) || typeof value !== 'string') return;
      if (choices !== undefined && !choices.some((choice) => choice === value)) {
        const expected = choices.map((choice) => `'${choice}'`).join(', ');
        const message = `${formatPath(path)} value must be one of ${expected}`;
        report({ path, message, expected, got: describeValue(value), ...didYouMean(value, choices) });
      } else if (pattern !== undefined && !pattern.test(value)) {
        report({
          path,
          message: `${formatPath(path)} does not match pattern '${pattern.source}'`,
          got: describeValue(value),
        });
      }
    },
    bind(value, path, binding) {
      const bound = bindText(value, path, binding);
      // The check before the binding lets nothing else through.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return bound === undefined || bound === '' ? undefined : (bound as Choice);
    },
  };
}

/** A text, or a number that stands for one. */
export function bindText(value: Tree, path: Path, { report }: Binding): string | undefined {
  if (value === null) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return goText(value);
  report({
    path,
    message: `${formatPath(path)} must be a string`,
    expected: 'a string',
    got: describeValue(value),
  });
  return undefined;
}

/** A kind made of an existing one by another reading of the canonical value. */
export function scalar<Bound>(
  accepts: readonly JsonType[],
  bind: (value: Tree, path: Path, binding: Binding) => Bound | undefined,
  limits: { readonly minimum?: number; readonly maximum?: number; readonly description?: string } = {},
): Kind<Bound> {
  const schema: JsonSchema = { ...schemaType(accepts), ...limits };
  return {
    accepts,
    schema,
    bind,
    check(value, path, report) {
      if (checkType(value, accepts, path, report)) checkLimits(value, path, report, limits);
    },
  };
}

function checkLimits(
  value: Tree,
  path: Path,
  report: Report,
  { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY },
): void {
  if (typeof value !== 'number') return;
  const limit = value < minimum ? ['greater', minimum] : value > maximum ? ['less', maximum] : undefined;
  if (limit === undefined) return;
  const expected = `${limit[0]} than or equal to ${limit[1]}`;
  report({ path, message: `${formatPath(path)} must be ${expected}`, expected, got: describeValue(value) });
}

function readBoolean(value: Tree, path: Path, { report }: Binding): boolean | undefined {
  if (value === null) return undefined;
  if (typeof value === 'boolean') return value;
  const cast = toBoolean(goText(value));
  if ('value' in cast) return cast.value === true;
  report({
    path,
    message: `${formatPath(path)}: ${cast.problem}`,
    expected: 'true or false',
    got: describeValue(value),
  });
  return undefined;
}

const booleanTypes: readonly JsonType[] = ['boolean', 'string'];

/** A boolean of which only `true` says anything. */
export function flag(accepts: readonly JsonType[] = booleanTypes): Kind<true> {
  return scalar(accepts, (value, path, binding) =>
    readBoolean(value, path, binding) === true ? true : undefined,
  );
}

/** A boolean where `false` is not the same as nothing. */
export function choice(): Kind<boolean> {
  return scalar(booleanTypes, readBoolean);
}

/** A boolean that is true unless the file says otherwise, and stands in the model only when false. */
export function optOut(): Kind<false> {
  const isOut = (value: Tree, path: Path, binding: Binding) =>
    readBoolean(value, path, binding) === true ? undefined : (false as const);
  return { ...scalar(booleanTypes, isOut), absent: () => false };
}

/** A boolean that always stands in the model. */
export function always(accepts: readonly JsonType[]): Kind<boolean> {
  return {
    ...scalar(accepts, (value, path, binding) => readBoolean(value, path, binding) === true),
    absent: () => false,
  };
}

function readNumber(value: Tree, path: Path, { report }: Binding): number | undefined {
  if (value === null) return undefined;
  if (typeof value === 'number') return value;
  const plain =
    typeof value === 'string' && /^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/.test(value);
  if (plain) return Number(value);
  report({
    path,
    message: `${formatPath(path)}: invalid number ${describeValue(value)}`,
    expected: 'a number',
    got: describeValue(value),
  });
  return undefined;
}

interface NumberOptions {
  readonly accepts?: readonly JsonType[];
  readonly minimum?: number;
  readonly maximum?: number;
  /** Zero says something and stands in the model. */
  readonly keepsZero?: boolean;
}

/** A whole number. */
export function integer(options: NumberOptions = {}): Kind<number> {
  const { accepts = ['integer', 'string'], keepsZero = false, ...limits } = options;
  const bind = (value: Tree, path: Path, binding: Binding) => {
    const number = readNumber(value, path, binding);
    if (number === undefined) return undefined;
    const whole = Math.trunc(number);
    return whole === 0 && !keepsZero ? undefined : whole;
  };
  return scalar(accepts, bind, limits);
}

/** A number with a fraction, kept in 32 bits as docker compose does. */
export function decimal(options: NumberOptions = {}): Kind<number> {
  const { accepts = ['number', 'string'], ...limits } = options;
  const bind = (value: Tree, path: Path, binding: Binding) => {
    const number = readNumber(value, path, binding);
    return number === undefined || number === 0 ? undefined : toFloat32(number);
  };
  return scalar(accepts, bind, limits);
}

/** A size such as `64M`; its bytes as a text of digits. */
export function bytes(accepts: readonly JsonType[], minimum?: number, keepsZero = false): Kind<string> {
  const bind = (value: Tree, path: Path, { report }: Binding) => {
    if (value === null) return undefined;
    const size = typeof value === 'number' ? Math.trunc(value) : parseBytes(goText(value));
    if (typeof size === 'object') {
      report({ path, message: `${formatPath(path)}: ${size.problem}`, expected: 'a size such as 64M' });
      return undefined;
    }
    return size === 0 && !keepsZero ? undefined : String(size);
  };
  return scalar(accepts, bind, minimum === undefined ? {} : { minimum });
}

/** A duration such as `1m30s`, as docker compose prints it. */
export function duration(
  options: { readonly keepsZero?: boolean; readonly description?: string } = {},
): Kind<string> {
  const { keepsZero = false, ...limits } = options;
  const bind = (value: Tree, path: Path, { report }: Binding) => {
    if (value === null) return undefined;
    const nanoseconds = parseDuration(goText(value));
    if (nanoseconds === undefined) {
      report({
        path,
        message: `${formatPath(path)}: invalid duration ${describeValue(value)}`,
        expected: 'a duration such as 10s or 1m30s',
      });
      return undefined;
    }
    return nanoseconds === 0n && !keepsZero ? undefined : formatDuration(nanoseconds);
  };
  return scalar(['string'], bind, limits);
}
