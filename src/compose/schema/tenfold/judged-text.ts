import { describeValue } from '../../go-text.ts';
import { at, formatPath, type Path } from '../../path.ts';
import type { Tree } from '../../tree.ts';
import { judgedAs, list, short } from '../collections.ts';
import type { Kind } from '../kind.ts';
import { bindText, text } from '../scalars.ts';

interface Judge {
  /** What stands in the message: `an address range such as 10.0.0.0/8`. */
  readonly expected: string;
  readonly description?: string;
  /** Undefined: the text is good. Else why it is not. */
  readonly fault: (text: string) => string | undefined;
}

/** A text that must be of a form that a pattern cannot say. */
export function judgedText({ expected, description, fault }: Judge): Kind<string> {
  const plain = text(description === undefined ? {} : { description });
  return {
    ...plain,
    check(value, path, report) {
      plain.check(value, path, report);
      const why = typeof value === 'string' ? fault(value) : undefined;
      if (why === undefined) return;
      report({ path, message: `${formatPath(path)}: ${why}`, expected, got: describeValue(value) });
    },
  };
}

/** One, or a list of them; always a list in the model. */
export function oneOrMore(item: Kind<string>): Kind<string[]> {
  return judgedAs(short(list(item), item), (value: Tree, path: Path, binding) => {
    const items = Array.isArray(value) ? value : value === null ? [] : [value];
    return items.flatMap((each, index) => bindText(each, at(path, index), binding) ?? []);
  });
}

const whyNoPattern = (pattern: string): string | undefined => {
  try {
    // oxlint-disable-next-line no-new
    new RegExp(pattern);
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : 'not a regular expression';
  }
};

export function pattern(description: string): Kind<string> {
  return judgedText({ expected: 'a regular expression', description, fault: whyNoPattern });
}

export const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** What may stand in a field: no control characters, so that no value can end its line. */
export function headerValue(): Kind<string> {
  return judgedText({
    expected: 'printable text in one line',
    fault: (value) => (/^[\t\x20-\x7e\x80-\xff]*$/.test(value) ? undefined : 'no header field can hold this'),
  });
}
