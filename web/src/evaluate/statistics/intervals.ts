// Intervals: Wilson's for proportions, the percentile bootstrap for the rest.
// Invariant: the same numbers and the same seed give the same interval.
// References: Wilson (1927), https://doi.org/10.1080/01621459.1927.10502953; Efron and Tibshirani (1993), chapter 13.
import { isBetween } from '../../between.js';
import { fail } from '../../fail.js';
import { shown } from '../../shown.js';
import { normalQuantile } from './distributions.js';
import { generator } from './random.js';

/** Where a figure lies, with the confidence that was asked for. */
export interface Interval {
  /** The lower end. */
  readonly low: number;
  /** The upper end. */
  readonly high: number;
}

export const defaultConfidence = 0.95;
const rounds = 1000;

/** The Wilson score interval of `successes` among `count`; [0, 1] of none. InvalidArgument for what are no such counts. */
export function wilson(successes: number, count: number, confidence = defaultConfidence): Interval {
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(successes) || successes < 0 || successes > count) {
    fail('InvalidArgument', `${shown(successes)} of ${shown(count)} is no proportion`, 'Pass two whole numbers, the first no larger than the second.');
  }
  checkConfidence(confidence);
  if (count === 0) return { low: 0, high: 1 };
  const z = normalQuantile((1 - confidence) / 2), share = successes / count, stretch = 1 + (z * z) / count;
  const middle = (share + (z * z) / (2 * count)) / stretch;
  const half = (z / stretch) * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count));
  return { low: successes === 0 ? 0 : middle - half, high: successes === count ? 1 : middle + half };
}

export function checkConfidence(confidence: unknown): void {
  if (!isBetween(confidence, 1e-9, 1 - 1e-9)) fail('InvalidArgument', `the confidence is ${shown(confidence)}`, 'Pass a number between 0 and 1, such as 0.95.');
}

/** Of what `statistic` makes of drawings of `count` indices with replacement. */
export function bootstrap(
  count: number, statistic: (drawn: Uint32Array) => number, { seed = 1, confidence = defaultConfidence } = {},
): Interval {
  const random = generator(seed), drawn = new Uint32Array(count);
  const values = Float64Array.from({ length: rounds }, () => {
    for (let i = 0; i < count; i++) drawn[i] = random(count);
    return statistic(drawn);
  }).sort();
  const at = (share: number) => values[Math.min(rounds - 1, Math.max(0, Math.round(share * (rounds - 1))))]!;
  return { low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) };
}

export function bootstrapMean(values: ArrayLike<number>, options: { seed: number; confidence: number }): Interval {
  return bootstrap(values.length, (drawn) => {
    let sum = 0;
    for (let i = 0; i < drawn.length; i++) sum += values[drawn[i]!]!;
    return sum / drawn.length;
  }, options);
}
