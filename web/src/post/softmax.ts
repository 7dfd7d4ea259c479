// Softmax along one axis, in float64, from which the largest is taken first so that nothing overflows.
import { tensor } from 'insitu';
import type { Tensor } from 'insitu';
import { fail } from '../fail.js';
import { checkIsTensor, numbersOf } from './scores.js';

/** Probabilities of logits along `axis` (below 0: from the last), as float32 of the same dims. InvalidArgument for no such axis. */
export function softmax(logits: Tensor, axis = -1): Tensor {
  checkIsTensor(logits, 'logits');
  const { dims } = logits;
  const at = axis < 0 ? axis + dims.length : axis;
  if (!Number.isInteger(at) || at < 0 || at >= dims.length) {
    fail('InvalidArgument', `a tensor of ${dims.length} dims has no axis ${axis}`, 'Pass -1 for the last.');
  }
  const from = numbersOf(logits, 'logits');
  const count = dims[at]!, step = dims.slice(at + 1).reduce((all, dim) => all * dim, 1);
  const result = new Float32Array(from.length);
  for (let row = 0; row < from.length / count; row++) {
    const first = Math.floor(row / step) * count * step + row % step;
    let most = -Infinity, sum = 0;
    for (let i = 0; i < count; i++) most = Math.max(most, from[first + i * step]!);
    const weigh = (i: number) => Math.exp(from[first + i * step]! - most);
    for (let i = 0; i < count; i++) sum += weigh(i);
    for (let i = 0; i < count; i++) result[first + i * step] = weigh(i) / sum;
  }
  return tensor(result, dims);
}
