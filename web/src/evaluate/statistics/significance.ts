// Tests of two samples, and p-values of many tests at once. All are two-sided.
// References: Fisher (1934), with twice the smaller tail; Welch (1947), https://doi.org/10.1093/biomet/34.1-2.28; McNemar (1947), https://doi.org/10.1007/BF02295996, by the
// binomial distribution; Benjamini and Hochberg (1995), https://doi.org/10.1111/j.2517-6161.1995.tb02031.x.
import { isBetween } from '../../between.js';
import { fail } from '../../fail.js';
import { shown } from '../../shown.js';
import { binomialUpTo, hypergeometricUpTo, studentTails } from './distributions.js';

/** What values of a group add up to. Of a proportion, values are 0 and 1. */
export interface Sums {
  count: number;
  sum: number;
  squares: number;
}

/** `statistic`: above 0 where the first group has the larger mean. */
export interface Tested {
  statistic: number;
  p: number;
}

export function without(all: Sums, part: Sums): Sums {
  return { count: all.count - part.count, sum: all.sum - part.sum, squares: all.squares - part.squares };
}

/** The pooled z of two proportions, and Fisher's exact p: of few samples with few errors the normal one is far too small. */
export function twoProportions(one: Sums, other: Sums): Tested {
  const pooled = (one.sum + other.sum) / (one.count + other.count);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / one.count + 1 / other.count));
  const statistic = error > 0 ? (one.sum / one.count - other.sum / other.count) / error : 0;
  const right = one.sum + other.sum, count = one.count + other.count;
  const tail = statistic < 0 ? hypergeometricUpTo(one.sum, one.count, right, count) : hypergeometricUpTo(other.sum, other.count, right, count);
  return { statistic, p: statistic === 0 ? 1 : Math.min(1, 2 * tail) };
}

/* The t of means that differ where nothing else does: its square is a number, too. What sums are rounded by is no difference. */
const beyondAll = 1e100, rounding = 1e-9;

/** Welch's t-test of two means. */
export function twoMeans(one: Sums, other: Sums): Tested {
  const shares = [one, other].map(({ count, sum, squares }) => Math.max(0, (squares - (sum * sum) / count) / (count - 1)) / count);
  const [a, b] = shares as [number, number];
  const [mean, otherMean] = [one, other].map(({ count, sum }) => sum / count) as [number, number], difference = mean - otherMean;
  const isApart = Math.abs(difference) > rounding * Math.max(Math.abs(mean), Math.abs(otherMean));
  if (a + b === 0 && isApart) return { statistic: Math.sign(difference) * beyondAll, p: 0 };
  if (!(a + b > 0)) return { statistic: 0, p: 1 };
  const statistic = difference / Math.sqrt(a + b);
  const degrees = (a + b) ** 2 / ((a * a) / (one.count - 1) + (b * b) / (other.count - 1));
  return { statistic, p: studentTails(statistic, degrees) };
}

/** Of McNemar's test: whether one of two models is right more often on the same inputs. */
export interface McNemar {
  /** Inputs that the first alone has right. */
  readonly onlyA: number;
  /** Inputs that the second alone has right. */
  readonly onlyB: number;
  /** The exact two-sided p-value; 1 where they differ nowhere. */
  readonly p: number;
}

/** McNemar's exact test of how many inputs each of two models alone has right. InvalidArgument for what are no counts. */
export function mcnemar(onlyA: number, onlyB: number): McNemar {
  for (const count of [onlyA, onlyB]) {
    if (!Number.isSafeInteger(count) || count < 0) fail('InvalidArgument', `${shown(count)} is no count`, 'Pass whole numbers from 0.');
  }
  const p = Math.min(1, 2 * binomialUpTo(Math.min(onlyA, onlyB), onlyA + onlyB, 0.5));
  return { onlyA, onlyB, p };
}

/**
 * P-values of tests made together, adjusted, in their order: rejecting those up to q makes, on average, at most the share q of the
 * rejections false where the tests are independent or depend positively. InvalidArgument for what are no p-values.
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const list: readonly unknown[] = Array.isArray(pValues) ? pValues : [pValues], wrong = list.findIndex((p) => !isBetween(p, 0, 1));
  if (list !== pValues || wrong >= 0) fail('InvalidArgument', `${shown(list[Math.max(0, wrong)])} is no p-value`, 'Pass an array of numbers from 0 to 1.');
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[b]! - pValues[a]!);
  const adjusted = new Array<number>(pValues.length);
  let least = 1;
  order.forEach((at, i) => {
    least = Math.min(least, (pValues[at]! * pValues.length) / (pValues.length - i));
    adjusted[at] = least;
  });
  return adjusted;
}
