// Figures of an evaluation ("insitu-evaluation/1") as performance metrics of a model card.
// Invariant: only what is a finite number becomes a metric; members that are not known are passed over; an evaluation of another
// model is refused.
// Reference: CycloneDX 1.6, modelCard.quantitativeAnalysis.performanceMetrics; docs/how-to/evaluate.md.
import { fail } from '../../src/errors.js';

export interface PerformanceMetric {
  type: string;
  value: string;
  slice?: string;
  confidenceInterval?: { lowerBound: string; upperBound: string };
}

type Fields = Record<string, unknown>;

export const evaluationFormat = 'insitu-evaluation/1';
const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Fields : {});
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** `sha256`: of the model that the card is of. */
export function metricsOf(bytes: string, sha256: string, called: string): PerformanceMetric[] {
  let evaluation: Fields = {};
  try {
    evaluation = fields(JSON.parse(bytes));
  } catch {
    // refused below
  }
  if (evaluation.format !== evaluationFormat) {
    fail('InvalidArgument', `${called} is no evaluation: its format is not ${evaluationFormat}`, 'Pass what insitu evaluate --json wrote.');
  }
  const measured = fields(evaluation.model).sha256;
  if (typeof measured === 'string' && measured !== sha256) {
    fail('InvalidArgument', `${called} is of another model, ${measured.slice(0, 64)}`, `Evaluate this one, ${sha256}.`);
  }
  const report = fields(evaluation.slices);
  const slices = Array.isArray(report.slices) ? report.slices.map(fields) : [];
  return [
    ...Object.entries(fields(evaluation.metrics)).flatMap(([type, metric]) => metricFrom(type, fields(metric))),
    ...slices.flatMap((slice) => (typeof slice.name === 'string' ? metricFrom(String(report.metric ?? 'value'), slice, slice.name) : [])),
  ];
}

function metricFrom(type: string, { value, low, high }: Fields, slice?: string): PerformanceMetric[] {
  if (!isNumber(value)) return [];
  const interval = isNumber(low) && isNumber(high) && { confidenceInterval: { lowerBound: String(low), upperBound: String(high) } };
  return [{ type, value: String(value), ...(slice !== undefined && { slice }), ...interval }];
}
