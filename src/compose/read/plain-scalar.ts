import { goFloatText } from '../go-text.ts';

/**
 * What a plain (unquoted) YAML scalar means to docker compose: YAML 1.2's core schema, with the forms of YAML 1.1 that
 * its parser still takes (`0777` is octal, `1_000` is a thousand, `0b11` is binary). `yes` and `on` are strings. A value
 * that no number of ours holds to the digit, and a date, is the text that docker compose makes of it.
 */
export function resolvePlainScalar(text: string): null | boolean | number | string {
  const first = text.charCodeAt(0);
  // Digits, sign and dot may begin a number; the listed letters a word with a meaning. All else is a string.
  const mayBeNumber = (first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46;
  if (mayBeNumber) return resolveTimestamp(text) ?? resolveNumber(text) ?? text;
  switch (text) {
    case '':
    case '~':
    case 'null':
    case 'Null':
    case 'NULL':
      return null;
    case 'true':
    case 'True':
    case 'TRUE':
      return true;
    case 'false':
    case 'False':
    case 'FALSE':
      return false;
    default:
      return text;
  }
}

/** True for a plain scalar that YAML takes for text, and not for a number, a date or a word with a meaning. */
export function isPlainText(text: string): boolean {
  return resolvePlainScalar(text) === text && resolveNumber(text) === undefined;
}

const integerPattern = /^[-+]?(?:0|[1-9][0-9]*)$/;
const floatPattern = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const radixPattern = /^([-+]?)0([xXoObB]?)([0-9a-fA-F]+)$/;
const radixDigits: Readonly<Record<string, [number, RegExp]>> = {
  x: [16, /^[0-9a-fA-F]+$/],
  o: [8, /^[0-7]+$/],
  '': [8, /^[0-7]+$/],
  b: [2, /^[01]+$/],
};

/** The number that a plain scalar denotes, as text where it is too long; undefined when it denotes none. */
export function resolveNumber(text: string): number | string | undefined {
  if (integerPattern.test(text)) return exactInteger(text);
  const plain = text.includes('_') ? text.replaceAll('_', '') : text;
  const radix = radixPattern.exec(plain);
  if (radix !== null) {
    const [, sign = '', letter = '', digits = ''] = radix;
    const [base, allowed] = radixDigits[letter.toLowerCase()] ?? [10, /^$/];
    if (allowed.test(digits)) return Number.parseInt(digits, base) * (sign === '-' ? -1 : 1);
  }
  if (integerPattern.test(plain)) return exactInteger(plain);
  if (floatPattern.test(plain)) return floatValue(plain);
  switch (text) {
    case '.inf':
    case '.Inf':
    case '.INF':
    case '+.inf':
    case '+.Inf':
    case '+.INF':
      return Number.POSITIVE_INFINITY;
    case '-.inf':
    case '-.Inf':
    case '-.INF':
      return Number.NEGATIVE_INFINITY;
    case '.nan':
    case '.NaN':
    case '.NAN':
      return Number.NaN;
    default:
      return undefined;
  }
}

const maxUnsigned = 2n ** 64n;
const minSigned = -(2n ** 63n);

function exactInteger(text: string): number | string {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  const exact = BigInt(text.replace(/^\+/, ''));
  return exact < maxUnsigned && exact >= minSigned ? String(exact) : goFloatText(value);
}

/** A whole number written with a fraction or an exponent keeps an exponent as text from a million on. */
function floatValue(text: string): number | string {
  const value = Number(text);
  return Number.isInteger(value) && Math.abs(value) >= 1e6 ? goFloatText(value) : value;
}

const timestampPattern =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d+))?(Z|[-+]\d{2}:\d{2}))|(?: (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d+))?))?$/;

/** A date or time without quotes, as docker compose prints the time that its YAML parser makes of it. */
function resolveTimestamp(text: string): string | undefined {
  if (text.charCodeAt(4) !== 45) return undefined;
  const match = timestampPattern.exec(text);
  if (match === null) return undefined;
  const [, year = '', month = '', day = ''] = match;
  const hour = match[4] ?? match[9] ?? '0';
  const minute = match[5] ?? match[10] ?? '0';
  const second = match[6] ?? match[11] ?? '0';
  const fraction = (match[7] ?? match[12] ?? '').slice(0, 9).replace(/0+$/, '');
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const isDate = date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day);
  if (!isDate || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const offset = match[8]?.replace(':', '') ?? 'Z';
  const zone = offset === 'Z' || offset === '+0000' ? '+0000 UTC' : `${offset} ${offset}`;
  const two = (part: string) => part.padStart(2, '0');
  const time = `${two(hour)}:${two(minute)}:${two(second)}${fraction === '' ? '' : `.${fraction}`}`;
  return `${year}-${two(month)}-${two(day)} ${time} ${zone}`;
}
