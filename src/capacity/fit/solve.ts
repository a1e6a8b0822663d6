/**
 * Weighted linear least squares by normal equations: the coefficients that bring `Σ coefficient·column` nearest to the
 * targets. Undefined when the columns do not determine them. For the few columns and rows of a capacity measurement.
 */
export function leastSquares(
  rows: readonly (readonly number[])[],
  targets: readonly number[],
  weights: readonly number[],
): number[] | undefined {
  const size = rows[0]?.length ?? 0;
  if (size === 0 || rows.length < size) return undefined;
  const matrix = Array.from({ length: size }, (_, line) =>
    Array.from({ length: size + 1 }, (_, column) =>
      rows.reduce((sum, row, index) => {
        const other = column < size ? (row[column] ?? 0) : (targets[index] ?? 0);
        return sum + (weights[index] ?? 0) * (row[line] ?? 0) * other;
      }, 0),
    ),
  );
  return eliminate(matrix);
}

/** Gauss with pivots; the last column is the right side. */
function eliminate(matrix: number[][]): number[] | undefined {
  const size = matrix.length;
  const scale = Math.max(...matrix.flat().map(Math.abs));
  for (let column = 0; column < size; column += 1) {
    const rest = matrix.slice(column);
    const pivot = rest.reduce((best, row) =>
      Math.abs(row[column] ?? 0) > Math.abs(best[column] ?? 0) ? row : best,
    );
    const head = pivot[column] ?? 0;
    if (Math.abs(head) <= scale * 1e-13) return undefined;
    const place = matrix.indexOf(pivot);
    const current = matrix[column];
    if (current === undefined) return undefined;
    matrix[place] = current;
    matrix[column] = pivot;
    for (const [line, row] of matrix.entries()) {
      if (line === column) continue;
      const factor = (row[column] ?? 0) / head;
      for (let index = column; index <= size; index += 1)
        row[index] = (row[index] ?? 0) - factor * (pivot[index] ?? 0);
    }
  }
  return matrix.map((row, line) => (row[size] ?? 0) / (row[line] ?? 1));
}
