// Where a source image comes to lie in a tensor. Used where pixels are read, and by who takes boxes back to the source.
// References: torchvision's Resize and CenterCrop for 'cover' (the long side is cut off to whole pixels, half a pixel goes to the
// even side), Ultralytics' LetterBox for 'contain'.

/** How an image fills a tensor of other proportions: cut to its middle, framed, or distorted. */
export type ImageFit = 'cover' | 'contain' | 'fill';

/** What of the tensor and its options decides where an image lies. */
export interface Frame {
  /** Of the tensor, in pixels. */
  width: number;
  height: number;
  fit: ImageFit;
  /** Of 'cover': how much of the scaled image's extent the tensor shows, 0 to 1. */
  crop: number;
}

/** How large the image is made, and where its corner then lies in the tensor, in pixels; below zero, it is cut. */
export interface Placement {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
}

const halfToEven = (x: number) => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

/** Of a source of that size, in pixels. */
export function placementOf(source: { width: number; height: number }, { width, height, fit, crop }: Frame): Placement {
  if (fit === 'fill') return { width, height, left: 0, top: 0 };
  if (fit === 'contain') {
    const scale = Math.min(width / source.width, height / source.height);
    const [w, h] = [source.width, source.height].map((extent) => Math.max(1, halfToEven(extent * scale))) as [number, number];
    return { width: w, height: h, left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2) };
  }
  const [w, h] = [Math.round(width / crop), Math.round(height / crop)];
  const scaled = w / source.width > h / source.height
    ? { width: w, height: Math.max(h, Math.trunc((w * source.height) / source.width)) }
    : { width: Math.max(w, Math.trunc((h * source.width) / source.height)), height: h };
  return { ...scaled, left: -halfToEven((scaled.width - width) / 2), top: -halfToEven((scaled.height - height) / 2) };
}
