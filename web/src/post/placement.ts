// Where a picture lay in the tensor that image() made of it, and the way back: boxes in the pixels of the picture.
import type { ImageOptions } from 'insitu';
import { placementOf } from '../placement.js';
import { fail } from '../fail.js';
import type { Box } from './nms.js';

/** Where a picture lies in a tensor. */
export interface ImagePlacement {
  /** Of the scaled picture, in pixels of the tensor. */
  readonly width: number;
  /** Of the scaled picture, in pixels of the tensor. */
  readonly height: number;
  /** Of its left edge in the tensor; below 0 where it is cut. */
  readonly left: number;
  /** Of its upper edge in the tensor; below 0 where it is cut. */
  readonly top: number;
  /** A box of the tensor in pixels of the picture, and not beyond its edges. */
  toSource(box: Box): Box;
}

/** What image() does with a picture of that size in pixels, where `options` are the same and name width and height. */
export function imagePlacement(source: { width: number; height: number }, options: ImageOptions): ImagePlacement {
  const { width, height, fit = 'cover', crop = 1 } = options;
  if (!width || !height) fail('InvalidArgument', 'nobody knows how large the tensor is', 'Pass its width and height in the options.');
  const placement = placementOf(source, { width, height, fit, crop });
  const back = (x: number, start: number, scaled: number, extent: number) => Math.min(extent, Math.max(0, ((x - start) * extent) / scaled));
  return {
    ...placement,
    toSource: ([left, top, right, bottom]) => [
      back(left, placement.left, placement.width, source.width), back(top, placement.top, placement.height, source.height),
      back(right, placement.left, placement.width, source.width), back(bottom, placement.top, placement.height, source.height),
    ],
  };
}
