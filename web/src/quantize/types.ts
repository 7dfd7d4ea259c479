// What engine.quantize() takes and gives, without behaviour.
import type { ImageFeed } from '../image-feed.js';
import type { LayerError } from '../rpc/protocol.js';
import type { InspectOptions } from '../types.js';
import type { Value } from '../value.js';

/** Feeds as run() takes them, one sample after the other. */
export type QuantizeSamples = Iterable<Record<string, Value | ImageFeed>> | AsyncIterable<Record<string, Value | ImageFeed>>;

/** How a model is quantized. Options that say nothing about the form that is asked for are refused. */
export interface QuantizeOptions extends Pick<InspectOptions, 'externalData' | 'integrity' | 'externalIntegrity' | 'signal'> {
  /**
   * 'int8' (the default): weights and activations, whose ranges samples tell; 'dynamic-int8': weights, and activations with the
   * range of each run; 'int4' and 'int8-blocks': weights of matrix products, in blocks; 'float16': weights.
   */
  to?: 'int8' | 'dynamic-int8' | 'int4' | 'int8-blocks' | 'float16';
  /** Of int8: how the range of an activation follows from what was seen; default 'min-max'. */
  method?: 'min-max' | 'percentile' | 'entropy' | 'mse';
  /** Of the method 'percentile': how much of the values is in range, in percent, above 50; default 99.99. */
  percentile?: number;
  /** Of int8; default 'uint8'. */
  activations?: 'uint8' | 'int8';
  /** Of int8 and dynamic-int8: whether each output channel has a scale of its own; default true. */
  perChannel?: boolean;
  /** Of int8 and dynamic-int8: weights of 7 bits, for processors whose sums of products saturate; default false. */
  reduceRange?: boolean;
  /** Of int8: biases make up for the mean error of the weights; default true. */
  biasCorrection?: boolean;
  /** Of int8: weights of neighbouring layers are scaled alike, channel by channel; default false. */
  equalize?: boolean;
  /** Of int8: how much of the range of activations weights take over, 0 to 1, for transformers (SmoothQuant); default 0. */
  smooth?: number;
  /** Of int4 and int8-blocks: weights that share a scale, a power of two from 16 to 4096; default 32. */
  blockSize?: number;
  /** What stays in float. */
  exclude?: {
    /** Names of nodes. */
    nodes?: readonly string[];
    /** Types of operators: 'Softmax'. */
    ops?: readonly string[];
  };
  /** Whether each layer is quantized alone and compared with float; on so many samples, by default 8. Default false. */
  sensitivity?: boolean | {
    /** On how many samples at most. */
    samples: number;
  };
  /**
   * Leaves the layers with the lowest output SQNR in float: so many, or one after the other as long as `until` says false. Few
   * models are written for that: the number is searched for.
   */
  keepFloat?: {
    /** How many. */
    layers: number;
  } | {
    /** Whether this model is good enough. */
    until(model: Uint8Array<ArrayBuffer>, info: QuantizeTry): boolean | Promise<boolean>;
  };
  /** More entries for the model's metadata_props. */
  metadata?: Readonly<Record<string, string>>;
  /** The SHA-256 of the calibration data in hexadecimal, where one is known; by default a digest of the samples. */
  calibrationDigest?: string;
  /** Told how far it is. */
  onProgress?: (progress: QuantizeProgress) => void;
}

/** How far a quantization is. */
export interface QuantizeProgress {
  /** In their order: what quantizes is downloaded, samples are observed, layers measured, models written. */
  readonly phase: 'engine' | 'observe' | 'measure' | 'write';
  /** Bytes, samples, layers or models that are done. */
  readonly done: number;
  /** Where it is known. */
  readonly total?: number;
}

/** A model that was written on the way to the goal. */
export interface QuantizeTry {
  /** The layers that were left in float for it, those with the lowest output SQNR first. */
  readonly inFloat: readonly string[];
  /** Its size. */
  readonly bytes: number;
}

/** What became of a model that was quantized. */
export interface QuantizeReport {
  /** As in the options. */
  readonly to: string;
  /** The nodes that are quantized, in order of execution. */
  readonly nodes: readonly string[];
  /** What stayed in float: the nodes that the options name, then those that did because of their error, in order of execution. */
  readonly excluded: readonly string[];
  /** The layers as they were measured, in order of execution; empty where none was. */
  readonly layers: readonly LayerError[];
  /** How many samples were observed. */
  readonly samples: number;
  /** The model with its external files. */
  readonly bytesBefore: number;
  /** The quantized model. */
  readonly bytesAfter: number;
  /** Whether `keepFloat.until` said true in the end; null without it. */
  readonly goalMet: boolean | null;
  /** What was tried for it, in order. */
  readonly tries: readonly (QuantizeTry & {
    /** What `until` said. */
    readonly met: boolean;
  })[];
  /** The SHA-256 of the float model file, in hexadecimal. */
  readonly parent: string;
  /** That of the calibration data; null where none was needed. */
  readonly calibration: string | null;
}

/** What engine.quantize() gives. */
export interface Quantized {
  /** An ONNX file. Where the goal was not met, the one with the most layers in float. */
  readonly model: Uint8Array<ArrayBuffer>;
  /** What became of it. */
  readonly report: QuantizeReport;
}
