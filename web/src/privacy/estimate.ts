// How often each label was true, from reports of labelReporter(): for the server that counts them.
// Invariant: the estimate is unbiased, so that shares below 0 and above 1 come and are given as they are; the interval is Wilson's
// of the share of reports, taken back in the same way, within 0 to 1.
// Reference: Kairouz, Bonawitz and Ramage (2016), https://arxiv.org/abs/1602.07387; Wilson (1927).
import { isBetween } from '../between.js';
import { fail } from '../fail.js';
import { shown } from '../shown.js';

/** How reports were made. */
export interface EstimateOptions {
  /** Of one report, as the reporters had it. */
  epsilon: number;
  /** How often the interval holds the true share; default 0.95. Each label has its own interval. */
  confidence?: number;
}

/** Of one label. */
export interface ShareEstimate {
  /** The share of those who reported; unbiased, and so below 0 or above 1 now and then. */
  readonly share: number;
  /** The lower end of the interval. */
  readonly low: number;
  /** The upper end of the interval. */
  readonly high: number;
}

/** The share of each label, from the count of reports of each, zeros included. InvalidArgument where there are none. */
export function estimate(counts: readonly number[], options: EstimateOptions): ShareEstimate[] {
  const { epsilon, confidence = 0.95 } = (options ?? {}) as EstimateOptions;
  const each: number[] = Array.isArray(counts) || ArrayBuffer.isView(counts) ? Array.from(counts as readonly number[]) : [];
  if (each.length < 2 || !each.every((count) => Number.isSafeInteger(count) && count >= 0) || !each.some((count) => count > 0)) {
    fail('InvalidArgument', 'counts are no counts of reports', 'Pass an array with a whole number from 0 for each class, not all of them 0.');
  }
  const total = each.reduce((sum, count) => sum + count, 0);
  if (!isBetween(epsilon, 0.001, 20)) fail('InvalidArgument', `epsilon is ${shown(epsilon)}`, 'Pass what the reporters had, 0.001 to 20.');
  if (!isBetween(confidence, 0.001, 1 - 1e-9)) fail('InvalidArgument', `confidence is ${shown(confidence)}`, 'Pass a number between 0 and 1, such as 0.95.');
  const other = 1 / (Math.exp(epsilon) + each.length - 1), truth = Math.exp(epsilon) * other;
  const shareOf = (reported: number) => (reported - other) / (truth - other);
  const inside = (share: number) => Math.min(1, Math.max(0, share));
  const z = normalQuantile((1 + confidence) / 2), z2 = z * z / total;
  return each.map((count) => {
    const reported = count / total;
    const middle = (reported + z2 / 2) / (1 + z2);
    const reach = (z * Math.sqrt((reported * (1 - reported) + z2 / 4) / total)) / (1 + z2);
    return { share: shareOf(reported), low: inside(shareOf(middle - reach)), high: inside(shareOf(middle + reach)) };
  });
}

/* By halving, on the series of Marsaglia (2004) for the distribution. */
function normalQuantile(level: number): number {
  let low = 0, high = 8;
  for (let i = 0; i < 60; i++) {
    const z = (low + high) / 2;
    let sum = z;
    for (let term = z, n = 3; sum + term !== sum; n += 2) sum += term *= (z * z) / n;
    if (0.5 + (sum * Math.exp(-z * z / 2)) / Math.sqrt(2 * Math.PI) < level) low = z;
    else high = z;
  }
  return low;
}
