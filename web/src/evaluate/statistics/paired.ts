// How much two models differ in accuracy on the same samples, as a bound on one side.
// Invariant: the more samples both have right or both have wrong, the nearer the bound comes to the difference.
// Reference: Tango (1998), https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B: the score test of a difference
// of paired proportions, which also holds where the two differ nowhere.
import { normalQuantile } from './distributions.js';

export interface PairedCounts {
  /** Samples of both. */
  count: number;
  /** Those that the first alone has right. */
  onlyA: number;
  /** Those that the second alone has right. */
  onlyB: number;
}

/* Of the hypothesis that the second's accuracy is the first's plus `difference`; below 0 where the samples say less. */
function score({ count, onlyA, onlyB }: PairedCounts, difference: number): number {
  const middle = (2 * count + onlyA - onlyB) * difference - onlyA - onlyB;
  const last = -onlyA * difference * (1 - difference);
  const share = (Math.sqrt(Math.max(0, middle * middle - 8 * count * last)) - middle) / (4 * count);
  const variance = count * (2 * share + difference * (1 - difference));
  const excess = onlyB - onlyA - count * difference;
  return excess === 0 ? 0 : excess / Math.sqrt(Math.max(0, variance));
}

/** Below which the second's accuracy minus the first's does not lie, with that confidence. */
export function pairedLowerBound(counts: PairedCounts, confidence: number): number {
  const z = normalQuantile(1 - confidence);
  let low = -1, high = (counts.onlyB - counts.onlyA) / counts.count;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (score(counts, middle) > z) low = middle;
    else high = middle;
  }
  return high;
}
