// Metrics with their intervals, of what was gathered.
import { auc } from './metrics/auc.js';
import { calibrationBins, calibrationError, countAmong, countRight, macroF1, microF1, perClass } from './metrics/classification.js';
import type { CalibrationBin, ClassReport } from './metrics/classification.js';
import { errorsOf, mean, r2 } from './metrics/regression.js';
import type { Classes, Values } from './gather.js';
import { bootstrapMean, wilson } from './statistics/intervals.js';
import type { Metric } from './types.js';

export interface Settings {
  topK: number;
  bins: number;
  seed: number;
  confidence: number;
}

export interface Figures {
  metrics: Record<string, Metric>;
  classes: ClassReport[];
  bins: CalibrationBin[] | null;
}

export function classFigures({ all, rows, count, scores, name }: Classes, { topK, bins, confidence }: Settings): Figures {
  const proportion = (part: number): Metric => ({ value: part / all.length, ...wilson(part, all.length, confidence) });
  const right = countRight(all), reports = perClass(all, count, name);
  const metrics: Record<string, Metric> = { accuracy: proportion(right) };
  if (scores !== 'index' && count > topK) metrics[`top${topK}`] = proportion(countAmong(all, topK));
  metrics.microF1 = { value: microF1(reports, right) };
  metrics.macroF1 = { value: macroF1(reports) };
  if (scores === 'index') return { metrics, classes: reports.map((report) => ({ ...report, auc: null })), bins: null };
  const areas = areasOf(all, rows, count);
  // Of two classes the two areas are the same.
  const told = areas.filter((area) => area !== null);
  if (areas.length > 0) metrics.auc = { value: told.length > 0 ? mean(told) : null };
  const losses = all.flatMap(({ loss }) => loss ?? []), table = calibrationBins(all, bins);
  metrics.logLoss = { value: losses.length > 0 ? mean(losses) : null };
  metrics.ece = { value: calibrationError(table) };
  return { metrics, classes: reports.map((report, i) => ({ ...report, auc: areas[i] ?? null })), bins: table };
}

/* Of each class against the rest; empty where scores were not kept. */
function areasOf(all: Classes['all'], rows: Classes['rows'], count: number): (number | null)[] {
  if (rows.length === 0) return [];
  const known = all.map((one, i) => ({ label: one.label, row: rows[i]!, is: one.prediction >= 0 })).filter(({ is }) => is);
  return Array.from({ length: count }, (_, k) => auc(Float64Array.from(known, ({ row }) => row[k]!), (i) => known[i]!.label === k));
}

export function valueFigures(values: Values, settings: Settings): Figures {
  const [absolute, squared] = [errorsOf(values, 1), errorsOf(values, 2)];
  const [mae, mse] = [absolute, squared].map((errors) => ({ value: mean(errors), ...bootstrapMean(errors, settings) })) as [Required<Metric>, Required<Metric>];
  const rmse = { value: Math.sqrt(mse.value!), low: Math.sqrt(mse.low), high: Math.sqrt(mse.high) };
  return { metrics: { mae, mse, rmse, r2: { value: r2(values) } }, classes: [], bins: null };
}
