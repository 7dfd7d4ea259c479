// The messages between the page and the worker that holds an engine: every method with its parameters and result.
// Invariant: everything here survives structured cloning; bulk data goes as ArrayBuffers that are transferred.
import type { ErrorFields } from '../errors.js';
import type { Frame } from '../placement.js';
import type { DType, TensorInfo } from '../tensor.js';
import type { EngineInfo, EngineOptions, ExplainRow, Limits, MemoryReport, ModelReport, OperatorInfo, OperatorProfile, Progress }
  from '../types.js';

export interface WireTensor {
  name: string;
  dtype: DType;
  dims: number[];
  /** The bytes, or the strings of a string tensor. */
  data: ArrayBuffer | string[];
}
/** A value that holds others: at most one where it is optional; the keys and the values of a map. */
export interface WireGroup {
  name: string;
  dtype: 'sequence' | 'optional' | 'map';
  items: WireValue[];
}
export type WireValue = WireTensor | WireGroup;

/** What a picture is sent as: bytes of a pixel each, or what holds them, which is the line's own. */
export type WirePixels =
  | { data: ArrayBuffer; width: number; height: number; channels: number; bgr?: boolean; opaque?: boolean }
  | { frame: VideoFrame }
  | { bitmap: ImageBitmap }
  | { blob: Blob };

/** What a tensor of images is, complete; see engine/preprocess/image.h. */
export interface ImageFormat extends Frame {
  dtype: 'float32' | 'float16' | 'uint8' | 'int8';
  channelsLast: boolean;
  channels: 'rgb' | 'bgr' | 'gray';
  filter: 'bilinear' | 'area' | 'bicubic';
  scale: number;
  /** Three numbers each. */
  mean: number[];
  std: number[];
  background: number[];
  quantum: number;
  zeroPoint: number;
}

/** A batch of pictures that the engine makes a tensor of. */
export interface WireImage {
  name: string;
  format: ImageFormat;
  images: WirePixels[];
}
export type WireFeed = WireValue | WireImage;

/** Samples that the engine makes a tensor of; channels one behind the other. */
export interface WireAudio {
  samples: ArrayBuffer;
  channels: number;
  sampleRate: number;
  format: AudioFormat;
}

/** What becomes of samples, complete; see engine/preprocess/audio.h. */
export interface AudioFormat {
  rate: number;
  length?: number;
  mel?: MelFormat;
}

/** As MelOptions there. */
export interface MelFormat {
  fftSize: number;
  hopLength: number;
  windowLength: number;
  mels: number;
  fMin: number;
  fMax: number;
  htk: boolean;
  slaney: boolean;
  center: boolean;
  reflects: boolean;
  power: number;
  log: string;
  floor: number;
  topDb: number;
}

export interface StartParams extends Pick<EngineOptions, 'threads' | 'flavour'> {
  limits: Limits;
  assets?: string;
  /** Whether it is to quantize, which the modules of the flavours cannot. */
  quantizer: boolean;
  /** Whether somebody hears how far the start has come. */
  listens: boolean;
}
export interface StartResult {
  info: EngineInfo;
  /** What must be equal for an engine to restore what another one kept. */
  build: string;
  /** The engine's memory where it is shared, and where in it the word lies that stops a run. */
  memory?: SharedArrayBuffer;
  cancelAddress: number;
}

/** A model that has been sent, and its external files by name. */
export interface Uploaded {
  upload: number;
  external: Record<string, number>;
}

export interface SessionDescription {
  session: number;
  inputs: TensorInfo[];
  outputs: TensorInfo[];
  metadata: Record<string, string>;
  /** Of the model file, in hexadecimal; '' where it was not hashed. */
  sha256: string;
}

interface PrepareParams {
  warmUp: boolean;
  watch?: WatchParams;
}

/** What a caller says of a request besides its feeds. */
export interface WatchExtras {
  /** 'key=value,key=value', in the order of the keys; '' for none. */
  slice: string;
  features?: Record<string, number | string>;
  /** '': none. */
  id: string;
  /** Whether the monitor looks at feeds and results; else it counts times alone. */
  looks: boolean;
  /** Whether the page was, when it asked. */
  hidden: boolean;
  /** When the page began to prepare the feeds, in milliseconds since 1970. */
  preparedFrom: number;
}

export interface RunParams {
  session: number;
  /** What keeps its state between runs; 0: nothing. */
  stream: number;
  feeds: WireFeed[];
  outputs: string[];
  /** undefined: the monitor does not see the run. */
  watch?: WatchExtras;
  /** When the caller asked, in milliseconds since 1970. */
  askedAt: number;
  /** Whether the buffers of the feeds come back, to be filled again. */
  giveBack: boolean;
}

export interface RunResult {
  values: WireValue[];
  spare: ArrayBuffer[];
  times: RunTimes;
}

/** Of the stages of a run, in ms; NaN for one that it did not have. */
export type RunTimes = Record<'queue' | 'preprocess' | 'copyIn' | 'infer' | 'copyOut' | 'total', number>;

/** The standalone monitoring objects, by handle. */
export type WatchObject = 'histogram' | 'detector';

export interface WatchParams {
  /** The JSON of a ReferenceProfile, or '' for none. */
  profile: string;
  learn: number;
  falseAlarmEvery: number;
  sample: number;
  quality: string;
  slo?: { p95Ms: number; errorBudget: number };
  /** Whether the engine has to know the model's digest. */
  hash: boolean;
  /** One run in so many has a clock around every operator; 0: none. */
  operators: number;
  /** When the watch began, in milliseconds since 1970. */
  startedAt: number;
}

export interface DetectorParams {
  falseAlarmEvery: number;
  method: string;
  /** Whether neighbouring rows may resemble each other. */
  correlated: boolean;
}

/** What a detector says of the rows it was given. */
export interface DetectorUpdate {
  /** The first row of this call that raised an alarm, from 0. */
  alarmAt: number | null;
  /** After the last row. */
  state: 'calm' | 'drifting';
}

/** What a quantizer is to do, complete; see engine/quantize/options.h. */
export interface QuantizerParams {
  to: 'int8' | 'dynamic-int8' | 'blocks' | 'float16';
  method: string;
  percentile: number;
  signedActivations: boolean;
  biasCorrection: boolean;
  equalize: boolean;
  smooth: number;
  perChannel: boolean;
  reduceRange: boolean;
  bits: number;
  blockSize: number;
  excludeNodes: string[];
  excludeOps: string[];
}

export interface QuantizerDescription {
  inputs: TensorInfo[];
  /** Those that are quantized, in order of execution. */
  nodes: string[];
  /** Whether it has to see samples before it writes. */
  wantsSamples: boolean;
  /** Of the model file and its external files. */
  byteLength: number;
  /** Of the model file, in hexadecimal. */
  sha256: string;
}

/** Signal to quantization noise of a layer quantized alone, in dB. */
export interface LayerError {
  /** Its node. */
  node: string;
  /** Its operator. */
  op: string;
  /** Of its weights; 200 where nothing differs, null of what has none with a scale by layer or channel. */
  weightSqnr: number | null;
  /** Of the model's outputs; 200 where nothing differs, null where no sample was small enough to be kept. */
  outputSqnr: number | null;
}

export interface Methods {
  start: { params: StartParams; result: StartResult };
  begin: { params: { total?: number; hash: boolean }; result: number };
  chunk: { params: { upload: number; bytes: Uint8Array }; result: void };
  /** As chunks of all its bytes behind `head`, with which it has to begin. */
  read: { params: { upload: number; file: Blob | FileSystemFileHandle; head: Uint8Array }; result: void };
  /** Checks the digest; the upload is gone when it does not match. Errors call it `what`. */
  verify: { params: { upload: number; sha256: string; what: string }; result: void };
  discard: { params: { uploads: number[] }; result: void };
  load: {
    params: Uploaded & PrepareParams & { dims: Record<string, number>; referenceOnly: boolean; without: readonly string[]; keep: boolean };
    result: SessionDescription;
  };
  /** A session of what `keptPart` gave for an earlier one, of the same build. */
  restore: { params: { upload: number; sha256: string } & PrepareParams; result: SessionDescription };
  /** The next part of what a session can be restored from, of at most `most` bytes; an empty one at the end. 0: no more. */
  keptPart: { params: { session: number; most: number }; result: ArrayBuffer };
  inspect: { params: Uploaded; result: ModelReport };
  parseValue: { params: { upload: number; kind: string }; result: WireValue };
  run: { params: RunParams; result: RunResult };
  profile: { params: { session: number; feeds: WireFeed[]; runs: number }; result: OperatorProfile[] };
  /** `state`: output by input; `feeds`: first values. */
  openStream: { params: { session: number; state: Record<string, string>; feeds: WireFeed[] }; result: number };
  resetStream: { params: { session: number; stream: number }; result: void };
  /** Takes the state of the run before the last one. */
  undoStream: { params: { session: number; stream: number }; result: void };
  closeStream: { params: { session: number; stream: number }; result: void };
  imageTensor: { params: { feeds: WireImage[] }; result: WireValue };
  audioTensor: { params: WireAudio; result: WireValue };
  explain: { params: { session: number }; result: ExplainRow[] };
  disposeSession: { params: { session: number }; result: void };
  /** `last`: of the latest good run. */
  snapshot: { params: { session: number }; result: { json: string; last?: RunTimes; ownMs: number; operators: OperatorProfile[] } };
  feedback: { params: { session: number; id: string; label: number | string }; result: void };
  postprocess: { params: { session: number; ms: number }; result: void };
  /** What restoreMonitor goes on with. */
  saveMonitor: { params: { session: number }; result: Uint8Array<ArrayBuffer>[] };
  restoreMonitor: { params: { session: number; sha256: string; watch: WatchParams; state: ArrayBuffer }; result: void };
  exportMonitor: { params: { session: number; format: string }; result: string };
  exportProfile: { params: { session: number }; result: string };
  resetMonitor: { params: { session: number }; result: void };
  createHistogram: { params: undefined; result: number };
  record: { params: { histogram: number; ms: ArrayBuffer }; result: void };
  quantiles: { params: { histogram: number; qs: number[] }; result: (number | null)[] };
  merge: { params: { histogram: number; other: number }; result: void };
  histogramJson: { params: { histogram: number }; result: string };
  mergeProfiles: { params: { profiles: string[] }; result: string };
  createProfile: { params: { rows: ArrayBuffer; features: string[] }; result: string };
  createDetector: { params: { profile: string } & DetectorParams; result: number };
  compareWindow: { params: { profile: string; rows: ArrayBuffer }; result: string };
  update: { params: { detector: number; rows: ArrayBuffer }; result: DetectorUpdate };
  resetDetector: { params: { detector: number }; result: void };
  disposeWatch: { params: { kind: WatchObject; handle: number }; result: void };
  beginQuantizer: { params: Uploaded & { options: QuantizerParams }; result: QuantizerDescription };
  observe: { params: { feeds: WireFeed[] }; result: void };
  /** The SHA-256 of all that was observed, in hexadecimal. */
  observed: { params: void; result: string };
  measureLayer: { params: { node: string; samples: number }; result: LayerError };
  writeQuantized: { params: { metadata: Record<string, string>; inFloat: string[] }; result: ArrayBuffer };
  memory: { params: undefined; result: MemoryReport };
  operators: { params: undefined; result: OperatorInfo[] };
}

export type Method = keyof Methods;
export type Params<M extends Method> = Methods[M]['params'];
export type ResultOf<M extends Method> = Methods[M]['result'];

export interface Call<M extends Method = Method> {
  id: number;
  method: M;
  params: Params<M>;
}

export type Reply =
  | { id: number; result: unknown }
  | { id: number; error: ErrorFields }
  | { id: number; progress: Progress }
  /** Something a session's monitor noticed; `detail` is JSON. */
  | { session: number; event: string; detail: string }
  /** The instance is broken; nothing it holds can be used any more. */
  | { crashed: ErrorFields };

/** Said once by a worker that holds the lock of this name while it has calls to answer. Stays between the two ends of life.ts. */
export interface LifeSign {
  lock: string;
}

/** The side of a Worker, a MessagePort or Node's parentPort that both ends of the line use. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: { data: never }) => void) | null;
  ref?(): void;
  unref?(): void;
}

/** An open way to an instance. */
export interface Line {
  port: Port;
  close(): void;
}
