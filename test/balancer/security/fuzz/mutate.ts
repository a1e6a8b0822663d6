import type { Random } from './random.ts';
import { fragments, sampleMessages } from './samples.ts';

/** One or two messages with some faults in them, as latin1 text. The same random numbers make the same text. */
export function mutatedMessage(random: Random): string {
  let text = random.oneOf(sampleMessages);
  if (random.below(4) === 0) text += random.oneOf(sampleMessages);
  for (let faults = 1 + random.below(4); faults > 0; faults--) text = random.oneOf(faultsOf)(text, random);
  return text;
}

type Fault = (text: string, random: Random) => string;

const insert = (text: string, at: number, piece: string): string =>
  text.slice(0, at) + piece + text.slice(at);

/** Where a line begins: at or before the place. */
function lineAt(text: string, place: number): readonly [start: number, end: number] {
  const start = text.lastIndexOf('\n', Math.max(0, place - 1)) + 1;
  const end = text.indexOf('\n', start);
  return [start, end < 0 ? text.length : end + 1];
}

const faultsOf: readonly Fault[] = [
  // A byte becomes another.
  (text, random) => {
    const at = random.below(text.length + 1);
    return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
  },
  // Something that means something stands where it should not.
  (text, random) => insert(text, random.below(text.length + 1), random.oneOf(fragments)),
  (text, random) => insert(text, random.below(text.length + 1), random.oneOf(fragments)),
  // Some bytes are lost.
  (text, random) => {
    const at = random.below(text.length + 1);
    return text.slice(0, at) + text.slice(at + 1 + random.below(6));
  },
  // The rest is lost.
  (text, random) => text.slice(0, random.below(text.length + 1)),
  // A line stands there twice.
  (text, random) => {
    const [start, end] = lineAt(text, random.below(text.length + 1));
    return insert(text, end, text.slice(start, end));
  },
  // A line stands elsewhere.
  (text, random) => {
    const [start, end] = lineAt(text, random.below(text.length + 1));
    const rest = text.slice(0, start) + text.slice(end);
    return insert(rest, lineAt(rest, random.below(rest.length + 1))[0], text.slice(start, end));
  },
  // A line is made of a fragment.
  (text, random) => {
    const [start] = lineAt(text, random.below(text.length + 1));
    return insert(text, start, `${random.oneOf(fragments)}\r\n`);
  },
  // A line ends in another way.
  (text, random) => {
    const at = text.indexOf('\r\n', random.below(text.length + 1));
    return at < 0
      ? text
      : text.slice(0, at) + random.oneOf(['\n', '\r', '\r\r\n', ' \r\n', '\r\n ', '']) + text.slice(at + 2);
  },
  // A part has another case.
  (text, random) => {
    const at = random.below(text.length + 1);
    const part = text.slice(at, at + 12);
    return (
      text.slice(0, at) +
      (random.below(2) === 0 ? part.toUpperCase() : part.toLowerCase()) +
      text.slice(at + 12)
    );
  },
  // A digit counts more or less.
  (text, random) => {
    const from = random.below(text.length + 1);
    const at = from + text.slice(from).search(/[0-9]/);
    return at < from ? text : text.slice(0, at) + String(random.below(10)) + text.slice(at + 1);
  },
];
