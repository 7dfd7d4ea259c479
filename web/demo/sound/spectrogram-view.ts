// A mel spectrogram as a picture: time to the right, low bands below, loud is light.
// Invariant: 70 dB below the loudest is as dark as silence.

import type { Tensor } from 'insitu';

const kRangeDb = 70;
/* What is called loud at least, so that silence stays dark. */
const kLeastLoud = -25;

/* Dark blue over teal to pale yellow: even steps of lightness, also for those who tell red and green apart badly. */
const kStops = [[8, 16, 34], [18, 58, 92], [17, 112, 119], [76, 167, 120], [190, 210, 110], [253, 247, 190]] as const;
const kColours = Array.from({ length: 256 }, (_, i) => {
  const at = (i / 255) * (kStops.length - 1), low = Math.min(Math.floor(at), kStops.length - 2);
  return kStops[low]!.map((value, c) => Math.round(value + (at - low) * (kStops[low + 1]![c]! - value)));
});

/** Paints decibels [1, mels, frames]; the canvas gets a pixel for each. */
export function paintSpectrogram(canvas: HTMLCanvasElement, { data, dims }: Tensor): void {
  const [mels, frames] = dims.slice(-2) as [number, number];
  const decibels = data as Float32Array;
  if (canvas.width !== frames) canvas.width = frames;
  if (canvas.height !== mels) canvas.height = mels;
  const loudest = decibels.reduce((most, value) => Math.max(most, value), kLeastLoud);
  const context = canvas.getContext('2d')!;
  const pixels = context.createImageData(frames, mels);
  for (let band = 0; band < mels; ++band)
    for (let frame = 0; frame < frames; ++frame) {
      const share = 1 + (decibels[band * frames + frame]! - loudest) / kRangeDb;
      const colour = kColours[Math.round(255 * Math.min(1, Math.max(0, share)))]!;
      pixels.data.set([...colour, 255], 4 * ((mels - 1 - band) * frames + frame));
    }
  context.putImageData(pixels, 0, 0);
}

/** The band that is loudest over all, 0 to 1 from low to high. */
export function loudestBand({ data, dims }: Tensor): number {
  const [mels, frames] = dims.slice(-2) as [number, number];
  const powers = Array.from({ length: mels }, (_, band) =>
    (data as Float32Array).subarray(band * frames, (band + 1) * frames).reduce((sum, value) => sum + 10 ** (value / 10), 0));
  return powers.indexOf(Math.max(...powers)) / Math.max(mels - 1, 1);
}
