// Checks of metrics: absolute, against the baseline's, and sample by sample.
// Invariant: a statistical check passes on what the samples show; too few of them show nothing. A figure that leaves samples out is none.
import { mean } from '../metrics/regression.js';
import { bootstrapMean } from '../statistics/intervals.js';
import { pairedLowerBound } from '../statistics/paired.js';
import { mcnemar } from '../statistics/significance.js';
import { checkOf, lossOf, ratioOf, text, wantedOf } from './check.js';
import type { Bound, Finding } from './check.js';
import { believed, pairs } from './trust.js';
import type { GateCheck, GateEvidence, MetricThresholds } from './types.js';

/* What is made of scores alone, and of no sample without. */
const ofScores = ['auc', 'logLoss', 'ece'];
const leastPairs = 30;

export function* metricChecks(metrics: Readonly<Record<string, MetricThresholds>>, evidence: GateEvidence): Generator<GateCheck> {
  for (const [name, its] of Object.entries(metrics)) {
    const { min, max, minRatio, maxRatio, maxLoss, nonInferior, mcnemar: test } = its;
    const own = valueOf(name, evidence, 'evaluation'), baseline = valueOf(name, evidence, 'baseline');
    const check = (bound: Bound, of: string, finding: Finding) => checkOf('metric', name, wantedOf(bound, of), bound, finding);
    const both = (from: (value: number, baseline: number) => Finding): Finding => ('why' in own ? own : 'why' in baseline ? baseline : from(own.value, baseline.value));
    if (min !== undefined) yield check({ atLeast: min }, '', own);
    if (max !== undefined) yield check({ atMost: max }, '', own);
    if (minRatio !== undefined) yield check({ atLeast: minRatio }, " of the baseline's", both(ratioOf));
    if (maxRatio !== undefined) yield check({ atMost: maxRatio }, " of the baseline's", both(ratioOf));
    if (maxLoss !== undefined) yield check({ atMost: maxLoss }, " worse than the baseline's", both((value, its) => lossOf(name, value, its)));
    if (nonInferior) yield nonInferiority(name, nonInferior, evidence);
    if (test) yield noEvidence(name, test, evidence);
  }
}

export function valueOf(name: string, evidence: GateEvidence, which: 'evaluation' | 'baseline'): Finding {
  const found = believed(evidence, which);
  if ('why' in found) return found;
  const value = found.is.metrics[name]?.value, called = which === 'baseline' ? 'the evaluation of the baseline' : 'the evaluation';
  if (ofScores.includes(name) && found.is.undefined > 0) return { why: `${called} has ${found.is.undefined} outputs of NaN, which no ${name} is made of` };
  if (typeof value === 'number') return { value, measured: text(value) };
  return { why: value === null ? `${name} cannot be told from these data` : `${called} has no ${name}; it has ${Object.keys(found.is.metrics).join(', ')}` };
}

function nonInferiority(name: string, { margin, confidence = 0.95 }: NonNullable<MetricThresholds['nonInferior']>, evidence: GateEvidence): GateCheck {
  const bound = { atMost: margin }, wanted = `at most ${text(margin)} worse than the baseline's, ${text(100 * confidence)} % sure`;
  const found = pairsOf(name, evidence);
  if ('why' in found) return checkOf('metric', name, wanted, bound, found);
  const check = (loss: number, most: number) => checkOf('metric', name, wanted, bound, { value: most, measured: `${text(loss)}, at most ${text(most)} (${found.is.length} pairs)` });
  if (name === 'accuracy') {
    const { onlyA, onlyB } = alone(found.is), count = found.is.length;
    return check((onlyA - onlyB) / count, -pairedLowerBound({ count, onlyA, onlyB }, confidence));
  }
  const losses = found.is.map((pair) => errorsIn(name, pair));
  const why = losses.some(Number.isNaN) ? 'the records have no numbers' : losses.length < leastPairs ? `there are ${losses.length} pairs, ${leastPairs} are needed` : undefined;
  if (why !== undefined) return checkOf('metric', name, wanted, bound, { why });
  return check(mean(losses), bootstrapMean(losses, { seed: 1, confidence: 2 * confidence - 1 }).high);
}

/* Of evaluations that both have the metric. */
function pairsOf(name: string, evidence: GateEvidence): ReturnType<typeof pairs> {
  for (const which of ['evaluation', 'baseline'] as const) {
    const value = valueOf(name, evidence, which);
    if ('why' in value) return value;
  }
  return pairs(evidence);
}

/* By how much the error of a sample is larger than the baseline's. */
function errorsIn(name: string, pair: readonly { label: unknown; prediction: unknown }[]): number {
  const [own, baseline] = pair.map(({ label, prediction }) => {
    const [truth, said] = [label, prediction].map((one) => [one].flat() as number[]);
    return mean(truth!.map((one, i) => Math.abs(one - (said![i] ?? NaN)) ** (name === 'mse' ? 2 : 1)));
  });
  return own! - baseline!;
}

function alone(all: readonly [{ correct: boolean | null }, { correct: boolean | null }][]): { onlyA: number; onlyB: number } {
  const count = (test: (own: boolean, baseline: boolean) => boolean) => all.filter(([own, baseline]) => test(own.correct === true, baseline.correct === true)).length;
  return { onlyA: count((own, baseline) => baseline && !own), onlyB: count((own, baseline) => own && !baseline) };
}

function noEvidence(name: string, { alpha = 0.05 }: NonNullable<MetricThresholds['mcnemar']>, evidence: GateEvidence): GateCheck {
  const bound = { atLeast: alpha }, wanted = `not shown to be worse than the baseline's (McNemar, p below ${text(alpha)})`;
  const found = pairsOf(name, evidence);
  if ('why' in found) return checkOf('metric', name, wanted, bound, found);
  const { onlyA, onlyB } = alone(found.is), { p } = mcnemar(onlyA, onlyB);
  const measured = `p ${text(p)}: the baseline alone right ${onlyA}, the model alone ${onlyB}`;
  return checkOf('metric', name, wanted, bound, { value: onlyA > onlyB ? p : 1, measured });
}
