/**
 * What a plain (unquoted) YAML scalar means to docker compose: YAML 1.2's core schema, with the forms of YAML 1.1 that
 * its parser still takes (`0777` is octal, `1_000` is a thousand, `0b11` is binary). `yes` and `on` are strings.
 */
export function resolvePlainScalar(text: string): null | boolean | number | string {
  const first = text.charCodeAt(0);
  // Digits, sign and dot may begin a number; the listed letters a word with a meaning. All else is a string.
  const mayBeNumber = (first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46;
  if (mayBeNumber) return resolveNumber(text) ?? text;
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

const integerPattern = /^[-+]?(?:0|[1-9][0-9]*)$/;
const floatPattern = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const radixPattern = /^([-+]?)0([xXoObB]?)([0-9a-fA-F]+)$/;
const radixDigits: Readonly<Record<string, [number, RegExp]>> = {
  x: [16, /^[0-9a-fA-F]+$/],
  o: [8, /^[0-7]+$/],
  '': [8, /^[0-7]+$/],
  b: [2, /^[01]+$/],
};

/** The number that a plain scalar denotes, or undefined when it denotes none. */
export function resolveNumber(text: string): number | undefined {
  if (integerPattern.test(text)) return Number(text);
  const plain = text.includes('_') ? text.replaceAll('_', '') : text;
  const radix = radixPattern.exec(plain);
  if (radix !== null) {
    const [, sign = '', letter = '', digits = ''] = radix;
    const [base, allowed] = radixDigits[letter.toLowerCase()] ?? [10, /^$/];
    if (allowed.test(digits)) return Number.parseInt(digits, base) * (sign === '-' ? -1 : 1);
  }
  if (floatPattern.test(plain)) return Number(plain);
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
