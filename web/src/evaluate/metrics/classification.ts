// Metrics of classifiers: accuracy, top-k, F1, log loss and calibration.
// Invariant: what a model left undefined (NaN among the scores) counts as wrong, and enters no figure that is made of scores.
// Definitions are scikit-learn's: accuracy_score, top_k_accuracy_score, f1_score, log_loss. Of equal scores the lower index is first.
// Calibration: Guo et al. (2017), https://arxiv.org/abs/1706.04599, section 2, of the top class, in bins (low, high] of equal width.

/** What became of one sample. */
export interface Classified {
  /** The class that is true. */
  label: number;
  /** -1: undefined. */
  prediction: number;
  /** The place of the true class among the scores, 0 the first; undefined without scores. */
  rank?: number;
  /** The score of the prediction. */
  confidence?: number;
  /** -ln of the score of the true class. */
  loss?: number;
}

/** Of one class. */
export interface ClassReport {
  /** The name, or the index where classes have no names. */
  readonly name: string;
  /** Samples of which it is true. */
  readonly support: number;
  /** Samples for which it was predicted. */
  readonly predicted: number;
  /** The share of its predictions that are right; 0 without any. */
  readonly precision: number;
  /** The share of its samples that are found; 0 without any. */
  readonly recall: number;
  /** The harmonic mean of both. */
  readonly f1: number;
  /** Of its score, the class against the rest; null where it cannot be told. */
  readonly auc: number | null;
}

/** Samples whose confidence lies in (low, high]. */
export interface CalibrationBin {
  /** Above it. */
  readonly low: number;
  /** Up to it. */
  readonly high: number;
  /** How many. */
  readonly count: number;
  /** The mean; null where there are none. */
  readonly confidence: number | null;
  /** The share that is right; null where there are none. */
  readonly accuracy: number | null;
}

const smallest = 2 ** -52;  // as scikit-learn clips probabilities of float64

/** `scores`: probabilities, whose sum is 1. */
export function classify(scores: ArrayLike<number>, label: number): Classified {
  let prediction = 0, rank = 0;
  const own = scores[label]!;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    if (Number.isNaN(score)) return { label, prediction: -1 };
    if (score > scores[prediction]!) prediction = i;
    if (score > own || (score === own && i < label)) rank++;
  }
  return { label, prediction, rank, confidence: scores[prediction]!, loss: -Math.log(Math.min(1, Math.max(smallest, own))) };
}

export const isRight = ({ label, prediction }: Classified): boolean => label === prediction;

export function countRight(all: readonly Classified[]): number {
  return all.reduce((sum, one) => sum + Number(isRight(one)), 0);
}

export function countAmong(all: readonly Classified[], k: number): number {
  return all.reduce((sum, { rank = Infinity }) => sum + Number(rank < k), 0);
}

/** Without `auc`. `name`: of a class by index. */
export function perClass(all: readonly Classified[], classes: number, name: (index: number) => string): Omit<ClassReport, 'auc'>[] {
  const [support, predicted, right] = [0, 1, 2].map(() => new Uint32Array(classes)) as [Uint32Array, Uint32Array, Uint32Array];
  for (const { label, prediction } of all) {
    support[label]!++;
    if (prediction >= 0) predicted[prediction]!++;
    if (label === prediction) right[label]!++;
  }
  const share = (part: number, whole: number) => (whole > 0 ? part / whole : 0);
  return Array.from({ length: classes }, (_, i) => ({
    name: name(i), support: support[i]!, predicted: predicted[i]!, precision: share(right[i]!, predicted[i]!),
    recall: share(right[i]!, support[i]!), f1: share(2 * right[i]!, support[i]! + predicted[i]!),
  }));
}

/** Over the classes that are true or predicted of any sample. */
export function macroF1(reports: readonly Omit<ClassReport, 'auc'>[]): number | null {
  const met = reports.filter(({ support, predicted }) => support + predicted > 0);
  return met.length > 0 ? met.reduce((sum, { f1 }) => sum + f1, 0) / met.length : null;
}

export function microF1(reports: readonly Omit<ClassReport, 'auc'>[], right: number): number | null {
  const all = reports.reduce((sum, { support, predicted }) => sum + support + predicted, 0);
  return all > 0 ? (2 * right) / all : null;
}

export function calibrationBins(all: readonly Classified[], bins: number): CalibrationBin[] {
  const [count, confidence, right] = [0, 1, 2].map(() => new Float64Array(bins)) as [Float64Array, Float64Array, Float64Array];
  for (const one of all) {
    if (one.confidence === undefined) continue;
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(one.confidence * bins) - 1));
    count[bin]!++;
    confidence[bin]! += one.confidence;
    right[bin]! += Number(isRight(one));
  }
  return Array.from({ length: bins }, (_, i) => {
    const mean = (sum: number) => (count[i]! > 0 ? sum / count[i]! : null);
    return { low: i / bins, high: (i + 1) / bins, count: count[i]!, confidence: mean(confidence[i]!), accuracy: mean(right[i]!) };
  });
}

/** The expected calibration error: the mean of |accuracy - confidence| over samples, bin by bin. */
export function calibrationError(table: readonly CalibrationBin[]): number | null {
  const total = table.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return null;
  return table.reduce((sum, { count, confidence, accuracy }) => sum + count * Math.abs(accuracy! - confidence!), 0) / total;
}
