// How like each other the answers of two models are, output by output.
// Invariant: only what can be compared enters the figures; what cannot (other dims, NaN on one side) is counted as unlike.
import { compare, elementReader, elementsOf, isTensor, isWhole } from '../compare.js';
import type { Tolerance } from '../compare.js';
import type { Tensor } from '../tensor.js';
import type { Value } from '../value.js';

/** How like each other the two models' answers for one output are. */
export interface LikenessReport {
  /** Answers of both. */
  readonly compared: number;
  /** Of these, those that differ by no more than the tolerance. */
  readonly agreed: number;
  /** Of these, those with other dims, or with numbers on one side alone. */
  readonly unlike: number;
  /** The largest of those that can be compared. */
  readonly maxAbsDifference: number;
  /** Rows, and those whose largest element is the same; null for what does not look like the scores of classes. */
  readonly top1: {
    /** Rows that were compared. */
    readonly rows: number;
    /** Rows of which both name the same class, or both have NaN, which names none. */
    readonly agreed: number;
  } | null;
}

export class Likeness {
  readonly #tolerance: Tolerance;
  #compared = 0;
  #agreed = 0;
  #unlike = 0;
  #maxAbsDifference = 0;
  #rows = 0;
  #sameTop = 0;

  constructor(tolerance: Tolerance) {
    this.#tolerance = tolerance;
  }

  note(stable: Value, candidate: Value | undefined): void {
    const { problem, maxAbsDiff } = compare(candidate, stable, stable !== null && isTensor(stable) && isWhole(stable) ? exact : this.#tolerance);
    this.#compared++;
    if (!problem) this.#agreed++;
    if (maxAbsDiff === Infinity) this.#unlike++;
    else this.#maxAbsDifference = Math.max(this.#maxAbsDifference, maxAbsDiff);
    if (candidate !== undefined && isScores(stable) && isScores(candidate)) this.#noteTops(stable, candidate);
  }

  report(): LikenessReport {
    return {
      compared: this.#compared, agreed: this.#agreed, unlike: this.#unlike, maxAbsDifference: this.#maxAbsDifference,
      top1: this.#rows > 0 ? { rows: this.#rows, agreed: this.#sameTop } : null,
    };
  }

  #noteTops(stable: Tensor, candidate: Tensor): void {
    if (String(stable.dims) !== String(candidate.dims)) return;
    const [was, is] = [tops(stable), tops(candidate)];
    this.#rows += was.length;
    this.#sameTop += was.filter((top, i) => top === is[i]).length;
  }
}

/* Classes and tokens are by numbers that lie near one another and mean others. */
const exact: Tolerance = { rtol: 0, atol: 0 };

/* Floats in one row or in rows, of two classes or more. */
function isScores(value: Value): value is Tensor {
  return value !== null && isTensor(value) && /float(16|32|64)$/.test(value.dtype) && value.dims.length > 0 &&
    value.dims.length <= 2 && value.dims.at(-1)! >= 2;
}

/* The place of the largest element of each row, the first of several; -1 of a row with NaN. */
function tops(scores: Tensor): number[] {
  const read = elementReader(scores);
  const classes = scores.dims.at(-1)!;
  return Array.from({ length: elementsOf(scores) / classes }, (_, row) => {
    const at = (i: number) => Number(read(scores, row * classes + i));
    let top = 0;
    for (let i = 0; i < classes; i++) {
      if (Number.isNaN(at(i))) return -1;
      if (at(i) > at(top)) top = i;
    }
    return top;
  });
}
