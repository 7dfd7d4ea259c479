// The public option and report types, without behaviour.
import type { DType, Tensor, TensorInfo } from './tensor.js';

export type Flavour = 'simd-st' | 'simd-mt' | 'relaxed-st' | 'relaxed-mt';

export interface Progress {
  /** 'restore' reads a kept model instead of downloading it; 'keep' comes after load(), while it is stored. */
  phase: 'engine' | 'download' | 'verify' | 'parse' | 'restore' | 'keep';
  /** Bytes, or 0 and 1 for a phase that has only a beginning and an end. */
  loaded: number;
  total?: number;
}

export interface EngineOptions {
  /** 'auto': up to 4 where the page is cross-origin isolated, else 1. */
  threads?: number | 'auto';
  /** Whether models run in a worker of their own. Default true in browsers, false in Node. */
  worker?: boolean;
  /** The folder with the .mjs and .wasm files and insitu/worker.js, where a bundler has moved them. */
  assets?: string | URL;
  flavour?: 'auto' | Flavour;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

export interface EngineInfo {
  readonly version: string;
  readonly flavour: Flavour;
  readonly threads: number;
  /** Whether the page is cross-origin isolated, which threads need. */
  readonly isolated: boolean;
  /** The step of performance.now(): times below it cannot be told apart. */
  readonly clockStepMs: number;
  /** Why the engine is not the fastest there is, a sentence each. */
  readonly reasons: readonly string[];
}

export type ModelSource =
  | string
  | URL
  | Request
  | Response
  | Blob
  | ArrayBuffer
  | Uint8Array
  | ReadableStream<Uint8Array>;

export interface InspectOptions {
  /** The files that a model with external data names, by that name. */
  externalData?: Record<string, ModelSource>;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

export interface LoadOptions extends InspectOptions {
  /** 'sha256-<base64>' of the model file; checked before anything is parsed. */
  integrity?: string;
  /**
   * 'opfs' keeps what was prepared from a model that has an address in the origin private file system, for the next visit;
   * see docs/api.md. Default 'none'.
   */
  cache?: 'none' | 'opfs';
  /** Fixes symbolic dims by name. */
  dims?: Record<string, number>;
  /** 'reference' runs every operator on the plain kernels that the fast ones are tested against. */
  backend?: 'auto' | 'reference';
  /**
   * Whether load() runs the model on zeros for at most about 15 ms, so that the browser has compiled what it needs before
   * the first run; default true.
   */
  warmUp?: boolean;
  monitor?: MonitorOptions | false;
}

export interface RunOptions {
  /**
   * A queued run stops at once. A running one rejects at once; where the page is cross-origin isolated and the
   * engine has threads it also stops between two operators, else its result is dropped.
   */
  signal?: AbortSignal;
  /** Moves the feeds' buffers instead of copying them; they cannot be used afterwards. */
  transfer?: boolean;
  /** Which outputs to compute; all when absent. */
  outputs?: readonly string[];
  /** Tensors to write results into, by output name. */
  into?: Record<string, Tensor>;
  /** Whether the monitor sees this run: its times and what it is fed with and gives, its times alone, or nothing; default true. */
  watch?: boolean | 'latency';
  /** What the run is one of: latency, drift and quality are kept for each slice, too (16 at most). `{ device: 'phone' }` */
  slice?: Record<string, string>;
  /** Numbers or words of one's own that the monitor watches with those of inputs and outputs. */
  features?: Record<string, number | string>;
  /** What `monitor.feedback()` will call the run when its label is known. */
  id?: string;
  /** performance.now() when the page began to prepare the feeds: counts as the stage 'preprocess'. */
  startedAt?: number;
}

export interface ModelReport {
  readonly irVersion: number;
  /** By domain; '' is ai.onnx. */
  readonly opsets: Record<string, number>;
  readonly producer: string;
  readonly metadata: Record<string, string>;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Nodes by operator. */
  readonly operators: Record<string, number>;
  readonly parameters: number;
  readonly initializerBytes: number;
  /** Whether everything in the model is supported. */
  readonly runnable: boolean;
  readonly unsupported: readonly { node: string; op: string; what: string }[];
}

export interface ExplainRow {
  readonly node: string;
  readonly op: string;
  readonly on: 'xnnpack' | 'kernel' | 'reference' | 'folded';
  /** Why there, or what it was folded into. */
  readonly why?: string;
  /** Of packed weights. */
  readonly bytes: number;
}

export interface OperatorProfile {
  readonly name: string;
  readonly op: string;
  readonly backend: string;
  readonly calls: number;
  readonly totalMs: number;
  /** Of the total, 0 to 1. */
  readonly share: number;
}

export interface MemoryReport {
  /** The size of the WebAssembly memory. It never shrinks. */
  readonly heapBytes: number;
  /** Held by models, their packed weights and tensors. */
  readonly bufferBytes: number;
}

export interface OperatorInfo {
  readonly name: string;
  readonly domain: string;
  /** Opset versions in which the operator or its meaning changed. */
  readonly since: readonly number[];
  /** Whether a fast kernel may take it; else only the reference computes it. */
  readonly lowered: boolean;
  /** The element types that its first input may have. */
  readonly types: readonly DType[];
}

/** What in-distribution inputs look like; the JSON that exportProfile() gives. See docs/monitoring.md. */
export interface ReferenceProfile {
  readonly format: string;
  readonly version: number;
  /** What confidences are worth, of classifiers that labels are known of. */
  readonly accuracy?: {
    readonly output: string; readonly accuracy: number; readonly count: number; readonly labels?: readonly string[];
  };
  readonly [member: string]: unknown;
}

export interface MonitorOptions {
  /**
   * A profile, where to get one ('model': in the model's metadata, as insitu.profile), or how many inputs to learn one from
   * (at least 2,000).
   */
  profile?: ReferenceProfile | string | URL | { learn: number };
  /** The mean number of in-distribution inputs between false alarms; default 10,000. */
  falseAlarmEvery?: number;
  /** Watch one input in N; default 1. */
  sample?: number;
  /**
   * Inputs that look wrong (NaN, frozen, dark, another scale ...) are counted ('log'), said by 'quality' events, too ('warn',
   * the default), or not run: the call rejects with DataQuality ('reject').
   */
  quality?: 'log' | 'warn' | 'reject';
  /**
   * A service level objective: runs longer than `p95Ms`, and failures, use up the error budget (the share of runs that may,
   * default 0.05). A 'slow' event says when it burns twice as fast, and when that is over.
   */
  slo?: { p95Ms?: number; errorBudget?: number };
  /** 'opfs' keeps what the monitor knows in the origin private file system, and goes on with it on the next visit. Default 'none'. */
  persist?: 'none' | 'opfs';
  /** Puts a clock around every operator of one run in N, for `operators` in snapshots. Default 0: none. */
  operators?: number;
  /** Whether the stages of every run appear in the browser's performance panel (`performance.measure`); default false. */
  tracks?: boolean;
}

export interface DetectorOptions {
  /** The mean number of in-distribution rows between false alarms; default 10,000. */
  falseAlarmEvery?: number;
  /** 'esr' (the default) sees any change, 'cusum' shifts, 'ks' tests one window of 50 rows after another. */
  method?: 'auto' | 'esr' | 'cusum' | 'ks';
  /** 'auto' (the default) keeps fewer rows where neighbours resemble each other, as in videos. */
  correlated?: 'auto' | false;
}

/** How a window of rows differs from a profile. P-values say how sure that is, the others how large. */
export interface WindowReport {
  readonly count: number;
  readonly features: readonly {
    readonly name: string;
    /** Finite values. */
    readonly count: number;
    /** `adjusted`: the p-value for as many tests as there are features (Benjamini and Hochberg). */
    readonly ks: { readonly statistic: number; readonly p: number; readonly adjusted: number };
    readonly chiSquare: {
      readonly statistic: number; readonly degrees: number; readonly p: number; readonly adjusted: number;
    };
    /** Population stability index, in nats, over the profile's deciles. */
    readonly psi: number;
    /** In bits, 0 to 1, over the profile's deciles. */
    readonly jensenShannon: number;
    /** Mean distance of the quantiles, in standard deviations of the profile; null where that is 0. */
    readonly wasserstein: number | null;
  }[];
}
