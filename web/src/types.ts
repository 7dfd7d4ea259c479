// The public option and report types, without behaviour.
import type { TrustOptions } from './signature.js';
import type { AuditLog } from './audit/log.js';
import type { DType, Tensor, TensorInfo } from './tensor.js';

/** A build of the engine: SIMD or relaxed SIMD, one thread (st) or several (mt). */
export type Flavour = 'simd-st' | 'simd-mt' | 'relaxed-st' | 'relaxed-mt';

/** How far a phase of start or load() has come. */
export interface Progress {
  /**
   * In their order: the engine starts, the model is downloaded and its digest verified, its file is parsed, its operators are
   * assigned and their weights packed, and it runs once. 'restore' reads a kept model instead of downloading and parsing it;
   * 'keep' comes after load(), while it is stored.
   */
  phase: 'engine' | 'download' | 'verify' | 'parse' | 'plan' | 'warmup' | 'restore' | 'keep';
  /** Bytes of 'engine', 'download', 'restore' and 'keep'; else 0 and 1, a beginning and an end. */
  loaded: number;
  /** Where it is known. */
  total?: number;
  /** Of 'restore': the model's address could not be reached, so that nobody knows whether what was kept is the latest. */
  unchecked?: true;
}

/** Something that is kept for the page's origin: a model, or what a monitor knows of one. */
export interface CacheEntry {
  /** What it is. */
  readonly kind: 'model' | 'watch';
  /** Where the model came from, where it had an address. */
  readonly url?: string;
  /** Of the model file, in hexadecimal, where it was hashed: with `integrity`, and for what a monitor knows. */
  readonly sha256?: string;
  /** Its size. */
  readonly bytes: number;
  /** In milliseconds since 1970. */
  readonly lastUsed: number;
}

/** How an engine starts. What cannot be had falls back, and `engine.info.reasons` says why. */
export interface EngineOptions {
  /** 'auto': up to 4 where the page is cross-origin isolated, else 1. */
  threads?: number | 'auto';
  /** Whether models run in a worker of their own. Default true in browsers, false in Node. */
  worker?: boolean;
  /** The folder with the .mjs and .wasm files and insitu/worker.js, where a bundler has moved them. */
  assets?: string | URL;
  /** Which build to take; default 'auto': the fastest that runs here. */
  flavour?: 'auto' | Flavour;
  /** Bounds on what models and inputs may ask for, tighter than those that hold anyway. */
  limits?: Limits;
  /** Stops the start: it rejects with Cancelled. */
  signal?: AbortSignal;
  /** Told how far the start has come. */
  onProgress?: (progress: Progress) => void;
}

/** What a model or an input may ask for at most: what goes beyond is refused with LimitExceeded. Each goes down from its default only. */
export interface Limits {
  /** Of a model file or a file beside it; 2 GiB. */
  modelBytes?: number;
  /** Of all weights of a model; 4 GiB. */
  initializerBytes?: number;
  /** Of a model, with those of subgraphs; 200,000. */
  nodes?: number;
  /** Tensors that one graph names; 400,000. */
  values?: number;
  /** Inputs of a graph, or outputs; 8,192. */
  graphEnds?: number;
  /** How deep bodies of If, Loop and Scan nest; 16. */
  subgraphDepth?: number;
  /** Iterations of one Loop, steps of one Scan; 2^24. */
  loopTrips?: number;
  /** Dimensions of a tensor; 16. */
  rank?: number;
  /** Of a tensor; 2^31. */
  elements?: number;
  /** Of a tensor; 2 GiB. */
  tensorBytes?: number;
  /** Of all intermediate tensors of one run together; 3 GiB. */
  arenaBytes?: number;
  /** Of names and paths in a model file; 4,096. */
  nameBytes?: number;
  /** Of all strings of a tensor that is computed, together; 256 MiB. */
  stringBytes?: number;
  /** Of a tensor; 2^22. */
  strings?: number;
}

/** What an engine is. */
export interface EngineInfo {
  /** Of insitu. */
  readonly version: string;
  /** The build that runs. */
  readonly flavour: Flavour;
  /** Threads that compute, the worker included. */
  readonly threads: number;
  /** Whether the page is cross-origin isolated, which threads need. */
  readonly isolated: boolean;
  /** The step of performance.now(): times below it cannot be told apart. */
  readonly clockStepMs: number;
  /** What `LoadOptions.without` can name: optimisations of the graph, and the kernels of XNNPACK and our own. */
  readonly switches: readonly string[];
  /** Why the engine is not the fastest there is, a sentence each. */
  readonly reasons: readonly string[];
}

/** Where a model comes from: a URL (under Node also a path), an answer, a file, bytes, or a stream of them. */
export type ModelSource =
  | string
  | URL
  | Request
  | Response
  | Blob
  | ArrayBuffer
  | Uint8Array
  | ReadableStream<Uint8Array>;

/** How a model is read. */
export interface InspectOptions {
  /** The files that a model with external data names, by that name. */
  externalData?: Record<string, ModelSource>;
  /** 'sha256-<base64>' of the model file; checked before anything is parsed. */
  integrity?: string;
  /** The same of files of `externalData`, by their name there. */
  externalIntegrity?: Record<string, string>;
  /**
   * Who must have signed the model, its external files and a profile that is named by its address. Their digests are those that
   * were signed then, which `integrity` may only repeat; see docs/how-to/signatures.md.
   */
  trust?: TrustOptions;
  /** What the model and its external files are encrypted with, as `insitu encrypt` does it; digests are those of the plaintext. */
  encryption?: {
    /** 32 bytes, or a key of AES-GCM with 256 bits that may decrypt; it need not be extractable. */
    key: CryptoKey | Uint8Array;
  };
  /** Stops it: the call rejects with Cancelled. */
  signal?: AbortSignal;
  /** Told how far each phase has come. */
  onProgress?: (progress: Progress) => void;
}

/** How a model is loaded. */
export interface LoadOptions extends InspectOptions {
  /**
   * 'opfs' keeps what was prepared from a model that has an address in the origin private file system, for the next visit;
   * see docs/api.md. Default 'none'.
   */
  cache?: 'none' | 'opfs';
  /**
   * What all kept models may take together once this one is among them: those unused longest make room. Default 1 GiB, or two
   * fifths of what the browser lets the origin store where that is less.
   */
  cacheBytes?: number;
  /** Fixes symbolic dims by name. */
  dims?: Record<string, number>;
  /** 'reference' runs every operator on the plain kernels that the fast ones are tested against. */
  backend?: 'auto' | 'reference';
  /** Parts of the engine that are left out, to measure what they bring: of `engine.info.switches`. Not with `cache: 'opfs'`. */
  without?: readonly string[];
  /**
   * Whether load() runs the model on zeros for at most about 15 ms, so that the browser has compiled what it needs before
   * the first run; default true.
   */
  warmUp?: boolean;
  /** How the model is watched; `false`: not at all. Default: latency and data quality. */
  monitor?: MonitorOptions | false;
  /** Where it is written down what happens to this session: loads, releases, alarms, exports and crashes; see docs/how-to/audit.md. */
  audit?: AuditLog;
}

/** How a model is run once. */
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
  /** Which model of a canary answers: the same key, the same model. Default `id`; without it every run counts by itself. */
  key?: string;
  /** performance.now() when the page began to prepare the feeds: counts as the stage 'preprocess'. */
  startedAt?: number;
}

/** What a model contains, and whether it would run. */
export interface ModelReport {
  /** Of the file format. */
  readonly irVersion: number;
  /** By domain; '' is ai.onnx. */
  readonly opsets: Record<string, number>;
  /** What wrote the file, with its version. */
  readonly producer: string;
  /** metadata_props of the model. */
  readonly metadata: Record<string, string>;
  /** What it is to be fed with. */
  readonly inputs: readonly TensorInfo[];
  /** What it gives. */
  readonly outputs: readonly TensorInfo[];
  /** Nodes by operator. */
  readonly operators: Record<string, number>;
  /** Elements of all initializers. */
  readonly parameters: number;
  /** Bytes of all initializers. */
  readonly initializerBytes: number;
  /** Whether everything in the model is supported. */
  readonly runnable: boolean;
  /** What is not, part by part. */
  readonly unsupported: readonly {
    /** The name of the node. */
    node: string;
    /** Its operator. */
    op: string;
    /** What of it is not supported. */
    what: string;
  }[];
}

/** Where one node of a model runs. */
export interface ExplainRow {
  /** Its name in the model. */
  readonly node: string;
  /** Its operator. */
  readonly op: string;
  /** XNNPACK, a kernel of insitu's own, the plain reference, or nowhere, because it became part of something else. */
  readonly on: 'xnnpack' | 'kernel' | 'reference' | 'folded';
  /** Why there, or what it was folded into. */
  readonly why?: string;
  /** Of packed weights. */
  readonly bytes: number;
}

/** The time that one operator took. */
export interface OperatorProfile {
  /** The name of the node. */
  readonly name: string;
  /** Its operator, after fusion. */
  readonly op: string;
  /** 'xnnpack', 'kernel' or 'reference'. */
  readonly backend: string;
  /** How often it ran. */
  readonly calls: number;
  /** What all calls took together. */
  readonly totalMs: number;
  /** Of the total, 0 to 1. */
  readonly share: number;
}

/** The memory of an engine. */
export interface MemoryReport {
  /** The size of the WebAssembly memory. It never shrinks. */
  readonly heapBytes: number;
  /** Held by models, their packed weights and tensors. */
  readonly bufferBytes: number;
  /** The most that `bufferBytes` has been since the engine started, a model's file while it is loaded included. */
  readonly peakBufferBytes: number;
}

/** An operator that the engine knows. */
export interface OperatorInfo {
  /** As models name it. */
  readonly name: string;
  /** '' is ai.onnx. */
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
  /** 'insitu-profile'. */
  readonly format: string;
  /** Of the format. */
  readonly version: number;
  /** What confidences are worth, of classifiers that labels are known of. */
  readonly accuracy?: {
    /** The name of the output that holds the scores. */
    readonly output: string;
    /** The share of right predictions, 0 to 1. */
    readonly accuracy: number;
    /** Labelled predictions that it is known from. */
    readonly count: number;
    /** The names of the classes, by number. */
    readonly labels?: readonly string[];
  };
  readonly [member: string]: unknown;
}

/** How a model is watched. */
export interface MonitorOptions {
  /**
   * A profile, where to get one ('model': in the model's metadata, as insitu.profile), or how many inputs to learn one from
   * (at least 2,000).
   */
  profile?: ReferenceProfile | string | URL | {
    /** Inputs to learn from: 2,000 or more. */
    learn: number;
  };
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
  slo?: {
    /** A longer run is bad; default 0: only failures are. */
    p95Ms?: number;
    /** The share of runs that may be bad, 0.5 at most; default 0.05. */
    errorBudget?: number;
  };
  /** 'opfs' keeps what the monitor knows in the origin private file system, and goes on with it on the next visit. Default 'none'. */
  persist?: 'none' | 'opfs';
  /** Puts a clock around every operator of one run in N, for `operators` in snapshots. Default 0: none. */
  operators?: number;
  /** Whether the stages of every run appear in the browser's performance panel (`performance.measure`); default false. */
  tracks?: boolean;
}

/** How a detector works. */
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
  /** Rows of the window. */
  readonly count: number;
  /** In the order of the profile. */
  readonly features: readonly {
    /** As in the profile. */
    readonly name: string;
    /** Finite values. */
    readonly count: number;
    /** Kolmogorov and Smirnov's test. */
    readonly ks: {
      /** The largest distance of the two distributions, 0 to 1. */
      readonly statistic: number;
      /** How likely such a distance is where nothing has changed. */
      readonly p: number;
      /** The p-value for as many tests as there are features (Benjamini and Hochberg). */
      readonly adjusted: number;
    };
    /** Pearson's test over bins of the profile. */
    readonly chiSquare: {
      /** The sum of squared deviations over what is expected. */
      readonly statistic: number;
      /** Degrees of freedom. */
      readonly degrees: number;
      /** How likely such a sum is where nothing has changed. */
      readonly p: number;
      /** As that of `ks`. */
      readonly adjusted: number;
    };
    /** Population stability index, in nats, over the profile's deciles. */
    readonly psi: number;
    /** In bits, 0 to 1, over the profile's deciles. */
    readonly jensenShannon: number;
    /** Mean distance of the quantiles, in standard deviations of the profile; null where that is 0. */
    readonly wasserstein: number | null;
  }[];
}
