import type { Report } from '../../faults.ts';
import { describeValue } from '../../go-text.ts';
import { formatPath, type Path } from '../../path.ts';
import type { Tree } from '../../tree.ts';
import { checkType, type JsonType, type Kind } from '../kind.ts';

interface ShareLimits {
  readonly minimum: number;
  readonly maximum: number;
  readonly description?: string;
}

/** `5%`, or the number 0.05; bound to a number. */
export function share({ minimum, maximum, description }: ShareLimits): Kind<number> {
  const accepts: readonly JsonType[] = ['string', 'number'];
  const limits = `from ${minimum * 100}% to ${maximum * 100}%`;
  const fault = (value: Tree, path: Path, report: Report): void =>
    report({
      path,
      message: `${formatPath(path)} must be a share ${limits}`,
      expected: `a share such as 5%, ${limits}`,
      got: describeValue(value),
    });
  return {
    accepts,
    schema: { type: [...accepts], ...(description !== undefined && { description }) },
    check(value, path, report) {
      if (!checkType(value, accepts, path, report)) return;
      const number = readShare(value);
      if (number === undefined || number < minimum || number > maximum) fault(value, path, report);
    },
    bind: (value) => readShare(value),
  };
}

export function readShare(value: Tree): number | undefined {
  if (typeof value === 'number') return value;
  const percent = typeof value === 'string' ? /^([0-9]+(?:\.[0-9]+)?)\s*%$/.exec(value.trim()) : null;
  return percent === null ? undefined : Number(percent[1]) / 100;
}
