// Metrics slice by slice: those that were declared, or those among single columns and pairs of columns that are worse than the rest.
// Invariant: every slice that was looked at and is large enough enters the adjustment of p-values, whether it is listed or not.
// Parts of a bad slice are bad for its sake, and must not crowd it out: a pair is listed only where it is clearly worse than what is left
// of either of its two single slices, or where the evidence for it is twice that for either.
import { wilson, bootstrapMean } from '../statistics/intervals.js';
import type { Interval } from '../statistics/intervals.js';
import { benjaminiHochberg, twoMeans, twoProportions, without } from '../statistics/significance.js';
import type { Sums, Tested } from '../statistics/significance.js';
import { binColumns } from './bins.js';
import type { Binned, SkippedColumn } from './bins.js';
import type { Columns } from './columns.js';
import { conditionOver } from './declared.js';
import type { Condition } from './declared.js';

/** A part of the samples, and how it does. */
export interface Slice {
  /** As declared, or the condition in words. */
  readonly name: string;
  /** Which samples belong to it, as `slices` takes it. */
  readonly where: Condition;
  /** Samples in it. */
  readonly n: number;
  /** The metric of these; null of none. */
  readonly value: number | null;
  /** The lower end of its interval: Wilson's of a proportion, a bootstrap's of a mean. */
  readonly low: number | null;
  /** The upper end. */
  readonly high: number | null;
  /** The metric of all the others; null of none. */
  readonly rest: number | null;
  /** value - rest. */
  readonly difference: number | null;
  /** The z of two proportions, or Welch's t of means; above 0 where the slice has more. Null where there are too few samples. */
  readonly statistic: number | null;
  /** Two-sided: Fisher's exact test of two proportions, or Welch's test. */
  readonly p: number | null;
  /** p adjusted for all slices examined (Benjamini and Hochberg). */
  readonly adjusted: number | null;
}

/** Slices, those with the strongest evidence of being worse first. */
export interface SliceReport {
  /** Who chose them. */
  readonly mode: 'declared' | 'auto';
  /** What is compared. */
  readonly metric: 'accuracy' | 'mae';
  /** How many were tested. */
  readonly examined: number;
  /** Fewer samples are not tested. */
  readonly minSupport: number;
  /** Columns that no slices were made of. */
  readonly skipped: readonly SkippedColumn[];
  /** Those declared; of automatic ones, those that are worse, 20 at most. */
  readonly slices: readonly Slice[];
}

export interface Judged {
  metric: 'accuracy' | 'mae';
  /** By sample: 1 where it is right, or its absolute error. */
  values: Float64Array;
  columns: Columns;
}

interface Found {
  name: string;
  where: Condition;
  sums: Sums;
  tested?: Tested;
}

export interface Settings {
  minSupport: number;
  seed: number;
  confidence: number;
}

const mostListed = 20;
const muchMore = 2;
const clearlyWorse = 0.01;  // two-sided, within a single slice, for all pairs that it is part of

export function declaredSlices(judged: Judged, declared: Readonly<Record<string, Condition>>, settings: Settings): SliceReport {
  const found = Object.entries(declared).map(([name, where]): Found => {
    const holds = conditionOver((column) => judged.columns.of(column), where, name);
    return { name, where, sums: sumsOver(judged.values, holds) };
  });
  return report('declared', judged, found, new Set(found), [], settings);
}

export function findSlices(judged: Judged, settings: Settings): SliceReport {
  const { binned, skipped } = binColumns(judged.columns);
  const tested: Found[] = [], listed = new Set<Found>();
  const all = sumsOver(judged.values, () => true), { test, isWorse } = testOf(judged.metric);
  const isLarge = ({ count }: Sums) => count >= settings.minSupport;
  const valuesInAll = binned.reduce((sum, { values }) => sum + values.length, 0);
  const evidence = (sums: Sums) => {
    const { statistic } = test(sums, without(all, sums));
    return isWorse(statistic) ? statistic ** 2 : 0;
  };
  const isClearlyWorse = (part: Sums, whole: Sums, column: Binned) => {
    const left = without(whole, part);
    if (left.count < 2) return false;
    const { statistic, p } = test(part, left);
    return isWorse(statistic) && p < clearlyWorse / (valuesInAll - column.values.length);
  };
  const singles = binned.map((column) => sumsBy(judged.values, column.bins, column.values.length));
  const note = (name: string, where: Condition, sums: Sums, isListed: () => boolean) => {
    if (!isLarge(sums) || sums.count === all.count) return;
    const found = { name, where, sums };
    tested.push(found);
    if (isListed()) listed.add(found);
  };
  binned.forEach(({ values }, a) => values.forEach(({ name, where }, i) => note(name, where, singles[a]![i]!, () => true)));
  binned.forEach((one, a) => binned.slice(a + 1).forEach((other, offset) => {
    const b = a + 1 + offset;
    pairsOf(judged.values, one, other).forEach((sums, at) => {
      const i = Math.floor(at / other.values.length), j = at % other.values.length;
      const [first, second] = [one.values[i]!, other.values[j]!], [parent, parentToo] = [singles[a]![i]!, singles[b]![j]!];
      // The same samples as one of the single slices.
      if (sums.count === parent.count || sums.count === parentToo.count) return;
      note(`${first.name} and ${second.name}`, { all: [first.where, second.where] }, sums,
        () => (isClearlyWorse(sums, parent, one) && isClearlyWorse(sums, parentToo, other)) ||
          evidence(sums) >= muchMore * Math.max(evidence(parent), evidence(parentToo)));
    });
  }));
  return report('auto', judged, tested, listed, skipped, settings);
}

function report(
  mode: SliceReport['mode'], judged: Judged, found: Found[], listed: Set<Found>, skipped: SkippedColumn[], settings: Settings,
): SliceReport {
  const { metric, values } = judged, { test, isWorse } = testOf(metric);
  const all = sumsOver(values, () => true);
  for (const one of found) {
    const rest = without(all, one.sums);
    if (one.sums.count >= Math.max(2, settings.minSupport) && rest.count >= 2) one.tested = test(one.sums, rest);
  }
  const tested = found.filter((one) => one.tested);
  const adjusted = benjaminiHochberg(tested.map((one) => one.tested!.p));
  const adjustedOf = new Map(tested.map((one, i) => [one, adjusted[i]!]));
  // By the p-value, which knows how many samples there are; by the statistic where two are equal.
  const badness = ({ tested: its }: Found) => (its ? (isWorse(its.statistic) ? -Math.log(its.p) : Math.log(its.p)) : -Infinity);
  const size = ({ tested: its }: Found) => Math.abs(its?.statistic ?? 0);
  const ranked = found.filter((one) => listed.has(one) && (mode === 'declared' || badness(one) > 0)).sort((a, b) => (badness(a) === badness(b) ? size(b) - size(a) : badness(b) - badness(a)));
  const slices = (mode === 'auto' ? ranked.slice(0, mostListed) : ranked).map((one): Slice => {
    const { name, where, sums, tested: its } = one, rest = without(all, sums);
    const value = sums.count > 0 ? sums.sum / sums.count : null, others = rest.count > 0 ? rest.sum / rest.count : null;
    const { low, high } = intervalOf(judged, one, settings) ?? { low: null, high: null };
    return {
      name, where, n: sums.count, value, low, high, rest: others, difference: value !== null && others !== null ? value - others : null,
      statistic: its?.statistic ?? null, p: its?.p ?? null, adjusted: adjustedOf.get(one) ?? null,
    };
  });
  return { mode, metric, examined: tested.length, minSupport: settings.minSupport, skipped, slices };
}

function intervalOf({ metric, values, columns }: Judged, { name, where, sums }: Found, { seed, confidence }: Settings): Interval | undefined {
  if (sums.count === 0) return undefined;
  if (metric === 'accuracy') return wilson(sums.sum, sums.count, confidence);
  const holds = conditionOver((column) => columns.of(column), where, name);
  return bootstrapMean(values.filter((_, sample) => holds(sample)), { seed, confidence });
}

/* Less accuracy is worse, more error is. */
function testOf(metric: Judged['metric']) {
  return metric === 'accuracy'
    ? { test: twoProportions, isWorse: (statistic: number) => statistic < 0 }
    : { test: twoMeans, isWorse: (statistic: number) => statistic > 0 };
}

const empty = (): Sums => ({ count: 0, sum: 0, squares: 0 });

function put(sums: Sums, value: number): void {
  sums.count++;
  sums.sum += value;
  sums.squares += value * value;
}

function sumsOver(values: Float64Array, holds: (sample: number) => boolean): Sums {
  const sums = empty();
  values.forEach((value, sample) => holds(sample) && put(sums, value));
  return sums;
}

function sumsBy(values: Float64Array, bins: Int32Array, count: number): Sums[] {
  const sums = Array.from({ length: count }, empty);
  values.forEach((value, sample) => bins[sample]! >= 0 && put(sums[bins[sample]!]!, value));
  return sums;
}

/* Row by row of the first column's values. */
function pairsOf(values: Float64Array, one: Binned, other: Binned): Sums[] {
  const width = other.values.length;
  const bins = one.bins.map((bin, sample) => (bin < 0 || other.bins[sample]! < 0 ? -1 : bin * width + other.bins[sample]!));
  return sumsBy(values, bins, one.values.length * width);
}
