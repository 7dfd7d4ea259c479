// image(): pictures as feeds, which the engine scales, normalises and lays out on its own side of the line.
// Invariant: a source belongs to the caller, who may change or close it as soon as the run has been asked for.
import { checkPlain } from './check.js';
import { fail, toInsituError } from './errors.js';
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
  checkPlain(fail, options, 'options');
  return new ImageFeed(Array.isArray(source) ? [...source] : [source as ImageSource], { ...options });
}

/** What the line has of a source, whatever becomes of that. `of`: where pixels come from if the frame is not opaque. */
export type Held =
  | { data: ArrayBuffer; width: number; height: number; channels: number }
  | { frame: VideoFrame; of?: ImageBitmapSource }
  | { source: ImageBitmapSource };

/* A frame of what has pixels already costs next to nothing. */
const videos = ['VideoFrame', 'HTMLVideoElement'];
const bitmaps = ['ImageBitmap', 'HTMLCanvasElement', 'OffscreenCanvas'];

/** Of all sources of `feed`; `room` gives buffers. InvalidArgument for what is no image or has none yet. */
export function hold({ sources }: ImageFeed, room: (bytes: number) => ArrayBuffer): Held[] {
  if (sources.length === 0) fail('InvalidArgument', 'a batch of no images', 'Pass one image at least.');
  const held: Held[] = [];
  try {
    for (const source of sources) held.push(holdOne(source, room));
    return held;
  } catch (thrown) {
    letGo(held);
    throw thrown;
  }
}

/** Closes the frames of what will not be sent. */
export function letGo(held: readonly Held[]): void {
  for (const one of held) if ('frame' in one) one.frame.close();
}

function holdOne(source: ImageSource, room: (bytes: number) => ArrayBuffer): Held {
  if (typeof source !== 'object' || source === null) return refuse(source);
  if ('data' in source) {
    const { data, width, height } = source;
    const channels = data?.length / (width * height);
    if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray) || ![1, 3, 4].includes(channels)) return refuse(source);
    const copy = room(data.length);
    new Uint8Array(copy).set(data);
    return { data: copy, width, height, channels };
  }
  const isA = (names: string[]) => names.some((name) => {
    const type = (globalThis as Record<string, unknown>)[name];
    return typeof type === 'function' && source instanceof type;
  });
  if (typeof VideoFrame !== 'function' || !isA([...videos, ...bitmaps])) return { source: source as ImageBitmapSource };
  try {
    const frame = new VideoFrame(source as CanvasImageSource, isA(['VideoFrame']) ? undefined : { timestamp: 0 });
    return isA(videos) ? { frame } : { frame, of: source as ImageBitmapSource };
  } catch (thrown) {
    return fail('InvalidArgument', `the image cannot be read: ${toInsituError(thrown).message}`,
      'It is closed, empty, or not loaded yet: a video has its first frame with the event loadeddata.', thrown);
  }
}

function refuse(source: unknown): never {
  fail('InvalidArgument', `${Object.prototype.toString.call(source)} is no image`,
    'Pass an ImageBitmap, ImageData, VideoFrame, element, canvas or Blob, or { data, width, height } with 1, 3 or 4 bytes a pixel.');
}
