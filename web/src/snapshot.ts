// MonitorSnapshot: what a monitor knows, as plain JSON. docs/monitoring.md explains every member.
// Invariant: every member of the interfaces is there, whether or not drift is being watched.
import type { ErrorCode } from './errors.js';
import type { Persistence } from './kept-watch.js';
import type { RunTimes } from './rpc/protocol.js';
import type { MemoryReport, OperatorProfile } from './types.js';

/**
 * The stages of a request, in order: waiting, preparing feeds, into the engine's memory, the network, out of it, the page's
 * work with the results.
 */
export type Stage = 'queue' | 'preprocess' | 'copyIn' | 'infer' | 'copyOut' | 'postprocess' | 'total';

/** Times in ms; a percentile is null until there are samples enough, and `need` then says how many. */
export interface StageLatency {
  /** Runs that were timed. */
  readonly count: number;
  /** Runs whose time was below the step of the clock. */
  readonly belowStep: number;
  /** The shortest; null before the first run. */
  readonly minMs: number | null;
  /** The mean; null before the first run. */
  readonly meanMs: number | null;
  /** The longest; null before the first run. */
  readonly maxMs: number | null;
  /** The median, from 8 samples on. */
  readonly p50: number | null;
  /** The 90 % quantile, from 64 samples on. */
  readonly p90: number | null;
  /** The 95 % quantile, from 130 samples on. */
  readonly p95: number | null;
  /** The 99 % quantile, from 662 samples on. */
  readonly p99: number | null;
  /** How many samples each percentile that is still null wants. */
  readonly need?: Partial<Record<'p50' | 'p90' | 'p95' | 'p99', number>>;
}

/** Times of the stages of requests; docs/monitoring.md says from where to where each goes. */
export interface LatencySnapshot {
  /** The step of the clock in ms: shorter times cannot be told apart. */
  readonly clockStepMs: number;
  /** Requests that were timed, those that failed included. */
  readonly requests: number;
  /** How many requests failed, by code, for codes that occurred. */
  readonly failures: Partial<Record<ErrorCode, number>>;
  /** The first run, which pays for what later ones reuse. */
  readonly cold: Record<Stage, StageLatency>;
  /** All good runs after the first. */
  readonly warm: Record<Stage, StageLatency>;
  /** Runs that a hidden page asked for; browsers slow these down. */
  readonly hidden: Record<Stage, StageLatency>;
  /** Warm inference by batch: the extent of the first dim of the first input that has two or more; the first 8 that were seen. */
  readonly batches: Readonly<Record<string, StageLatency>>;
  /** What it was measured on. */
  readonly context: Readonly<Partial<Record<'version' | 'flavour' | 'threads' | 'isolated', string>>>;
  /** The latest good run, in ms; NaN for stages it did not have. */
  readonly last: Readonly<Record<Exclude<Stage, 'postprocess'>, number>> | null;
}

/** One number that inputs or outputs are reduced to, as the detector sees it. */
export interface DriftFeature {
  /** As in the profile: 'image.mean', for example. */
  readonly name: string;
  /** How many finite values the detector has had of it. */
  readonly observed: number;
  /** The latest one. */
  readonly value: number | null;
  /** The mean of the last 50. */
  readonly recentMean: number | null;
  /** The mean in the profile. */
  readonly profileMean: number;
  /** The standard deviation in the profile. */
  readonly profileStd: number;
  /** How many standard deviations the recent mean lies off the profile's. */
  readonly shift: number | null;
  /** Its share of the statistic, 0 to 1. */
  readonly evidence: number;
  /** How far the feature alone has come towards an alarm, 0 to 1. */
  readonly meter: number;
  /** Whether the profile lets a single source differ from the population in it. */
  readonly tolerance: boolean;
}

/** What raised an alarm; also the detail of the event 'drift'. */
export interface DriftAlarm {
  /** 'errors' where labels say that the model is wrong more often; else inputs or outputs have moved. */
  readonly cause?: 'errors';
  /** The sample that raised it; from 1. */
  readonly sample: number;
  /** The sample at which the strongest evidence began; from 1. */
  readonly since: number;
  /** The statistic at the alarm. */
  readonly statistic: number;
  /** What it had to reach. */
  readonly threshold: number;
  /** Those with at least 1 % of the evidence, strongest first. */
  readonly features: readonly {
    /** As in the profile. */
    name: string;
    /** Its share of the statistic, 0 to 1. */
    share: number;
    /** How many of the profile's standard deviations its mean has moved; null where that is 0. */
    shift: number | null;
    /** The sample at which its evidence began; from 1. */
    since: number;
    /** Its mean since the drift began, of 50 samples at most. */
    recentMean: number | null;
    /** Its mean in the profile. */
    profileMean: number;
  }[];
}

/** Whether inputs and outputs still look like the profile. Without a detector numbers are 0, null or empty. */
export interface DriftSnapshot {
  /** 'off': there is no profile. */
  readonly state: 'off' | 'learning' | 'calm' | 'drifting';
  /** null unless the state is 'learning'. */
  readonly learning: {
    /** Samples that were learnt. */
    have: number;
    /** Samples that make a profile. */
    need: number;
    /** Samples that were passed over, because a feature was missing or not finite. */
    skipped: number;
  } | null;
  /** Why learning failed, if it did. */
  readonly failure?: string;
  /** What the detector compares with. */
  readonly profile: {
    /** Rows that the profile was made of. */
    count: number;
    /** Whether it was made with this very model; null where that is not known. */
    modelMatches: boolean | null;
  } | null;
  /** Samples that the detector has had. */
  readonly samples: number;
  /** One sample in so many is looked at, because neighbours resemble each other. */
  readonly keptEvery: number;
  /** The evidence so far. */
  readonly statistic: number;
  /** The statistic that raises an alarm. */
  readonly threshold: number | null;
  /** How far the evidence has come towards an alarm, 0 to 1; 1 while drifting. */
  readonly meter: number;
  /** While drifting, how far the way back is, 0 to 1. */
  readonly recovery: number;
  /** The present alarm, or the latest one. */
  readonly alarm: DriftAlarm | null;
  /** In the order of the profile. */
  readonly features: readonly DriftFeature[];
}

/** What can be wrong with an input; docs/monitoring.md says when it is. */
export type QualityIssue = 'nan' | 'infinite' | 'constant' | 'range' | 'scale' | 'clipped' | 'dark' | 'overexposed' | 'blurred'
  | 'channels' | 'frozen';

/** The quality of one input or output. */
export interface QualityCounts {
  /** Samples that were looked at. */
  readonly checked: number;
  /** Samples with a NaN. */
  readonly nanSamples: number;
  /** NaNs in all of them. */
  readonly nanValues: number;
  /** Samples with an infinity. */
  readonly infiniteSamples: number;
  /** Infinities in all of them. */
  readonly infiniteValues: number;
  /** Samples all of whose values are the same. */
  readonly constantSamples: number;
  /** How many samples had each. */
  readonly issues: Readonly<Partial<Record<QualityIssue, number>>>;
}

/** How a service level objective is kept. */
export interface SloSnapshot {
  /** 'burning': the error budget is used up too fast. */
  readonly state: 'kept' | 'burning';
  /** A request that takes longer, in ms, is bad; 0: only failures are. */
  readonly p95Ms: number;
  /** The share of requests that may be bad. */
  readonly errorBudget: number;
  /** Requests that count. */
  readonly requests: number;
  /** Those of them that were bad. */
  readonly bad: number;
  /** The share of bad requests over the budget, of the last 20, 100 and 1000. */
  readonly burnRates: Readonly<Record<'20' | '100' | '1000', number | null>>;
}

/** The same watch for the runs of one `slice`. */
export interface SliceSnapshot {
  /** 'key=value,key=value', in the order of the keys. */
  readonly name: string;
  /** Its requests, those that failed included. */
  readonly requests: number;
  /** Those of them that failed. */
  readonly failures: number;
  /** Times of the network. */
  readonly infer: StageLatency;
  /** Times of the whole request. */
  readonly total: StageLatency;
  /** Samples whose quality was judged. */
  readonly judged: number;
  /** Those of them with an issue. */
  readonly withIssues: number;
  /** How many samples had each issue. */
  readonly issues: Readonly<Partial<Record<QualityIssue, number>>>;
  /** The detector of the slice; null without a profile. */
  readonly drift: {
    /** Whether the slice has drifted. */
    readonly state: 'calm' | 'drifting';
    /** Samples that the detector has had. */
    readonly samples: number;
    /** One sample in so many is looked at. */
    readonly keptEvery: number;
    /** The evidence so far. */
    readonly statistic: number;
    /** The statistic that raises an alarm. */
    readonly threshold: number;
    /** How far the evidence has come towards an alarm, 0 to 1. */
    readonly meter: number;
    /** While drifting, how far the way back is, 0 to 1. */
    readonly recovery: number;
    /** The present alarm, or the latest one. */
    readonly alarm: DriftAlarm | null;
  } | null;
}

/** What an output was taken for, and how often each class has won. */
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
  /** The name of the output that holds the scores. */
  readonly output: string;
  /** On the labelled predictions that the calibration was made of; null while there is none. */
  readonly reference: number | null;
  /** Without labels: of the last 2,000 predictions, with a 95 % interval; null before 100, and without a calibration. */
  readonly estimate: {
    /** The estimated share of right predictions, 0 to 1. */
    value: number;
    /** The lower end of the interval. */
    low: number;
    /** The upper end of the interval. */
    high: number;
    /** Predictions that it was made of. */
    predictions: number;
  } | null;
  /** Predictions that feedback() gave a label for. */
  readonly labelled: number;
  /** Those of them that were right. */
  readonly correct: number;
  /** Labels until there is a calibration. */
  readonly learning: {
    /** Labels so far. */
    have: number;
    /** Labels that make a calibration. */
    need: number;
  } | null;
  /** The error rate of labelled predictions against what is expected of them. */
  readonly errors: {
    /** Whether the model is wrong more often than expected. */
    readonly state: 'calm' | 'drifting';
    /** The error rate that the calibration expects, 0 to 1. */
    readonly expectedRate: number;
    /** The error rate of the last 100 labels, 0 to 1. */
    readonly recentRate: number;
    /** The present alarm, or the latest one. */
    readonly alarm: DriftAlarm | null;
  } | null;
}

/** What a monitor knows, as plain JSON. Members are added over time, never renamed. */
export interface MonitorSnapshot {
  /** Requests that the monitor saw. */
  readonly requests: number;
  /** Requests whose tensors were looked at: one in `sampleEvery`. */
  readonly samples: number;
  /** The option `sample`. */
  readonly sampleEvery: number;
  /** Times by stage. */
  readonly latency: LatencySnapshot;
  /** null where no objective was given. */
  readonly slo: SloSnapshot | null;
  /** Whether inputs and outputs still look like the profile. */
  readonly drift: DriftSnapshot;
  /** By tensor. */
  readonly quality: Record<string, QualityCounts>;
  /** What each output was taken for, by name. */
  readonly outputs: Record<string, OutputCounts>;
  /** null where no output holds the scores of classes. */
  readonly accuracy: AccuracySnapshot | null;
  /** The first 16 slices that were named, later ones as 'other', and those that stand out. */
  readonly slices: {
    /** The slice that stands out in each way; null where none does. */
    readonly worst: Readonly<Record<'latency' | 'drift' | 'quality', string | null>>;
    /** In the order in which they were first named. */
    readonly all: readonly SliceSnapshot[];
  };
  /** Of one run in `operators`, which is an option of the monitor; empty without it. */
  readonly operators: readonly OperatorProfile[];
  /** What the watch itself took in this engine, summed, in ms. */
  readonly ownMs: number;
  /** Whether what is known here is kept for the next visit; 'busy': another tab keeps its own. */
  readonly persistence: 'none' | Persistence;
  /** The engine's memory, shared by all its sessions. */
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
