// The pixels of a picture that the page has sent, read where they are needed: beside the engine.
// Invariant: frames and bitmaps that came over the line are closed, whatever happens.
import { fail, toInsituError } from '../errors.js';
import { copyPixels } from '../frame-pixels.js';
import type { WireImage, WirePixels } from './protocol.js';

export interface Pixels {
  data: Uint8Array;
  width: number;
  height: number;
  /** Bytes a pixel: 1, 3 or 4. */
  channels: number;
  /** Whether blue comes first. */
  bgr: boolean;
  /** Whether a fourth byte means nothing. */
  opaque: boolean;
  /** To be called when they have been read. */
  release?(): void;
}

/** Of every image of `images`, in order. InvalidArgument for what is no picture. */
export function readAll(images: readonly WireImage[]): Promise<Pixels[][]> {
  return Promise.all(images.map((one) => Promise.all(one.images.map(read))));
}

const plain = { bgr: false, opaque: false };

async function read(source: WirePixels): Promise<Pixels> {
  if ('data' in source) return { ...plain, ...source, data: new Uint8Array(source.data) };
  try {
    if ('frame' in source) return await ofFrame(source.frame);
    const bitmap = 'bitmap' in source ? source.bitmap : await createImageBitmap(source.blob, { premultiplyAlpha: 'none' });
    return await ofBitmap(bitmap);
  } catch (thrown) {
    return fail('InvalidArgument', `the image cannot be read: ${toInsituError(thrown).message}`,
      'Pass a picture of a format that the browser knows, which has not been closed.', thrown);
  }
}

/* Buffers that frames are copied to, by size: the system takes longer to provide a new one than the browser to fill it. */
const kept = new Map<number, Uint8Array>();
const mostKept = 4;

async function ofFrame(frame: VideoFrame): Promise<Pixels> {
  let data: Uint8Array;
  const room = (bytes: number) => {
    data = kept.get(bytes) ?? new Uint8Array(bytes);
    kept.delete(bytes);
    return data;
  };
  const release = () => {
    kept.set(data.byteLength, data);
    if (kept.size > mostKept) kept.delete(kept.keys().next().value!);
  };
  try {
    const copied = await copyPixels(frame, room);
    if (!copied) return draw(frame, frame.displayWidth, frame.displayHeight);
    return { ...copied, channels: 4, opaque: true, data: data!, release };
  } finally {
    frame.close();
  }
}

async function ofBitmap(bitmap: ImageBitmap): Promise<Pixels> {
  try {
    return draw(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

let canvas: OffscreenCanvas | undefined;

function draw(picture: CanvasImageSource, width: number, height: number): Pixels {
  canvas ??= new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  if (canvas.width === width && canvas.height === height) context.clearRect(0, 0, width, height);
  else [canvas.width, canvas.height] = [width, height];
  context.drawImage(picture, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  return { ...plain, data: new Uint8Array(data.buffer), width, height, channels: 4 };
}
