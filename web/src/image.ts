// From a picture in the page to what the engine makes a tensor of: the pixels or what holds them, and the format in full.
// A module of its own, because only those who feed images load it; `fail` comes from index.js, whose InsituError is the one.
// Invariant: what options ask for is checked here, before anything is sent.
import type { fail as failWith } from './errors.js';
import { copyPixels } from './frame-pixels.js';
import type { Held, ImageOptions } from './image-feed.js';
import type { checkOptions } from './options.js';
import type { ImageFormat, WireImage, WirePixels } from './rpc/protocol.js';
import type { TensorInfo } from './tensor.js';

type Fail = typeof failWith;

/** What is lent by index.js: its errors and checks, and buffers of an earlier run to fill. */
interface Lent {
  fail: Fail;
  checkOptions: typeof checkOptions;
  room(bytes: number): ArrayBuffer;
}

/** `info`: the input that is fed, whose extents and type stand for what options leave open. What is held is sent or let go. */
export async function toWireImage(lent: Lent, held: readonly Held[], options: ImageOptions, info?: TensorInfo): Promise<WireImage> {
  let read: Promise<WirePixels>[] = [];
  try {
    lent.checkOptions(options, imageKinds);
    const format = formatOf(lent.fail, options, info);
    read = held.map((one) => pixelsOf(lent, one));
    return { name: info?.name ?? '', format, images: await Promise.all(read) };
  } catch (thrown) {
    for (const one of await Promise.allSettled(read)) if (one.status === 'fulfilled') close(one.value);
    for (const one of held) close(one);
    throw thrown;
  }
}

function close(pixels: WirePixels | Held): void {
  if ('frame' in pixels) pixels.frame.close();
  if ('bitmap' in pixels) pixels.bitmap.close();
}

/** What an image's options may be, as checkOptions() takes it: where it is empty, formatOf() checks what is used. */
export const imageKinds: Readonly<Record<keyof ImageOptions, string>> = {
  width: '', height: '', fit: '', crop: '', filter: '', background: '', channels: '', layout: '', dtype: '', scale: '', mean: '', std: '',
  quantization: 'object',
};

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
  const { scale = /^u?int8$/.test(dtype) && !quantization ? 1 : 1 / 255 } = options;
  const { scale: quantum = 1, zeroPoint = 0 } = quantization ?? {};
  for (const [name, value] of Object.entries({ width, height, crop, scale, 'quantization.scale': quantum, 'quantization.zeroPoint': zeroPoint })) {
    if (typeof value !== 'number') fail('InvalidArgument', `an image's ${name} is a ${typeof value}`, 'Pass a number.');
  }
  if (!(crop > 0 && crop <= 1)) fail('InvalidArgument', `crop is ${crop}`, 'Pass a number above 0, up to 1: 224 / 256.');
  const [least, most] = dtype === 'int8' ? [-128, 127] : [0, 255];
  if (/^u?int8$/.test(dtype) && !(Number.isInteger(zeroPoint) && zeroPoint >= least! && zeroPoint <= most!)) {
    fail('InvalidArgument', `the zero point ${zeroPoint} is no ${dtype}`, `Pass a whole number from ${least} to ${most}.`);
  }
  if (!isNumbers(background, 3)) fail('InvalidArgument', `the background is ${background}`, 'Pass red, green and blue, 0 to 255 each.');
  if (dtype === 'int8' && !quantization) {
    fail('InvalidArgument', 'bytes of pixels do not fit into int8', "Pass the quantization of the model's input: { scale, zeroPoint }.");
  }
  const count = channels === 'gray' ? 1 : 3;
  const triple = (name: string, given: number | readonly number[], rest: number): number[] => {
    if (typeof given === 'number') return [given, given, given];
    if (isNumbers(given, count)) return count === 1 ? [given[0]!, rest, rest] : [...given];
    return fail('InvalidArgument', `${name} is ${String(given)} for the channels '${channels}'`, 'Pass one number, or one for each channel.');
  };
  return {
    dtype, width, height, fit, crop, filter, channels, scale, channelsLast: layout === 'nhwc',
    mean: triple('mean', options.mean ?? 0, 0), std: triple('std', options.std ?? 1, 1), background: [...background],
    quantum, zeroPoint,
  };
}

const isNumbers = (value: unknown, count: number): value is number[] =>
  Array.isArray(value) && value.length === count && value.every((one) => typeof one === 'number');

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

async function pixelsOf({ fail, room }: Lent, held: Held): Promise<WirePixels> {
  if ('data' in held) return held;
  if ('frame' in held) {
    if (!held.of) return { frame: held.frame };
    return await read(held.frame, room) ?? { bitmap: await bitmapOf(fail, held.of) };
  }
  return held.source instanceof Blob ? { blob: held.source } : { bitmap: await bitmapOf(fail, held.source) };
}

async function bitmapOf(fail: Fail, source: ImageBitmapSource): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(source);
  } catch (thrown) {
    return fail('InvalidArgument', `the image cannot be read: ${(thrown as Error).message ?? thrown}`,
      'Wait until it is loaded (await image.decode()), and pass what has a picture: an element, a canvas, a Blob, pixels.', thrown);
  }
}

/* undefined: it is not opaque, or cannot be copied. */
async function read(frame: VideoFrame, room: Lent['room']): Promise<WirePixels | undefined> {
  let data: ArrayBuffer;
  try {
    const copied = await copyPixels(frame, (bytes) => new Uint8Array(data = room(bytes)));
    return copied && { ...copied, data: data!, channels: 4, opaque: true };
  } finally {
    frame.close();
  }
}
