/** A linear model: what each feature counts, in their order. */
export type Weights = readonly number[];

/** Keeps the equations solvable where features say the same twice. */
const ridge: number = 1e-6;

/**
 * The weights that make the sum of squared errors smallest, by the normal equations.
 * @throws Error when there are no rows, or a row has another number of features
 */
export function fitLeastSquares(rows: readonly (readonly number[])[], targets: readonly number[]): Weights {
  const size = rows[0]?.length ?? 0;
  if (size === 0 || rows.length !== targets.length) throw new Error('give as many targets as rows, not none');
  const matrix = Array.from({ length: size }, (_, row) =>
    Array.from({ length: size + 1 }, (__, column) => (row === column ? ridge : 0)),
  );
  for (const [index, features] of rows.entries()) {
    if (features.length !== size)
      throw new Error(`row ${index} has ${features.length} features, not ${size}`);
    const withTarget = [...features, targets[index] ?? 0];
    for (const [row, left] of features.entries()) {
      const line = matrix[row] ?? [];
      for (const [column, right] of withTarget.entries()) line[column] = (line[column] ?? 0) + left * right;
    }
  }
  return solve(matrix);
}

/** What the model says for one row. */
export function predict(weights: Weights, features: readonly number[]): number {
  return weights.reduce((sum, weight, index) => sum + weight * (features[index] ?? 0), 0);
}

/** Gauss's elimination, with the largest pivot; the last column is the right side. */
function solve(matrix: readonly number[][]): Weights {
  const rows = matrix.map((row) => [...row]);
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let pivot = 0; pivot < rows.length; pivot += 1) {
    const below = rows.map((_, row) => row).slice(pivot);
    const best = below.reduce((a, b) => (Math.abs(at(b, pivot)) > Math.abs(at(a, pivot)) ? b : a));
    const pivotRow = rows[best] ?? [];
    rows[best] = rows[pivot] ?? [];
    rows[pivot] = pivotRow;
    for (const [index, row] of rows.entries()) {
      if (index === pivot) continue;
      const factor = at(index, pivot) / at(pivot, pivot);
      for (let column = pivot; column < row.length; column += 1)
        row[column] = at(index, column) - factor * at(pivot, column);
    }
  }
  return rows.map((_, row) => at(row, rows.length) / at(row, row));
}
