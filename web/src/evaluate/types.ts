// What evaluate() takes and gives. Invariant: an Evaluation is plain JSON; members of "insitu-evaluation/1" stay, others may be added.
import type { Session, Value } from 'insitu';
import type { ImageFeed } from '../image-feed.js';
import type { CalibrationBin, ClassReport } from './metrics/classification.js';
import type { Attribute } from './slices/columns.js';
import type { Condition } from './slices/declared.js';
import type { SliceReport } from './slices/slices.js';

/** What is true of a sample: a class by index or name, a truth value as 1 or 0, a number, also as text, or several. */
export type Label = number | string | boolean | readonly number[];

/** What one run is fed with, and what is known of it. */
export interface Sample {
  /** As run() takes them. A batch of one. */
  readonly feeds: Readonly<Record<string, Value | ImageFeed>>;
  /** What is true of it; samples without are run by nobody but compare(). */
  readonly label?: Label;
  /** Columns that slices are made of. */
  readonly metadata?: Readonly<Record<string, Attribute>>;
  /** What reports call it; by default its number. */
  readonly name?: string;
}

/** Samples, in an order that is theirs. */
export type Samples = Iterable<Sample> | AsyncIterable<Sample>;

/** What only needs to be able to run. */
export type Runner = Pick<Session, 'run' | 'outputs' | 'metadata'>;

/** How outputs and labels are read. */
export interface ReadingOptions {
  /** The output that is compared with labels; default the first. */
  output?: string;
  /** By default as fits: see docs/how-to/evaluate.md. */
  task?: 'classification' | 'regression';
  /** Names of the classes, in the order of the output; by default the JSON array `labels` of the model's metadata. */
  classes?: readonly string[];
  /** Whether the output holds logits, of which a softmax is made, of one number a sigmoid; by default where several do not add up to 1 in the first output. */
  logits?: boolean;
}

/** How far an evaluation is. */
export interface EvaluationProgress {
  /** Samples that have been run. */
  readonly done: number;
}

/** What an evaluation looks at. */
export interface EvaluationOptions extends ReadingOptions {
  /** The k of top-k accuracy; default 5. It is given where there are more classes. */
  topK?: number;
  /** Bins of the calibration; default 15. */
  bins?: number;
  /** Conditions by name, or 'auto': found among columns and pairs of columns. Default none. */
  slices?: 'auto' | Readonly<Record<string, Condition>>;
  /** How many samples a slice needs to be tested; default 20. */
  minSupport?: number;
  /** Of intervals; default 0.95. */
  confidence?: number;
  /** Of the bootstrap; default 1. */
  seed?: number;
  /** Called after each sample. */
  onProgress?: (progress: EvaluationProgress) => void;
  /** Called for each labelled sample in their order, when all have been run. */
  onRecord?: (record: EvaluationRecord) => void;
  /** Ends it with Cancelled. */
  signal?: AbortSignal;
}

/** A figure; null where it cannot be told, such as AUC of one class alone. */
export interface Metric {
  /** The figure itself. */
  readonly value: number | null;
  /** The lower end of its interval; missing where no interval is made. */
  readonly low?: number;
  /** The upper end. */
  readonly high?: number;
}

/** What became of one labelled sample. */
export interface EvaluationRecord {
  /** Its number among all samples, from 0. */
  readonly sample: number;
  /** What it is called. */
  readonly name: string;
  /** What is true: the index of a class, a number or numbers. */
  readonly label: number | readonly number[];
  /** What was predicted; null where the output is NaN. */
  readonly prediction: number | readonly number[] | null;
  /** The score of the prediction; null without scores and of regression. */
  readonly confidence: number | null;
  /** Null of regression. */
  readonly correct: boolean | null;
  /** -ln of the score of the true class, or the absolute error; null without scores. */
  readonly loss: number | null;
}

/** What evaluate() gives. */
export interface Evaluation {
  /** Of this JSON. */
  readonly format: 'insitu-evaluation/1';
  /** What the output was taken for. */
  readonly task: 'classification' | 'regression';
  /** The name of the output. */
  readonly output: string;
  /** What classes were told from; null of regression. */
  readonly scores: 'probabilities' | 'logits' | 'index' | null;
  /** Samples that were given. */
  readonly samples: number;
  /** Of these, those with a label, of which all figures are. */
  readonly labelled: number;
  /** Of the labels in their order: others have another one, but for one time in 2^32. */
  readonly labelDigest: string;
  /** Of these, those whose output is NaN, which count as wrong. */
  readonly undefined: number;
  /** Of intervals. */
  readonly confidence: number;
  /** By name: `accuracy`, `top5`, `microF1`, `macroF1`, `auc`, `logLoss`, `ece`, or `mae`, `mse`, `rmse`, `r2`. */
  readonly metrics: Readonly<Record<string, Metric>>;
  /** Class by class; empty of regression. */
  readonly classes: readonly ClassReport[];
  /** Null without scores. */
  readonly calibration: {
    /** From the lowest confidence to the highest. */
    readonly bins: readonly CalibrationBin[];
  } | null;
  /** Null where none were asked for. */
  readonly slices: SliceReport | null;
}
