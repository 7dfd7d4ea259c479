// insitu/evaluate: how good a model is on labelled samples, and how far two models are apart, on data that stay where they are.
/** How good a model is, on samples that stay where they are. @module insitu/evaluate */
export { evaluate } from './evaluate.js';
export { wilson } from './statistics/intervals.js';
export type { Interval } from './statistics/intervals.js';
export { benjaminiHochberg, mcnemar } from './statistics/significance.js';
export type { McNemar } from './statistics/significance.js';
export type { CalibrationBin, ClassReport } from './metrics/classification.js';
export type { Attribute } from './slices/columns.js';
export type { Condition } from './slices/declared.js';
export type { SkippedColumn } from './slices/bins.js';
export type { Slice, SliceReport } from './slices/slices.js';
export type { Evaluation, EvaluationOptions, EvaluationProgress, EvaluationRecord, Label, Metric, ReadingOptions, Runner, Sample,
  Samples } from './types.js';
export { compare } from './compare.js';
export type { ApartSample, CompareOptions, Comparison, Share, TimeRatio } from './compare.js';
export { Corrections } from './corrections.js';
export type { CorrectionsOptions } from './corrections.js';
export { measureLatency } from './latency.js';
export type { LatencyOptions, LatencyPercentile, LatencyReport, Scenario } from './latency.js';
export { gate } from './gate/entry.js';
export type { GateCheck, GatedEvaluation, GateEvidence, GateReport, GateThresholds, LatencyThresholds, MetricThresholds, ModelBytes,
  SizeThresholds, SliceThresholds } from './gate/types.js';
