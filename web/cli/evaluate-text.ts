// An evaluation as text for people.
import type { Evaluation, Metric } from '../src/evaluate/types.js';
import type { Slice, SliceReport } from '../src/evaluate/slices/slices.js';
import type { LatencyReport } from '../src/evaluate/latency.js';
import { fold, table } from './text.js';

const names: Record<string, string> = {
  accuracy: 'accuracy', microF1: 'F1, micro', macroF1: 'F1, macro', auc: 'AUC', logLoss: 'log loss', ece: 'calibration error (ECE)',
  mae: 'mean absolute error', mse: 'mean squared error', rmse: 'root mean squared error', r2: 'R2',
};
const shares = /^(accuracy|top\d+)$/;
const mostClasses = 20;

export const number = (value: number | null) => (value === null ? '-' : String(Number(value.toPrecision(4))));
export const percent = (value: number | null, digits = 2) => (value === null ? '-' : `${(100 * value).toFixed(digits)} %`);

export function* describeEvaluation(evaluation: Evaluation): Generator<string> {
  const { task, output, samples, labelled, undefined: undefinedOnes, confidence, metrics, classes, calibration, slices } = evaluation;
  yield `${task} by '${output}': ${labelled} labelled samples${samples > labelled ? ` of ${samples}` : ''}`;
  if (undefinedOnes > 0) yield `${undefinedOnes} outputs are NaN and count as wrong`;
  yield* table(Object.entries(metrics).map(([name, metric]) => rowOf(name, metric, confidence, calibration?.bins.length)));
  if (classes.length > 0 && classes.length <= mostClasses) {
    yield '';
    yield* table([['class', 'samples', 'precision', 'recall', 'F1', 'AUC'], ...classes.map(({ name, support, precision, recall, f1, auc }) =>
      [name, String(support), percent(precision), percent(recall), percent(f1), number(auc)])], { right: [1, 2, 3, 4, 5] });
  }
  if (slices) yield* describeSlices(slices, confidence);
}

function rowOf(name: string, { value, low, high }: Metric, confidence: number, bins = 0): string[] {
  const show = shares.test(name) ? percent : number;
  const label = names[name] ?? name.replace(/^top/, 'top-');
  const interval = low !== undefined && high !== undefined ? `${show(low)} to ${show(high)} (${number(100 * confidence)} %)` : '';
  return [name === 'ece' ? `${label}, ${bins} bins` : label, show(value), interval];
}

function* describeSlices({ mode, metric, examined, minSupport, skipped, slices }: SliceReport, confidence: number): Generator<string> {
  const show = metric === 'accuracy' ? (value: number | null) => percent(value, 1) : number;
  yield '';
  const head = ['slice', 'samples', metric === 'accuracy' ? 'accuracy' : 'error', `${number(100 * confidence)} % interval`, 'difference', 'p', 'adjusted p'];
  const row = ({ name, n, value, low, high, difference, p, adjusted }: Slice) =>
    [name, String(n), show(value), low === null ? '-' : `${show(low)} to ${show(high)}`, show(difference), scientific(p), scientific(adjusted)];
  if (slices.length > 0) yield* table([head, ...slices.map(row)], { right: [1, 2, 3, 4, 5, 6] });
  else yield mode === 'auto' ? 'no slice is worse than the rest' : 'no slices are declared';
  yield* fold(`${examined} slices of ${minSupport} samples or more were tested; adjusted p-values (Benjamini-Hochberg) allow for all of them`, 120);
  for (const { column, why } of skipped) yield `not looked at: ${column}, because ${why}`;
}

function scientific(p: number | null): string {
  if (p === null) return '-';
  return p >= 0.001 ? p.toFixed(3) : p.toExponential(0);
}

export function* describeLatency({ scenario, queries, samplesPerQuery, warmUp, latency, throughput }: LatencyReport): Generator<string> {
  const after = `after ${warmUp} runs that were not timed`;
  if (!latency) {
    yield `${scenario}: ${number(throughput)} samples/s (${samplesPerQuery} samples at once, ${after})`;
    return;
  }
  const { percentile, estimateMs, estimateMissing, valueMs, valueMissing } = latency, name = `p${Math.round(100 * percentile)}`;
  const count = (missing: number) => `${missing.toLocaleString('en')} queries are missing`;
  yield `${scenario}: ${queries} queries of ${samplesPerQuery === 1 ? 'one sample' : `${samplesPerQuery} samples`}, ${after}; ${number(throughput)} samples/s`;
  yield `  ${name}, early-stopping estimate  ${estimateMs === null ? count(estimateMissing) : `${estimateMs.toFixed(3)} ms`}`;
  yield `  ${name}                           ${valueMs === null ? count(valueMissing) : `${valueMs.toFixed(3)} ms`}`;
}
