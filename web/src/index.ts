// insitu: runs ONNX models where the data is. What is exported here is the whole API; docs/api.md describes it.
/** Engines, sessions, tensors and the watch. @module insitu */
export { audioTensor, clearCache, Engine, imageTensor, listCache, load } from './engine.js';
export { InsituError } from './errors.js';
export { image } from './image-feed.js';
export { verifySignature } from './signature.js';
export { tensor } from './tensor.js';
export type { AudioOptions, AudioSource, MelOptions } from './audio.js';
export type { ErrorCode } from './errors.js';
export type { ImageFeed, ImageOptions, ImageSource, RawImage } from './image-feed.js';
export type { Monitor, MonitorEventType } from './monitor.js';
export type { ImageFit } from './placement.js';
export type { Quantized, QuantizeOptions, QuantizeProgress, QuantizeReport, QuantizeSamples, QuantizeTry } from './quantize/types.js';
export type { Canary, CanaryOptions, CanaryReport, RollbackReason } from './release/canary.js';
export type { CandidateOptions, Golden, ModelName } from './release/candidate.js';
export type { LikenessReport } from './release/likeness.js';
export type { Shadow, ShadowOptions, ShadowReport } from './release/shadow.js';
export type { SwapOptions, SwapReport } from './release/swap.js';
export type { Quantiles, TallyReport } from './release/tally.js';
export type { Sides } from './release/trial.js';
export type { DetectorUpdate, LayerError } from './rpc/protocol.js';
export type { Session } from './session.js';
export type { SignedFile, TrustedKey, TrustOptions } from './signature.js';
export type { AccuracySnapshot, DriftAlarm, DriftFeature, DriftSnapshot, LatencySnapshot, MonitorSnapshot, OutputCounts,
  QualityCounts, QualityIssue, SliceSnapshot, SloSnapshot, Stage, StageLatency } from './snapshot.js';
export type { Stream, StreamOptions } from './stream.js';
export type { DType, Tensor, TensorInfo, TypedArray, TypeInfo } from './tensor.js';
export type { CacheEntry, DetectorOptions, EngineInfo, EngineOptions, ExplainRow, Flavour, InspectOptions, Limits, LoadOptions, MemoryReport,
  ModelReport, ModelSource, MonitorOptions, OperatorInfo, OperatorProfile, Progress, ReferenceProfile, RunOptions,
  WindowReport } from './types.js';
export type { Value } from './value.js';
export type { Detector, Histogram } from './watches.js';
