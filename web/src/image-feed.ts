// image(): pictures as feeds, which the engine scales, normalises and lays out on its own side of the line.
// Invariant: a source belongs to the caller; it is read when the run is asked for, and only there.
import type { ImageFit } from './placement.js';
import type { DType } from './tensor.js';

/** Bytes of pixels, row by row: one (gray), three (RGB) or four (RGBA) each. */
export interface RawImage {
  /** width * height * 1, 3 or 4 of them. */
  readonly data: Uint8Array | Uint8ClampedArray;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
}

/** What an image can be taken from. Under Node, which has none of the others, RawImage. */
export type ImageSource =
  | RawImage
  | ImageData
  | ImageBitmap
  | VideoFrame
  | HTMLImageElement
  | HTMLVideoElement
  | HTMLCanvasElement
  | SVGImageElement
  | OffscreenCanvas
  | Blob;

/** What becomes of an image. */
export interface ImageOptions {
  /** Of the tensor, in pixels. By default what the model's input declares. */
  width?: number;
  /** Of the tensor, in pixels. By default what the model's input declares. */
  height?: number;
  /**
   * Where proportions differ: 'cover' (the default) shows the middle, 'contain' all of it with a margin, 'fill' distorts.
   */
  fit?: ImageFit;
  /** Of 'cover': how much of the scaled image the tensor shows; 224 / 256 scales to 256 and cuts out 224. Default 1. */
  crop?: number;
  /** How it is scaled, antialiased as Pillow does; default 'bilinear'. 'area' averages. */
  filter?: 'bilinear' | 'area' | 'bicubic';
  /** Red, green and blue (0 to 255) of margins and behind what is transparent; default black. */
  background?: readonly [number, number, number];
  /** The channels and their order. By default 'rgb', or 'gray' where the model's input has one channel. */
  channels?: 'rgb' | 'bgr' | 'gray';
  /** By default what the model's input looks like, else 'nchw'. */
  layout?: 'nchw' | 'nhwc';
  /** By default the type of the model's input, else float32. */
  dtype?: Extract<DType, 'float32' | 'float16' | 'uint8' | 'int8'>;
  /** Elements are (byte * scale - mean) / std. Default 1/255; 1 for integers without `quantization`. */
  scale?: number;
  /** One for all channels, or one each, in the order of the tensor. Default 0. */
  mean?: number | readonly number[];
  /** One for all channels, or one each, in the order of the tensor. Default 1. */
  std?: number | readonly number[];
  /** Of integers: elements are divided by `scale`, rounded half to even, `zeroPoint` is added, and they are saturated. */
  quantization?: {
    /** Of the model's input. */
    readonly scale: number;
    /** Of the model's input. */
    readonly zeroPoint: number;
  };
}

/** One picture, or several of a batch, on the way into a model; made by image(). */
export class ImageFeed {
  /** @internal */
  readonly sources: readonly ImageSource[];
  /** @internal */
  readonly options: ImageOptions;

  /** @internal */
  constructor(sources: readonly ImageSource[], options: ImageOptions) {
    this.sources = sources;
    this.options = options;
  }
}

/** A picture, or several as a batch, as a feed of run(). What options leave open follows from the model's input. */
export function image(source: ImageSource | readonly ImageSource[], options: ImageOptions = {}): ImageFeed {
  return new ImageFeed(Array.isArray(source) ? [...source] : [source as ImageSource], { ...options });
}
