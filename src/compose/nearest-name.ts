/**
 * Edits between two words, where two neighbours that changed places are one edit; `limit + 1` when there are more than
 * `limit`.
 */
function distance(one: string, other: string, limit: number): number {
  if (Math.abs(one.length - other.length) > limit) return limit + 1;
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? limit + 1;
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      current[column] = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (isSame ? 0 : 1),
        isSwapped ? at(row - 2, column - 2) + 1 : limit + 1,
      );
    }
  }
  return at(one.length, other.length);
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
