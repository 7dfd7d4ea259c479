// The best classes with rounded scores, and nothing of the others.
// Invariant: the result depends on rounded scores alone, its order too; of equal ones the lower index comes first.
import { tensor } from 'insitu';
import type { Tensor } from 'insitu';
import { fail } from '../fail.js';
import { numbersOf } from '../post/scores.js';
import { topK as best } from '../post/top-k.js';
import type { Ranked } from '../post/top-k.js';
import { shown } from '../shown.js';

/** How much of scores is told. */
export interface RoundedOptions {
  /** Decimals of a score, 0 to 6; default 2. */
  digits?: number;
  /** How many classes; default 1. */
  topK?: number;
  /** Names of the classes by index. */
  labels?: readonly string[];
  /** Which row of a batch; default the first. */
  row?: number;
}

/** The `topK` best classes of a row, their scores rounded to `digits`. InvalidArgument for a row that is not there. */
export function rounded(scores: Tensor, options: RoundedOptions = {}): Ranked[] {
  const { digits = 2, topK = 1, labels, row } = (options ?? {}) as RoundedOptions;
  if (!ArrayBuffer.isView(scores?.data)) fail('InvalidArgument', 'the scores are no tensor of numbers', 'Pass an output of run().');
  if (!Number.isInteger(digits) || digits < 0 || digits > 6) {
    fail('InvalidArgument', `digits is ${shown(digits)}`, 'Pass a whole number of decimals, 0 to 6.');
  }
  const factor = 10 ** digits;
  const round = (score: number) => Math.round(score * factor) / factor + 0;  // no -0, which tells a sign
  return best(tensor(Float64Array.from(numbersOf(scores, 'scores'), round), scores.dims), { k: topK, labels, row });
}
