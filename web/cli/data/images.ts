// Pictures as samples: PNG and JPEG files in a folder for each class, made tensors of by the engine as image() is.
// Invariant: a picture is decoded when it is asked for, turned as browsers turn it; what cannot be read is refused by its file.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { convertIndexedToRgb, decode as decodePng } from 'fast-png';
import { decode as decodeJpeg } from 'jpeg-js';
import type { Engine } from '../../src/engine.js';
import { fail } from '../../src/errors.js';
import type { ImageOptions, RawImage } from '../../src/image-feed.js';
import { describe } from '../../src/tensor.js';
import type { Tensor, TensorInfo } from '../../src/tensor.js';
import { fitting } from '../feeds.js';
import type { Dataset } from './dataset.js';
import { isPng, upright } from './exif.js';

/** Those of image(). */
export type PictureOptions = ImageOptions;

const most = { maxResolutionInMP: 200, maxMemoryUsageInMB: 2048 };

export function isPicture(path: string): boolean {
  return /\.(png|jpe?g)$/i.test(path);
}

/** The pictures right inside these folders, in the order of their names. */
export function findPictures(folders: readonly string[]): string[] {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return folders.flatMap((folder) => readdirSync(folder).sort(compare).map((name) => join(folder, name)).filter((path) => isPicture(path) && statSync(path).isFile()));
}

/** The folder of a picture names its class. */
export function openPictures(engine: Engine, inputs: readonly TensorInfo[], files: readonly string[], options: PictureOptions = {}): Dataset {
  const [info] = inputs as [TensorInfo];
  if (inputs.length !== 1) fail('InvalidArgument', `the model has ${inputs.length} inputs`, 'Pictures feed one input; write .jsonl for several.');
  const classOf = (i: number) => basename(dirname(files[i]!));
  return {
    count: files.length, label: classOf, name: (i) => `${classOf(i)}/${basename(files[i]!)}`,
    feeds: async (i) => ({ [info.name]: await readPicture(engine, info, files[i]!, options) }),
  };
}

/** A picture as a tensor for `info`. */
export async function readPicture(engine: Engine, info: TensorInfo, file: string, options: PictureOptions): Promise<Tensor> {
  return fitting(file, await engine.imageTensor(decode(file), { ...declaredBy(info, options), ...options }), info);
}

function decode(file: string): RawImage {
  const wrong = (what: string, thrown?: unknown) => fail('InvalidArgument', `${file} cannot be read: ${what}`, 'Pass PNG or JPEG files.', thrown);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (thrown) {
    return wrong((thrown as Error).message, thrown);
  }
  if (bytes.length === 0) wrong('it is empty');
  if (!isPng(bytes) && !isJpeg(bytes)) wrong('it is neither PNG nor JPEG');
  try {
    // Each by what it is, whatever it is called.
    return upright(isPng(bytes) ? ofPng(bytes) : decodeJpeg(bytes, { useTArray: true, ...most }), bytes);
  } catch (thrown) {
    const { message } = thrown as Error;
    return wrong(ofKind.test(message) ? message : 'the picture is damaged or cut short', thrown);
  }
}

const isJpeg = (bytes: Uint8Array) => bytes[0] === 0xff && bytes[1] === 0xd8;
/* What decoders say of whole files that they do not take. Of others they name the byte where they gave up. */
const ofKind = /limit exceeded|not supported|unsupported|only single frame/i;

function ofPng(bytes: Uint8Array): RawImage {
  const png = decodePng(bytes, { checkCrc: true });
  const { width, height, depth } = png;
  if (png.palette) {
    const data = Uint8Array.from(convertIndexedToRgb(png));
    return { width, height, data };
  }
  const eight = depth === 16 ? Uint8Array.from(png.data, (value) => value >> 8)
    : depth === 8 ? png.data as Uint8Array : unpacked(png.data as Uint8Array, width, height, depth);
  // Grey with transparency has no form of its own in image().
  const data = png.channels === 2 ? Uint8Array.from({ length: width * height * 4 }, (_, i) => eight[(i >> 2) * 2 + Number(i % 4 === 3)]!) : eight;
  return { width, height, data };
}

/* Grey of 1, 2 or 4 bits, each row beginning with a byte of its own. */
function unpacked(data: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const rowBytes = Math.ceil((width * depth) / 8), highest = 2 ** depth - 1;
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const bit = (i % width) * depth;
    const value = (data[Math.floor(i / width) * rowBytes + (bit >> 3)]! >> (8 - depth - (bit & 7))) & highest;
    return Math.round((value * 255) / highest);
  });
}

/* What image() takes from the input that it feeds. */
function declaredBy(info: TensorInfo, { layout: asked }: PictureOptions): PictureOptions {
  const extents = info.dims.map((dim) => (typeof dim === 'number' ? dim : undefined));
  if (extents.length !== 4) fail('ShapeMismatch', `${describe(info)} takes no pictures`, 'Pictures feed an input of four dims.');
  const isChannels = (extent: number | undefined) => extent === 1 || extent === 3;
  const layout = asked ?? (!isChannels(extents[1]) && isChannels(extents[3]) ? 'nhwc' : 'nchw');
  const [channels, height, width] = layout === 'nchw' ? extents.slice(1) : [extents[3], extents[1], extents[2]];
  return {
    layout, channels: channels === 1 ? 'gray' : 'rgb', dtype: info.dtype as ImageOptions['dtype'],
    ...(width !== undefined && { width }), ...(height !== undefined && { height }),
  };
}
