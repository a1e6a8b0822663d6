/** Edits between two words, or `limit + 1` when there are more than `limit`. */
function distance(one: string, other: string, limit: number): number {
  if (Math.abs(one.length - other.length) > limit) return limit + 1;
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1] ? 0 : 1;
      current.push(
        Math.min(
          (previous[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (previous[column - 1] ?? 0) + same,
        ),
      );
    }
    previous = current;
  }
  return previous[other.length] ?? limit + 1;
}

const maxWordLength = 64;

/** The known name that somebody most likely meant, or undefined when none is near. */
export function nearestName(word: string, names: Iterable<string>): string | undefined {
  if (word.length > maxWordLength) return undefined;
  const plain = word.toLowerCase().replaceAll('-', '_');
  let limit = Math.max(1, Math.floor(word.length / 3));
  let nearest: string | undefined;
  for (const name of names) {
    const edits = distance(plain, name.toLowerCase().replaceAll('-', '_'), limit);
    if (edits <= limit) {
      nearest = name;
      limit = edits - 1;
    }
    if (limit < 0) break;
  }
  return nearest;
}

/** `did you mean \`healthcheck\`?`, as the hint part of an error. */
export function didYouMean(word: string, names: Iterable<string>): { readonly hint?: string } {
  const nearest = nearestName(word, names);
  return nearest === undefined ? {} : { hint: `did you mean \`${nearest}\`?` };
}
