// Something to feed a model with that nobody knows: random numbers, or a picture where it takes one.

import { tensor, type Tensor, type TensorInfo, type Value } from 'insitu';

/** Extents to run with: symbolic dims become 1. */
function concrete(info: TensorInfo): number[] {
  return info.dims.map((dim) => (typeof dim === 'number' ? dim : 1));
}

export function randomFeed(info: TensorInfo): Value {
  if (info.dtype === 'optional') return null;
  if (info.dtype === 'sequence' || info.dtype === 'map') return [];
  const dims = concrete(info);
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (info.dtype === 'float32') return tensor(Float32Array.from({ length: count }, Math.random), dims);
  if (info.dtype === 'string') return tensor(Array.from({ length: count }, () => ''), dims);
  return tensor(Array.from({ length: count }, () => Math.floor(2 * Math.random())), dims, info.dtype);
}

/** Whether an input takes a picture: float32 [n, 3 or 1, height, width]. */
export function takesPicture(info: TensorInfo): boolean {
  const [, channels, height, width] = info.dims;
  return info.dtype === 'float32' && info.dims.length === 4 && (channels === 3 || channels === 1) &&
         typeof height === 'number' && typeof width === 'number';
}

export async function pictureFeed(file: Blob, info: TensorInfo): Promise<Tensor> {
  const [, channels, height, width] = concrete(info) as [number, number, number, number];
  const bitmap = await createImageBitmap(file, { resizeWidth: width, resizeHeight: height });
  const context = new OffscreenCanvas(width, height).getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  const pixels = context.getImageData(0, 0, width, height).data;
  const plane = width * height;
  const data = new Float32Array(channels * plane);
  for (let i = 0; i < plane; ++i)
    for (let c = 0; c < channels; ++c) data[c * plane + i] = pixels[4 * i + c]! / 255;
  return tensor(data, [1, channels, height, width]);
}
