// Squeezers: an input with fewer grey levels, or without what is smaller than a window.
// Invariant: dtype, dims and the tensor that was given stay as they are.
// Reference: Xu, Evans and Qi (2018), https://arxiv.org/abs/1704.01155, section III.
import type { Tensor } from 'insitu';
import { fail } from '../fail.js';
import { shown } from '../shown.js';

/** What is taken away: all but 2^bits levels of each value, or what a median over a window of 2 x 2 or 3 x 3 pixels removes. */
export type Squeezer = {
  /** 1 to 7. */
  bits: number;
} | {
  /** Of an image of four dims, channel by channel. */
  median: 2 | 3;
};

/** How values and pixels lie. */
export interface Arrangement {
  range: readonly [number, number];
  layout?: 'nchw' | 'nhwc';
}

type Numbers = Float32Array | Float64Array | Uint8Array | Int8Array;

/** `squeezer` as a function. InvalidArgument for one that is not known. */
export function squeezing(squeezer: Squeezer, arrangement: Arrangement): (tensor: Tensor) => Tensor {
  const { bits, median } = (squeezer ?? {}) as { bits?: number; median?: number };
  if (Number.isInteger(bits) && bits! >= 1 && bits! <= 7) return (tensor) => fewerLevels(tensor, 2 ** bits! - 1, arrangement);
  if (median === 2 || median === 3) return (tensor) => smoothed(tensor, median, arrangement);
  return fail('InvalidArgument', `${shown(squeezer)} is no squeezer`, 'Pass { bits: 1 } to { bits: 7 }, { median: 2 } or { median: 3 }.');
}

/** The elements of an input that can be squeezed. */
export function valuesOf({ dtype, data }: Tensor, name: string): Numbers {
  if (/^(float(32|64)|u?int8)$/.test(dtype)) return data as Numbers;
  return fail('InvalidArgument', `'${name}' is ${dtype}`, 'Inputs of float32, float64, uint8 and int8 can be squeezed.', { node: name });
}

function fewerLevels(tensor: Tensor, steps: number, { range: [low, high] }: Arrangement): Tensor {
  const values = valuesOf(tensor, 'the input'), whole = !/^float/.test(tensor.dtype);
  const data = values.map((value: number) => {
    const level = Math.round(Math.min(1, Math.max(0, (value - low) / (high - low))) * steps);
    const squeezed = low + ((high - low) * level) / steps;
    return whole ? Math.round(squeezed) : squeezed;
  }) as Numbers;
  return { ...tensor, data };
}

/* As scipy.ndimage.median_filter: of a window of four, the pixel is the last and the median is the larger of the two. */
function smoothed(tensor: Tensor, size: 2 | 3, { layout }: Arrangement): Tensor {
  const { dims } = tensor, [, second = 0] = dims;
  if (dims.length !== 4) fail('ShapeMismatch', `dims [${dims}] are no image`, 'A median takes [batch, channels, height, width], or channels last. Leave it out for others.');
  const first = (layout ?? ([1, 3, 4].includes(second) ? 'nchw' : 'nhwc')) === 'nchw';
  const [batch, channels, height, width] = (first ? dims : [dims[0], dims[3], dims[1], dims[2]]) as [number, number, number, number];
  const step = first ? 1 : channels;
  const from = valuesOf(tensor, 'the input'), data = from.slice();
  const window = new Float64Array(size * size);
  const before = Math.floor(size / 2), rank = Math.floor((size * size) / 2);
  const inside = (at: number, extent: number) => Math.min(extent - 1, Math.max(0, at));
  for (let plane = 0; plane < batch * channels; plane++) {
    const start = first ? plane * height * width : Math.floor(plane / channels) * height * width * channels + (plane % channels);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let i = 0; i < size * size; i++) {
          const row = inside(y - before + Math.floor(i / size), height), column = inside(x - before + (i % size), width);
          window[i] = from[start + (row * width + column) * step]!;
        }
        data[start + (y * width + x) * step] = window.sort()[rank]!;
      }
    }
  }
  return { ...tensor, data };
}
