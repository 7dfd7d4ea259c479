// Brightness, contrast and sharpness of the images among feeds, as the watch has them (engine/monitor/image_features.h): of a grid of
// at most 32 x 32 pixels, of larger images 24 x 24, in the tensor's own units.
import type { Tensor, Value } from 'insitu';
import type { ImageFeed } from '../../image-feed.js';

interface Geometry {
  channels: number;
  height: number;
  width: number;
  last: boolean;
}

const grid = 32, gridOfLarger = 24, leastPixels = 8;

/** By INPUT.brightness, INPUT.contrast and INPUT.sharpness; of the first image of each. */
export function imageFeatures(feeds: Readonly<Record<string, Value | ImageFeed>>): Record<string, number | null> {
  const features: Record<string, number | null> = {};
  for (const [name, feed] of Object.entries(feeds)) {
    const geometry = geometryOf(feed as Tensor);
    if (!geometry) continue;
    for (const [feature, value] of Object.entries(featuresOf((feed as Tensor).data as Float32Array, geometry))) {
      features[`${name}.${feature}`] = Number.isFinite(value) ? value : null;
    }
  }
  return features;
}

function geometryOf({ dtype, dims }: Partial<Tensor>): Geometry | undefined {
  if (!/^(float(32|64)|u?int8)$/.test(dtype ?? '') || dims?.length !== 4 || dims[0]! < 1) return undefined;
  const [, a, b, c] = dims as [number, number, number, number];
  const isChannels = (extent: number) => [1, 3, 4].includes(extent);
  if (isChannels(a) && b >= leastPixels && c >= leastPixels) return { channels: a, height: b, width: c, last: false };
  if (isChannels(c) && a >= leastPixels && b >= leastPixels) return { channels: c, height: a, width: b, last: true };
  return undefined;
}

function featuresOf(data: ArrayLike<number>, { channels, height, width, last }: Geometry) {
  const columnStep = last ? channels : 1, rowStep = width * columnStep, channelStep = last ? 1 : width * height;
  const onGrid = (pixels: number) => (pixels <= grid ? pixels : gridOfLarger);
  const rows = onGrid(height), columns = onGrid(width), colour = channels >= 3;
  const lumas = new Moments(), middles = new Moments();
  let laplacian = 0, inner = 0;
  for (let r = 0; r < rows; r++) {
    const y = Math.floor((r * height) / rows);
    for (let c = 0; c < columns; c++) {
      const x = Math.floor((c * width) / columns), at = y * rowStep + x * columnStep, middle = colour ? at + channelStep : at;
      lumas.add(colour ? 0.299 * data[at]! + 0.587 * data[middle]! + 0.114 * data[at + 2 * channelStep]! : data[at]!);
      middles.add(data[middle]!);
      // Columns of a coarser grid count but the first, as the watch has it.
      const within = y > 0 && y + 1 < height && c > 0 && (columns < width || c + 1 < columns);
      if (!within) continue;
      const around = data[middle - rowStep]! + data[middle + rowStep]! + data[middle - columnStep]! + data[middle + columnStep]!;
      laplacian += (4 * data[middle]! - around) ** 2;
      inner++;
    }
  }
  const variance = middles.variance;
  return { brightness: lumas.mean, contrast: Math.sqrt(lumas.variance), sharpness: variance > 0 ? laplacian / inner / variance : variance };
}

/* By Welford's recurrence, so that nothing cancels. */
class Moments {
  mean = 0;
  #count = 0;
  #squares = 0;

  add(value: number): void {
    const before = value - this.mean;
    this.mean += before / ++this.#count;
    this.#squares += before * (value - this.mean);
  }

  get variance(): number {
    return this.#squares / this.#count;
  }
}
