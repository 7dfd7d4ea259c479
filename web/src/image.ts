// From a picture in the page to what the engine makes a tensor of: the pixels or what holds them, and the format in full.
// A module of its own, because only those who feed images load it; `fail` comes from index.js, whose InsituError is the one.
// Invariant: what options ask for is checked here, before anything is sent.
import type { fail as failWith } from './errors.js';
import { copyPixels } from './frame-pixels.js';
import type { ImageFeed, ImageOptions, ImageSource } from './image-feed.js';
import type { ImageFormat, WireImage, WirePixels } from './rpc/protocol.js';
import type { TensorInfo } from './tensor.js';

type Fail = typeof failWith;

/** What is lent by index.js: its errors, and buffers of an earlier run to fill. */
interface Lent {
  fail: Fail;
  room(bytes: number): ArrayBuffer;
}

/** `info`: the input that is fed, whose extents and type stand for what options leave open. */
export async function toWireImage(lent: Lent, { sources, options }: ImageFeed, info?: TensorInfo): Promise<WireImage> {
  const { fail } = lent;
  const format = formatOf(fail, options, info);
  if (sources.length === 0) fail('InvalidArgument', 'a batch of no images', 'Pass one image at least.');
  const read = sources.map((source) => pixelsOf(lent, source));
  try {
    return { name: info?.name ?? '', format, images: await Promise.all(read) };
  } catch (thrown) {
    for (const one of await Promise.allSettled(read)) if (one.status === 'fulfilled') close(one.value);
    throw thrown;
  }
}

function close(pixels: WirePixels): void {
  if ('frame' in pixels) pixels.frame.close();
  if ('bitmap' in pixels) pixels.bitmap.close();
}

const choices = {
  fit: ['cover', 'contain', 'fill'],
  filter: ['bilinear', 'area', 'bicubic'],
  channels: ['rgb', 'bgr', 'gray'],
  layout: ['nchw', 'nhwc'],
  dtype: ['float32', 'float16', 'uint8', 'int8'],
} as const;

function formatOf(fail: Fail, options: ImageOptions, info?: TensorInfo): ImageFormat {
  const declared = declaredBy(info, options.layout);
  const { width = declared.width, height = declared.height, dtype = (info?.dtype ?? 'float32') as ImageFormat['dtype'],
    layout = declared.layout, channels = declared.channels === 1 ? 'gray' : 'rgb', fit = 'cover', filter = 'bilinear', crop = 1,
    quantization, background = [0, 0, 0] } = options;
  for (const [name, value] of Object.entries({ fit, filter, channels, layout, dtype })) {
    const known: readonly string[] = choices[name as keyof typeof choices];
    if (!known.includes(value)) fail('InvalidArgument', `an image's ${name} is '${value}'`, `Known: ${known.join(', ')}.`);
  }
  if (width === undefined || height === undefined) {
    fail('InvalidArgument', `nobody knows how large the image is to be${info ? ` for '${info.name}'` : ''}`, 'Pass width and height.');
  }
  if (!(crop > 0 && crop <= 1)) fail('InvalidArgument', `crop is ${crop}`, 'Pass a number above 0, up to 1: 224 / 256.');
  const integers = dtype === 'uint8' || dtype === 'int8';
  const { scale = integers && !quantization ? 1 : 1 / 255 } = options;
  const [least, most] = dtype === 'int8' ? [-128, 127] : [0, 255];
  const { zeroPoint = 0 } = quantization ?? {};
  if (integers && !(Number.isInteger(zeroPoint) && zeroPoint >= least! && zeroPoint <= most!)) {
    fail('InvalidArgument', `the zero point ${zeroPoint} is no ${dtype}`, `Pass a whole number from ${least} to ${most}.`);
  }
  if (background.length !== 3) fail('InvalidArgument', `the background is ${background}`, 'Pass red, green and blue, 0 to 255 each.');
  if (dtype === 'int8' && !quantization) {
    fail('InvalidArgument', 'bytes of pixels do not fit into int8', "Pass the quantization of the model's input: { scale, zeroPoint }.");
  }
  const triple = (name: string, given: number | readonly number[]): number[] => {
    const count = channels === 'gray' ? 1 : 3;
    const numbers = typeof given === 'number' ? Array.from({ length: 3 }, () => given) : [...given, ...(count === 1 ? [0, 0] : [])];
    if (numbers.length === 3) return name === 'std' && count === 1 ? [numbers[0]!, 1, 1] : numbers;
    return fail('InvalidArgument', `${name} has ${given as readonly number[]} for the channels '${channels}'`, 'Pass one number, or one for each channel.');
  };
  return {
    dtype, width, height, fit, crop, filter, channels, scale, channelsLast: layout === 'nhwc',
    mean: triple('mean', options.mean ?? 0), std: triple('std', options.std ?? 1), background: [...background],
    quantum: quantization?.scale ?? 1, zeroPoint,
  };
}

interface Declared {
  width?: number;
  height?: number;
  channels?: number;
  layout: 'nchw' | 'nhwc';
}

/* What an input of four extents says of the images that it takes. */
function declaredBy(info: TensorInfo | undefined, asked?: 'nchw' | 'nhwc'): Declared {
  const extents = info?.dims.length === 4 ? info.dims.map((dim) => (typeof dim === 'number' ? dim : undefined)) : [];
  const isChannels = (extent: number | undefined) => extent === 1 || extent === 3;
  const layout = asked ?? (!isChannels(extents[1]) && isChannels(extents[3]) ? 'nhwc' : 'nchw');
  const [channels, height, width] = layout === 'nchw' ? extents.slice(1) : [extents[3], extents[1], extents[2]];
  return { layout, channels, height, width };
}

const isA = (name: string, value: object) => {
  const type = (globalThis as Record<string, unknown>)[name];
  return typeof type === 'function' && value instanceof type;
};

/* A frame of what has pixels already costs next to nothing, and they are read without a canvas: those of videos by the engine. */
const videos = ['VideoFrame', 'HTMLVideoElement'];
const bitmaps = ['ImageBitmap', 'HTMLCanvasElement', 'OffscreenCanvas'];

async function pixelsOf({ fail, room }: Lent, source: ImageSource): Promise<WirePixels> {
  const refuse = () => fail('InvalidArgument', `${Object.prototype.toString.call(source)} is no image`,
    'Pass an ImageBitmap, ImageData, VideoFrame, element, canvas or Blob, or { data, width, height } with 1, 3 or 4 bytes a pixel.');
  if (typeof source !== 'object' || source === null) return refuse();
  if (isA('Blob', source)) return { blob: source as Blob };
  if ('data' in source) {
    const { data, width, height } = source;
    const channels = data.length / (width * height);
    if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray) || ![1, 3, 4].includes(channels)) return refuse();
    const copy = room(data.length);
    new Uint8Array(copy).set(data);
    return { data: copy, width, height, channels };
  }
  try {
    if (typeof VideoFrame === 'function') {
      if (videos.some((type) => isA(type, source))) return { frame: frameOf(source) };
      if (bitmaps.some((type) => isA(type, source))) {
        const data = await read(frameOf(source), room);
        if (data) return data;
      }
    }
    return { bitmap: await createImageBitmap(source as ImageBitmapSource) };
  } catch (thrown) {
    const nothing = 'naturalWidth' in source ? source.naturalWidth === 0 : 'videoWidth' in source && source.videoWidth === 0;
    return fail('InvalidArgument', `the image cannot be read: ${(thrown as Error).message ?? thrown}`,
      nothing ? 'Wait until it is loaded: await image.decode(), or the event loadeddata of a video.'
        : 'Pass an ImageBitmap, an element with a picture, a canvas, a Blob, or { data, width, height }.', thrown);
  }
}

const frameOf = (source: object) => new VideoFrame(source as CanvasImageSource, isA('VideoFrame', source) ? undefined : { timestamp: 0 });

async function read(frame: VideoFrame, room: Lent['room']): Promise<WirePixels | undefined> {
  let data: ArrayBuffer;
  try {
    const copied = await copyPixels(frame, (bytes) => new Uint8Array(data = room(bytes)));
    return copied && { ...copied, data: data!, channels: 4, opaque: true };
  } finally {
    frame.close();
  }
}
