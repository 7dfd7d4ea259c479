// The best class of every pixel. Invariant: of equal scores the lower class wins; NaN wins against nothing.
import { tensor } from 'insitu';
import type { Tensor } from 'insitu';
import { fail } from '../fail.js';
import { checkIsTensor, numbersOf } from './scores.js';

/** How scores of pixels are read. */
export interface MaskOptions {
  /** Where the classes stand: [1, classes, h, w] or [classes, h, w] (the default), or last. */
  layout?: 'nchw' | 'nhwc';
}

/** A tensor [h, w] of class numbers: uint8, or int32 where there are more than 256. ShapeMismatch for other dims. */
export function argmaxMask(scores: Tensor, { layout = 'nchw' }: MaskOptions = {}): Tensor {
  checkIsTensor(scores, 'scores');
  const dims = scores.dims.length === 4 && scores.dims[0] === 1 ? scores.dims.slice(1) : scores.dims;
  if (dims.length !== 3) fail('ShapeMismatch', `scores [${scores.dims}] are no classes of pixels`, 'Pass [1, classes, h, w], or one image of a batch.');
  const first = layout === 'nchw';
  const [classes, height, width] = (first ? dims : [dims[2], dims[0], dims[1]]) as [number, number, number];
  const pixels = height * width;
  const numbers = numbersOf(scores, 'scores');
  const mask = new (classes > 256 ? Int32Array : Uint8Array)(pixels);
  const best = new Float64Array(pixels).fill(-Infinity);
  for (let index = 0; index < classes; index++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const score = numbers[first ? index * pixels + pixel : pixel * classes + index]!;
      if (score > best[pixel]!) [best[pixel], mask[pixel]] = [score, index];
    }
  }
  return tensor(mask, [height, width]);
}
