// The face that bindings/ gives the WebAssembly module, typed by hand; see bindings/module.cc and, of the one that quantizes,
// bindings/quantizer.cc.
// Invariant: a call returns { ok } or { error } and throws only when the instance is broken.
import type { ErrorFields } from '../errors.js';
import type { DType } from '../tensor.js';
import type { ExplainRow, Limits, MemoryReport, ModelReport, OperatorInfo, OperatorProfile } from '../types.js';
import type { AudioFormat, DetectorParams, DetectorUpdate, ImageFormat, LayerError, QuantizerDescription, QuantizerParams,
  SessionDescription, WatchObject, WatchParams, WireGroup } from './protocol.js';

export type Outcome<T> = { ok: T } | { error: ErrorFields };

/** A tensor in the module's memory, valid until the next call about the same session or upload. */
export interface NativeTensor {
  name: string;
  dtype: DType;
  dims: number[];
  pointer: number;
  byteLength: number;
  strings?: string[];
}
export interface NativeGroup extends Omit<WireGroup, 'items'> {
  items: NativeValue[];
}
export type NativeValue = NativeTensor | NativeGroup;

/** Bytes in the module's memory, valid until the next call about the same object. */
export interface NativeBytes {
  pointer: number;
  byteLength: number;
}

export interface NativeWatch extends WatchParams {
  /** What times are measured on. */
  context: Record<string, string>;
  /** A random name of the watch. */
  instance: string;
}

/** What is to be said of a request besides its times; strings take their time on the way, so that undefined stands for nothing. */
export interface Said {
  /** How it ended; '' is well. */
  failure: string;
  slice: string;
  id: string;
  features?: Record<string, number | string>;
}

/** What a monitor noticed; `json` is the detail of the event. */
export interface Noticed {
  kind: string;
  json: string;
}

/** How a session is made ready; `onPhase` is told what begins. */
interface Preparation {
  warmUp: boolean;
  onPhase(phase: 'plan' | 'warmup'): void;
}

export type NativeSession = Omit<SessionDescription, 'sha256'>;

export interface NativeModule {
  readonly wasmMemory: WebAssembly.Memory;
  readonly PThread?: { unusedWorkers: Worker[]; terminateAllThreads(): void };

  /** `memoryBytes`: what the memory can grow to. `traits`: what kept models depend on besides the build. */
  start(threads: number, limits: Limits, memoryBytes: number): Outcome<
    { version: string; traits: string; switches: string[]; cancelAddress: number }
  >;

  /** `total` below zero: not known. */
  uploadBegin(total: number, hash: boolean): Outcome<number>;
  /** Room for `bytes` more at the end; gives the pointer to write them to. */
  uploadReserve(upload: number, bytes: number): Outcome<number>;
  /** What was written to the reserved room now belongs to the upload, and is hashed. */
  uploadCommit(upload: number, bytes: number): Outcome<undefined>;
  /** The SHA-256 of all that was committed, in hexadecimal. */
  uploadDigest(upload: number): Outcome<string>;
  uploadDiscard(upload: number): void;

  /** Takes the uploads. */
  load(
    upload: number,
    external: Record<string, number>,
    options: { dims: Record<string, number>; referenceOnly: boolean; without: readonly string[]; keep: boolean } & Preparation,
  ): Outcome<NativeSession>;
  /** Takes the upload: all parts that `keptPart` gave, one behind the other. */
  restore(upload: number, options: Preparation): Outcome<NativeSession>;
  /** The next part of what a session loaded with `keep` can be restored from, of at most `most` bytes; none at the end. 0: no more. */
  keptPart(session: number, most: number): Outcome<NativeBytes>;
  inspect(upload: number, external: Record<string, number>): Outcome<ModelReport>;
  /** `kind`: 'sequence' or 'optional'; anything else stands for a tensor. */
  parseValue(upload: number, kind: string): Outcome<NativeValue>;

  /** Takes the uploads. The instance has one quantizer, which the other calls are about. */
  quantizerBegin(upload: number, external: Record<string, number>, options: QuantizerParams): Outcome<Omit<QuantizerDescription, 'sha256'>>;
  /** Takes what was staged for session 0, in the order of the model's inputs. */
  quantizerObserve(): Outcome<undefined>;
  /** The SHA-256 of all that was observed, in hexadecimal. */
  quantizerSeen(): Outcome<string>;
  quantizerMeasure(node: string, samples: number): Outcome<LayerError>;
  /** The model, valid until `quantizerDrop`. */
  quantizerWrite(metadata: Record<string, string>, inFloat: string[]): Outcome<NativeBytes>;
  quantizerDrop(): void;

  /** Memory for the feed `name` of a session, or of what is none (0), whose size must be `byteLength`; gives the pointer to write its data to. */
  stage(session: number, name: string, dtype: string, dims: number[], byteLength: number): Outcome<number>;
  stageStrings(session: number, name: string, dims: number[], strings: string[]): Outcome<undefined>;
  /** Makes the last `count` staged feeds the items of one. */
  stageGroup(session: number, name: string, kind: string, count: number): Outcome<undefined>;
  /** Runs on what was staged; `stream` 0: without a state. Results stay until `clear`. */
  run(session: number, stream: number, outputs: string[], timeSteps: boolean): Outcome<NativeValue[]>;
  /** `state`: output by input. What is staged is its first value. */
  openStream(session: number, state: Record<string, string>): Outcome<number>;
  resetStream(session: number, stream: number): Outcome<undefined>;
  /** The state is what it was before the last run. */
  undoStream(session: number, stream: number): Outcome<undefined>;
  closeStream(session: number, stream: number): void;

  /** Begins a tensor of `count` images. */
  imageBegin(format: ImageFormat, count: number): Outcome<undefined>;
  /** The pixels in scratch memory, which may be changed, scaled to so many pixels and laid there. */
  imageAdd(
    index: number, width: number, height: number, channels: number,
    scaledWidth: number, scaledHeight: number, left: number, top: number, bgr: boolean, opaque: boolean,
  ): Outcome<undefined>;
  /** A tensor of `samples` float32 in scratch memory, channels one behind the other. */
  audio(samples: number, channels: number, sampleRate: number, format: AudioFormat): Outcome<undefined>;
  /** The tensor of images or samples, valid until another is begun. */
  prepared(): NativeTensor;
  /** Makes it the feed `name`. */
  stagePrepared(session: number, name: string): Outcome<undefined>;
  dropPrepared(): void;
  profile(session: number, runs: number): Outcome<OperatorProfile[]>;
  /** Of all runs with `timeSteps`. */
  sampled(session: number): Outcome<OperatorProfile[]>;
  /** Frees staged feeds and results. */
  clear(session: number): void;
  explain(session: number): Outcome<ExplainRow[]>;
  disposeSession(session: number): void;

  /** Starts the watch of a session. The SHA-256 of the model stands in profiles, '' where it was not hashed. */
  monitorStart(session: number, options: NativeWatch, clockStepMs: number, sha256: string): Outcome<undefined>;
  /** Puts what `monitorSave` gave, `bytes` in scratch memory, in the place of the session's monitor. */
  monitorRestore(session: number, options: NativeWatch, clockStepMs: number, sha256: string, bytes: number): Outcome<undefined>;
  /** What monitorRestore takes, in parts. */
  monitorSave(session: number): Outcome<Uint8Array<ArrayBuffer>[]>;
  /**
   * Lets the monitor read the staged feeds while they are fresh. DataQuality where it refuses them, which happens only where it
   * was told to.
   */
  monitorJudge(session: number, said: Said | undefined): Outcome<undefined> | undefined;
  /**
   * One request: its times in ms (NaN: not measured), and when it began in milliseconds since 1970.
   * After a good one with `looks` the staged feeds and the results are looked at. Gives what was noticed.
   */
  monitorObserve(
    session: number, queue: number, preprocess: number, copyIn: number, infer: number, copyOut: number, total: number,
    startedAt: number, hidden: boolean, looks: boolean, said: Said | undefined,
  ): Noticed[] | undefined;
  monitorPostprocess(session: number, ms: number): Outcome<undefined>;
  monitorFeedback(session: number, id: string, label: number | string): Outcome<Noticed[] | undefined>;
  monitorSnapshot(session: number): Outcome<string>;
  /** The text of an export; `now` in milliseconds since 1970. */
  monitorExport(session: number, format: string, now: number): Outcome<string>;
  monitorProfile(session: number): Outcome<string>;
  monitorReset(session: number, now: number, instance: string): Outcome<undefined>;

  /** Memory of `bytes` to hand numbers over in; valid until the next call of scratch(). */
  scratch(bytes: number): Outcome<number>;
  createHistogram(clockStepMs: number): Outcome<number>;
  /** `count` float64 in scratch memory. */
  histogramRecord(histogram: number, count: number): Outcome<undefined>;
  histogramQuantiles(histogram: number, qs: number[]): Outcome<(number | null)[]>;
  histogramMerge(histogram: number, other: number): Outcome<undefined>;
  histogramJson(histogram: number): Outcome<string>;
  /** `count` float32 in scratch memory, row by row. */
  createProfile(count: number, features: string[]): Outcome<string>;
  mergeProfiles(profiles: string[]): Outcome<string>;
  createDetector(profile: string, options: DetectorParams): Outcome<number>;
  /** `count` float32 in scratch memory, row by row; gives a WindowReport as JSON. */
  compareWindow(profile: string, count: number): Outcome<string>;
  detectorUpdate(detector: number, count: number): Outcome<DetectorUpdate>;
  detectorReset(detector: number): Outcome<undefined>;
  disposeWatch(kind: WatchObject, handle: number): void;

  memory(): MemoryReport;
  operators(): OperatorInfo[];
}
