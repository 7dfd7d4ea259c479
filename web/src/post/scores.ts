// Results as numbers, whichever floating type they have.
import type { Tensor } from 'insitu';
import { fail } from '../fail.js';
import { fromFloat16 } from '../float16.js';

/** InvalidArgument unless `value` is a tensor, as far as its dims are looked at. */
export function checkIsTensor(value: Tensor, what: string): void {
  if (!Array.isArray(Object(value).dims) || !Object(value).data) fail('InvalidArgument', `${what} is no tensor`, 'Pass one that run() gives, by its name.');
}

/** The elements of `tensor` as numbers; float16 is widened. InvalidArgument for strings, 64-bit integers and 4-bit types. */
export function numbersOf({ dtype, data }: Tensor, what: string): ArrayLike<number> {
  if (dtype === 'float16') return Float32Array.from(data as Uint16Array, fromFloat16);
  if (/^(float(32|64)|u?int(8|16|32))$/.test(dtype)) return data as Float32Array;
  return fail('InvalidArgument', `${what} is ${dtype}`, 'Pass a tensor of float32, float64, float16 or integers of up to 32 bits.');
}
