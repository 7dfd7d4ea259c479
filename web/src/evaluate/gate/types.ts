// What gate() takes and gives.
// Invariant: a GateReport is plain JSON; members of "insitu-gate-report/1" stay, others may be added.
import type { WindowReport } from 'insitu';
import type { Evaluation, EvaluationRecord } from '../types.js';

/** What a metric must fulfil. `min` and `minRatio` are for metrics of which more is better, `max` and `maxRatio` for the others. */
export interface MetricThresholds {
  /** At least this. */
  readonly min?: number;
  /** At most this. */
  readonly max?: number;
  /** At least this share of the baseline's. */
  readonly minRatio?: number;
  /** At most so many times the baseline's. */
  readonly maxRatio?: number;
  /** Worse than the baseline's by at most this: of an accuracy 0.015 are 1.5 points. */
  readonly maxLoss?: number;
  /** `accuracy`, `mae` and `mse`: shown to be worse than the baseline by no more than a margin, sample by sample; of `mae` and `mse` by 30 samples or more. */
  readonly nonInferior?: {
    /** As in `maxLoss`. */
    readonly margin: number;
    /** Of the bound on one side; default 0.95, of `mae` and `mse` up to 0.99. */
    readonly confidence?: number;
  };
  /** `accuracy`: not shown to be worse than the baseline, by McNemar's exact test. */
  readonly mcnemar?: {
    /** The p-value below which it is; default 0.05. */
    readonly alpha?: number;
  };
}

/** What each slice must fulfil that has samples enough. */
export interface SliceThresholds {
  /** An accuracy of at least this. */
  readonly min?: number;
  /** A mean absolute error of at most this. */
  readonly max?: number;
  /** Worse than the same slice of the baseline by at most this. */
  readonly maxLoss?: number;
}

/** What a percentile of the latency must fulfil. */
export interface LatencyThresholds {
  /** At most so many ms, by the early-stopping estimate of measureLatency(). */
  readonly maxMs?: number;
  /** At most so many times the baseline's. */
  readonly maxRatio?: number;
}

/** What a number of bytes must fulfil. */
export interface SizeThresholds {
  /** At most so many bytes. */
  readonly max?: number;
  /** At most so many times the baseline's. */
  readonly maxRatio?: number;
}

/** What a release must fulfil: the member `thresholds` of gate.json. One check or more. */
export interface GateThresholds {
  /** By the names that an evaluation has. */
  readonly metrics?: Readonly<Record<string, MetricThresholds>>;
  /** Of the slices of the evaluation. */
  readonly slices?: SliceThresholds;
  /** By percentile. */
  readonly latency?: Readonly<Partial<Record<'p50' | 'p90' | 'p95' | 'p99', LatencyThresholds>>>;
  /** Of all files of the model, as they are and packed by brotli. */
  readonly size?: Readonly<Partial<Record<'raw' | 'brotli', SizeThresholds>>>;
  /** Of the data against a reference profile. */
  readonly drift?: {
    /** No feature has an adjusted p-value below it, by either test of compareWindow(), of which there are two. */
    readonly alpha?: number;
    /** No feature has a larger population stability index. */
    readonly maxPsi?: number;
  };
  /** All ONNX test cases pass. */
  readonly conformance?: {
    /** Whether cases may be skipped that the engine does not support; default false. */
    readonly allowSkipped?: boolean;
  };
}

/** An evaluation, with what `insitu evaluate` adds. */
export interface GatedEvaluation extends Evaluation {
  /** The model that it is of. */
  readonly model?: {
    /** Of the file, in hexadecimal. */
    readonly sha256: string | null;
    /** Of the files that it names. */
    readonly externalData?: Readonly<Record<string, string>>;
  };
  /** The data that it is of. */
  readonly data?: {
    /** As sha256sum gives it. */
    readonly sha256: string;
    /** How they were read, where that was said. */
    readonly reading?: object;
  };
}

/** Bytes of a model. */
export interface ModelBytes {
  /** As it is. */
  readonly raw?: number;
  /** Packed. */
  readonly brotli?: number;
}

/** What is known of the model, of its baseline and of the data. What a threshold needs and is missing makes it fail. */
export interface GateEvidence {
  /** Of the model. */
  readonly evaluation?: GatedEvaluation;
  /** Of the baseline, on the same data. */
  readonly baseline?: GatedEvaluation;
  /** What became of each sample (`onRecord`), for the paired tests. */
  readonly records?: readonly EvaluationRecord[];
  /** The same of the baseline. */
  readonly baselineRecords?: readonly EvaluationRecord[];
  /** The model that the evaluation has to be of, in hexadecimal; not asked where it is missing. */
  readonly sha256?: string;
  /** The model that the baseline's has to be of. */
  readonly baselineSha256?: string;
  /** Times of runs in ms. */
  readonly times?: {
    /** Of the model. */
    readonly model: readonly number[];
    /** Of the baseline, run by run in turns with it. */
    readonly baseline?: readonly number[];
  };
  /** Of the model. */
  readonly bytes?: ModelBytes;
  /** Of the baseline. */
  readonly baselineBytes?: ModelBytes;
  /** What compareWindow() says of the data. */
  readonly drift?: WindowReport;
  /** How many ONNX test cases ended how. */
  readonly conformance?: {
    /** With the right results. */
    readonly passed: number;
    /** With wrong ones, or an error. */
    readonly failed: number;
    /** Refused as not supported. */
    readonly skipped: number;
    /** Names of those that failed. */
    readonly failures?: readonly string[];
  };
  /** Why something is missing, by what it is. */
  readonly missing?: Readonly<Partial<Record<'evaluation' | 'baseline' | 'times' | 'bytes' | 'baselineBytes' | 'drift' | 'conformance', string>>>;
}

/** One threshold, and what became of it. */
export interface GateCheck {
  /** Of which part of the thresholds. */
  readonly kind: 'metric' | 'slice' | 'latency' | 'size' | 'drift' | 'conformance';
  /** What was looked at. */
  readonly check: string;
  /** In words. */
  readonly wanted: string;
  /** In words; null where nothing was measured, and of latency, which has its figures in `times`. */
  readonly measured: string | null;
  /** 'unmeasured' fails the gate; 'skipped' does not: a slice with too few samples. */
  readonly verdict: 'passed' | 'failed' | 'unmeasured' | 'skipped';
  /** What could not be measured and why, or what failed. */
  readonly why?: string;
}

/** What gate() gives. The same evidence gives the same report; without `times` no clock is in it. */
export interface GateReport {
  /** Of this JSON. */
  readonly format: 'insitu-gate-report/1';
  /** Whether all checks have passed, those apart that were skipped. */
  readonly passed: boolean;
  /** In the order of the thresholds. */
  readonly checks: readonly GateCheck[];
  /** In words, what was measured of each check of latency, by its number among the checks; missing where none asks for it. */
  readonly times?: Readonly<Record<string, string>>;
}
