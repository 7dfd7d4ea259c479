// Comparison of a tensor with what it should be: |actual - expected| <= atol + rtol |expected|.
// Invariant: two NaNs are equal, as are two equal infinities; text and dims must be the same.
import { fromFloat16 } from './float16.js';
import type { Tensor } from './tensor.js';
import type { Value } from './value.js';

/** How far numbers may differ: |actual - expected| <= atol + rtol |expected|. */
export interface Tolerance {
  /** The share of the expected number. */
  rtol: number;
  /** What is allowed besides. */
  atol: number;
}

export interface Difference {
  /** What is wrong, or undefined where the tensors agree. */
  problem?: string;
  maxAbsDiff: number;
}

export function compare(actual: Value | undefined, expected: Value, tolerance: Tolerance): Difference {
  if (actual === undefined) return { problem: 'is missing', maxAbsDiff: Infinity };
  if (isTensor(actual) && isTensor(expected)) return compareTensors(actual, expected, tolerance);
  if (actual === null && expected === null) return { maxAbsDiff: 0 };
  if (!Array.isArray(actual) || !Array.isArray(expected) || actual.length !== expected.length) {
    return { problem: `is ${kindOf(actual)}, expected ${kindOf(expected)}`, maxAbsDiff: Infinity };
  }
  const differences = actual.map((item, i) => compare(item, expected[i], tolerance));
  const first = differences.findIndex(({ problem }) => problem);
  return {
    problem: first < 0 ? undefined : `[${first}] ${differences[first]!.problem}`,
    maxAbsDiff: Math.max(0, ...differences.map(({ maxAbsDiff }) => maxAbsDiff)),
  };
}

export function isTensor(value: Value): value is Tensor {
  return value !== null && 'dtype' in value;
}

function kindOf(value: Value): string {
  if (value === null) return 'absent';
  if (Array.isArray(value)) return `a sequence of ${value.length}`;
  return isTensor(value) ? 'a tensor' : 'a map';
}

function compareTensors(actual: Tensor, expected: Tensor, { rtol, atol }: Tolerance): Difference {
  if (actual.dtype !== expected.dtype || String(actual.dims) !== String(expected.dims)) {
    const problem = `is ${actual.dtype} [${actual.dims}], expected ${expected.dtype} [${expected.dims}]`;
    return { problem, maxAbsDiff: Infinity };
  }
  const read = elementReader(expected);
  let maxAbsDiff = 0;
  let wrong = 0;
  let first = -1;
  for (let i = 0; i < elementsOf(expected); i++) {
    const a = read(actual, i);
    const b = read(expected, i);
    if (Object.is(a, b) || a === b) continue;
    const difference = typeof a === 'number' && typeof b === 'number' ? Math.abs(a - b) : Infinity;
    if (Number.isNaN(difference)) maxAbsDiff = Infinity;
    else maxAbsDiff = Math.max(maxAbsDiff, difference);
    if (difference === Infinity || !(difference <= atol + rtol * Math.abs(Number(b)))) {
      if (wrong++ === 0) first = i;
    }
  }
  if (wrong === 0) return { maxAbsDiff };
  const problem = `differs in ${wrong} of ${elementsOf(expected)} elements by up to ${maxAbsDiff}; ` +
    `first at ${first}: ${read(actual, first)}, expected ${read(expected, first)}`;
  return { problem, maxAbsDiff };
}

/** Whether its elements are whole numbers or truth values. */
export const isWhole = ({ dtype }: Tensor): boolean => /^(u?int\d+|bool)$/.test(dtype);

export function elementsOf({ dims }: Tensor): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** How to read one element as the number or string that it is; 64-bit integers lose digits. */
export function elementReader({ dtype }: Tensor): (tensor: Tensor, i: number) => number | string {
  if (dtype === 'float16') return ({ data }, i) => fromFloat16(Number(data[i]));
  if (dtype === 'bfloat16') return ({ data }, i) => fromBfloat16(Number(data[i]));
  if (dtype === 'string') return ({ data }, i) => String(data[i]);
  if (dtype === 'uint4') return ({ data }, i) => nibble(Number(data[i >> 1]), i);
  if (dtype === 'int4') return ({ data }, i) => (nibble(Number(data[i >> 1]), i) ^ 8) - 8;
  return ({ data }, i) => Number(data[i]);
}

function nibble(byte: number, i: number): number {
  return i % 2 === 0 ? byte & 15 : byte >> 4;
}

function fromBfloat16(bits: number): number {
  return new Float32Array(new Uint32Array([bits << 16]).buffer)[0]!;
}
