// How numbers become bytes, as onnxruntime's quantizer chooses it: ranges of activations asymmetric, weights symmetric
// in int8, with seven bits where the range is reduced.
import { rint, saturate } from '../../node/support/quantized-formulas.mjs';

const lowest = { uint8: 0, int8: -128 };
const arrays = { uint8: Uint8Array, int8: Int8Array };

/** { scale, zero, dtype } for numbers from low to high. */
export function asymmetric([low, high], dtype) {
  const [bottom, top] = [Math.min(low, 0), Math.max(high, 0)];
  const scale = Math.fround(top === bottom ? 1 : (top - bottom) / 255);
  return { scale, zero: saturate(rint(lowest[dtype] - bottom / scale), dtype), dtype };
}

/** The bytes of `data` under { scale, zero, dtype }. */
export function toBytes(data, { scale, zero, dtype }) {
  return arrays[dtype].from(data, (value) => saturate(rint(value / scale) + zero, dtype));
}

/**
 * Weights in int8: { data, scales }, one scale for each index of `axis`, or one in all where `axis` is undefined.
 */
export function symmetric({ dims, data }, axis, { reduceRange }) {
  const channels = axis === undefined ? 1 : dims[axis];
  const inner = axis === undefined ? data.length : dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const limit = reduceRange ? 64 : 127;
  const scales = new Float32Array(channels);
  const bytes = new Int8Array(data.length);
  /* Runs of `inner` numbers belong to one channel; there are millions, hence plain loops. */
  for (let at = 0, channel = 0; at < data.length; at += inner, channel = (channel + 1) % channels) {
    for (let i = at; i < at + inner; i++) scales[channel] = Math.max(scales[channel], Math.abs(data[i]));
  }
  for (let channel = 0; channel < channels; channel++) scales[channel] = scales[channel] === 0 ? 1 : scales[channel] / limit;
  for (let at = 0, channel = 0; at < data.length; at += inner, channel = (channel + 1) % channels) {
    const scale = scales[channel];
    for (let i = at; i < at + inner; i++) bytes[i] = Math.min(Math.max(rint(data[i] / scale), -limit), limit);
  }
  return { data: bytes, scales };
}
