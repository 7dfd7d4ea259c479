// MonitorSnapshot: what a monitor knows, as plain JSON. docs/monitoring.md explains every member.
// Invariant: every member of the interfaces is there, whether or not drift is being watched.
import type { ErrorCode } from './errors.js';
import type { Persistence } from './kept-watch.js';
import type { RunTimes } from './rpc/protocol.js';
import type { MemoryReport, OperatorProfile } from './types.js';

export type Stage = 'queue' | 'preprocess' | 'copyIn' | 'infer' | 'copyOut' | 'postprocess' | 'total';

/** Times in ms; a percentile is null until there are samples enough, and `need` then says how many. */
export interface StageLatency {
  readonly count: number;
  /** Runs whose time was below the step of the clock. */
  readonly belowStep: number;
  readonly minMs: number | null;
  readonly meanMs: number | null;
  readonly maxMs: number | null;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly need?: Partial<Record<'p50' | 'p90' | 'p95' | 'p99', number>>;
}

export interface LatencySnapshot {
  readonly clockStepMs: number;
  readonly requests: number;
  readonly failures: Partial<Record<ErrorCode, number>>;
  /** The first run, which pays for what later ones reuse. */
  readonly cold: Record<Stage, StageLatency>;
  readonly warm: Record<Stage, StageLatency>;
  /** Runs that a hidden page asked for; browsers slow these down. */
  readonly hidden: Record<Stage, StageLatency>;
  /** Warm inference by batch: the extent of the first dim of the first input that has two or more; the first 8 that were seen. */
  readonly batches: Readonly<Record<string, StageLatency>>;
  /** What it was measured on. */
  readonly context: Readonly<Partial<Record<'version' | 'flavour' | 'threads' | 'isolated', string>>>;
  /** The latest good run, in ms; NaN for stages it did not have. */
  readonly last: RunTimes | null;
}

export interface DriftFeature {
  readonly name: string;
  readonly observed: number;
  readonly value: number | null;
  readonly recentMean: number | null;
  readonly profileMean: number;
  readonly profileStd: number;
  /** How many standard deviations the recent mean lies off the profile's. */
  readonly shift: number | null;
  /** Its share of the statistic, 0 to 1. */
  readonly evidence: number;
  /** How far the feature alone has come towards an alarm, 0 to 1. */
  readonly meter: number;
  readonly tolerance: boolean;
}

export interface DriftAlarm {
  /** 'errors' where labels say that the model is wrong more often; else inputs or outputs have moved. */
  readonly cause?: 'errors';
  /** The sample that raised it, and where the strongest evidence began; from 1. */
  readonly sample: number;
  readonly since: number;
  readonly statistic: number;
  readonly threshold: number;
  readonly features: readonly {
    name: string;
    share: number;
    shift: number | null;
    since: number;
    recentMean: number | null;
    profileMean: number;
  }[];
}

export interface DriftSnapshot {
  readonly state: 'off' | 'learning' | 'calm' | 'drifting';
  readonly learning: { have: number; need: number; skipped: number } | null;
  /** Why learning failed, if it did. */
  readonly failure?: string;
  readonly profile: { count: number; modelMatches: boolean | null } | null;
  readonly samples: number;
  /** One sample in so many is looked at, because neighbours resemble each other. */
  readonly keptEvery: number;
  readonly statistic: number;
  readonly threshold: number | null;
  /** How far the evidence has come towards an alarm, 0 to 1; 1 while drifting. */
  readonly meter: number;
  /** While drifting, how far the way back is, 0 to 1. */
  readonly recovery: number;
  readonly alarm: DriftAlarm | null;
  readonly features: readonly DriftFeature[];
}

export type QualityIssue = 'nan' | 'infinite' | 'constant' | 'range' | 'scale' | 'clipped' | 'dark' | 'overexposed' | 'blurred'
  | 'channels' | 'frozen';

export interface QualityCounts {
  readonly checked: number;
  readonly nanSamples: number;
  readonly nanValues: number;
  readonly infiniteSamples: number;
  readonly infiniteValues: number;
  readonly constantSamples: number;
  /** How many samples had each. */
  readonly issues: Readonly<Partial<Record<QualityIssue, number>>>;
}

export interface SloSnapshot {
  readonly state: 'kept' | 'burning';
  readonly p95Ms: number;
  readonly errorBudget: number;
  readonly requests: number;
  readonly bad: number;
  /** The share of bad requests over the budget, of the last 20, 100 and 1000. */
  readonly burnRates: Readonly<Record<'20' | '100' | '1000', number | null>>;
}

export interface SliceSnapshot {
  readonly name: string;
  readonly requests: number;
  readonly failures: number;
  readonly infer: StageLatency;
  readonly total: StageLatency;
  /** Samples, and those with issues. */
  readonly judged: number;
  readonly withIssues: number;
  readonly issues: Readonly<Partial<Record<QualityIssue, number>>>;
  readonly drift: {
    readonly state: 'calm' | 'drifting';
    readonly samples: number;
    readonly keptEvery: number;
    readonly statistic: number;
    readonly threshold: number;
    readonly meter: number;
    readonly recovery: number;
    readonly alarm: DriftAlarm | null;
  } | null;
}

export interface OutputCounts {
  /** Logits count as the probabilities that a softmax makes of them. */
  readonly kind: 'probabilities' | 'logits' | 'other';
  /** How that is known: it was declared, from the values, the output's name or its shape. */
  readonly because: 'declared' | 'values' | 'name' | 'shape';
  /** How often each class was the largest, of outputs with a single row. */
  readonly classes: Readonly<Record<string, number>>;
}

/** How often a classifier is right. */
export interface AccuracySnapshot {
  readonly output: string;
  /** On the labelled predictions that the calibration was made of; null while there is none. */
  readonly reference: number | null;
  /** Without labels: of the last 2,000 predictions, with a 95 % interval; null before 100, and without a calibration. */
  readonly estimate: { value: number; low: number; high: number; predictions: number } | null;
  /** Predictions that feedback() gave a label for, and those that were right. */
  readonly labelled: number;
  readonly correct: number;
  /** Labels until there is a calibration. */
  readonly learning: { have: number; need: number } | null;
  /** The error rate of labelled predictions against what is expected of them. */
  readonly errors: {
    readonly state: 'calm' | 'drifting';
    readonly expectedRate: number;
    readonly recentRate: number;
    readonly alarm: DriftAlarm | null;
  } | null;
}

export interface MonitorSnapshot {
  readonly requests: number;
  /** Requests whose tensors were looked at: one in `sampleEvery`. */
  readonly samples: number;
  readonly sampleEvery: number;
  readonly latency: LatencySnapshot;
  /** null where no objective was given. */
  readonly slo: SloSnapshot | null;
  readonly drift: DriftSnapshot;
  /** By tensor. */
  readonly quality: Record<string, QualityCounts>;
  readonly outputs: Record<string, OutputCounts>;
  /** null where no output holds the scores of classes. */
  readonly accuracy: AccuracySnapshot | null;
  /** The first 16 slices that were named, later ones as 'other', and those that stand out. */
  readonly slices: {
    readonly worst: Readonly<Record<'latency' | 'drift' | 'quality', string | null>>;
    readonly all: readonly SliceSnapshot[];
  };
  /** Of one run in `operators`, which is an option of the monitor; empty without it. */
  readonly operators: readonly OperatorProfile[];
  /** What the watch itself took in this engine, summed, in ms. */
  readonly ownMs: number;
  /** Whether what is known here is kept for the next visit; 'busy': another tab keeps its own. */
  readonly persistence: 'none' | Persistence;
  readonly memory: MemoryReport;
}

const noDrift = {
  profile: null, samples: 0, keptEvery: 1, statistic: 0, threshold: null, meter: 0, recovery: 0, alarm: null, features: [],
};

/** What is known outside of the engine's monitor. */
export type Besides = Pick<MonitorSnapshot, 'operators' | 'ownMs' | 'persistence' | 'memory'>;

/** The engine's JSON with the members that only a detector has, the times of the last run and what else is known. */
export function toSnapshot(json: string, last: RunTimes | null, besides: Besides): MonitorSnapshot {
  const parsed = JSON.parse(json) as MonitorSnapshot;
  return { ...parsed, latency: { ...parsed.latency, last }, drift: { ...noDrift, ...parsed.drift }, ...besides };
}
