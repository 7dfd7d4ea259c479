// Metrics of regression: mean absolute and mean squared error, and R2.
// Definitions are scikit-learn's mean_absolute_error, mean_squared_error and r2_score; of several numbers a sample, the mean over them.

/** Rows of as many numbers each: what is true and what was predicted. */
export interface Pairs {
  truth: ArrayLike<number>[];
  predicted: ArrayLike<number>[];
}

/** By sample. */
export function errorsOf({ truth, predicted }: Pairs, power: 1 | 2): Float64Array {
  return Float64Array.from(truth, (row, i) => {
    let sum = 0;
    for (let k = 0; k < row.length; k++) sum += Math.abs(row[k]! - predicted[i]![k]!) ** power;
    return sum / row.length;
  });
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** null where what is true is the same for all samples, or of fewer than two. */
export function r2({ truth, predicted }: Pairs): number | null {
  const width = truth[0]!.length;
  let sum = 0;
  for (let k = 0; k < width; k++) {
    const middle = mean(truth.map((row) => row[k]!));
    const spread = truth.reduce((all, row) => all + (row[k]! - middle) ** 2, 0);
    if (!(spread > 0)) return null;
    sum += 1 - truth.reduce((all, row, i) => all + (row[k]! - predicted[i]![k]!) ** 2, 0) / spread;
  }
  return sum / width;
}
