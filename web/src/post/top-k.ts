// The best classes of one row of scores, best first. Invariant: of equal scores the lower index comes first; NaN never comes.
import type { Tensor } from 'insitu';
import { fail } from '../fail.js';
import { checkIsTensor, numbersOf } from './scores.js';

/** What topK() is asked for. */
export interface TopKOptions {
  /** How many; default 5. */
  k?: number;
  /** Names of the classes by index. */
  labels?: readonly string[];
  /** Which row of a batch; default the first. */
  row?: number;
}

/** A class and how it scored. */
export interface Ranked {
  /** Of the class. */
  readonly index: number;
  /** As the tensor has it. */
  readonly score: number;
  /** Of `labels`, where it has one. */
  readonly label?: string;
}

/** The `k` largest of a row of the last dim of `scores`. InvalidArgument for a row that is not there. */
export function topK(scores: Tensor, { k = 5, labels, row = 0 }: TopKOptions = {}): Ranked[] {
  checkIsTensor(scores, 'scores');
  const classes = scores.dims.at(-1) ?? 1;
  const numbers = numbersOf(scores, 'scores');
  const rows = classes === 0 ? 0 : numbers.length / classes;
  if (!Number.isInteger(row) || row < 0 || row >= rows) fail('InvalidArgument', `scores [${scores.dims}] have no row ${row}`, `There are ${rows}.`);
  if (!Number.isInteger(k) || k < 1) fail('InvalidArgument', `k is ${k}`, 'Pass a whole number from 1.');
  const best: { index: number; score: number }[] = [];
  for (let index = 0; index < classes; index++) {
    const score = numbers[row * classes + index]!;
    if (Number.isNaN(score) || (best.length === k && score <= best[k - 1]!.score)) continue;
    let place = best.length;
    while (place > 0 && best[place - 1]!.score < score) place--;
    best.splice(place, 0, { index, score });
    if (best.length > k) best.pop();
  }
  return best.map(({ index, score }) => {
    const label = labels?.[index];
    return { index, score, ...(label !== undefined && { label }) };
  });
}
