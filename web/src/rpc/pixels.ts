// The pixels of a picture that the page has sent, read where they are needed: beside the engine.
// Invariant: bitmaps and frames that came over the line are closed; the caller's own live on.
import { fail, toInsituError } from '../errors.js';
import type { WireImage, WirePixels } from './protocol.js';

export interface Pixels {
  data: Uint8Array;
  width: number;
  height: number;
  /** Bytes a pixel: 1, 3 or 4. */
  channels: number;
}

/** Of every image of `images`, in order. InvalidArgument for what is no picture. */
export function readAll(images: readonly WireImage[]): Promise<Pixels[][]> {
  return Promise.all(images.map((one) => Promise.all(one.images.map(read))));
}

let canvas: OffscreenCanvas | undefined;

async function read(source: WirePixels): Promise<Pixels> {
  if ('data' in source) return { ...source, data: new Uint8Array(source.data) };
  try {
    if ('frame' in source) return await ofFrame(source.frame);
    return ofBitmap('bitmap' in source ? source.bitmap : await createImageBitmap(source.blob, { premultiplyAlpha: 'none' }));
  } catch (thrown) {
    return fail('InvalidArgument', `the image cannot be read: ${toInsituError(thrown).message}`,
      'Pass a picture of a format that the browser knows, which has not been closed.', thrown);
  }
}

async function ofFrame(frame: VideoFrame): Promise<Pixels> {
  const { visibleRect, displayWidth: width, displayHeight: height } = frame;
  const asItIs = visibleRect?.width === width && visibleRect.height === height;
  if (asItIs) {
    try {
      const data = new Uint8Array(width * height * 4);
      await frame.copyTo(data, { format: 'RGBA', layout: [{ offset: 0, stride: width * 4 }] });
      frame.close();
      return { data, width, height, channels: 4 };
    } catch {
      // A browser that does not convert; it can draw.
    }
  }
  try {
    return draw(frame, width, height);
  } finally {
    frame.close();
  }
}

function ofBitmap(bitmap: ImageBitmap): Pixels {
  try {
    return draw(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

function draw(picture: CanvasImageSource, width: number, height: number): Pixels {
  canvas ??= new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  if (canvas.width === width && canvas.height === height) context.clearRect(0, 0, width, height);
  else [canvas.width, canvas.height] = [width, height];
  context.drawImage(picture, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  return { data: new Uint8Array(data.buffer), width, height, channels: 4 };
}
