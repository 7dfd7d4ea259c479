// What a model says of a sample, and what is true of it, as numbers.
// Invariant: of all samples the same output is read in the same way, which the first one decides; what does not fit is refused by name.
import type { Tensor } from 'insitu';
import { elementReader, elementsOf } from '../compare.js';
import { fail } from '../fail.js';
import { shown } from '../shown.js';
import type { Label, ReadingOptions, Runner } from './types.js';

export type Row = Float64Array;

/** The name of the output that is read. */
export function outputName({ outputs }: Runner, { output }: ReadingOptions): string {
  const found = output === undefined ? outputs?.[0] : outputs?.find(({ name }) => name === output);
  return found?.name ?? fail('InvalidArgument', `the model has no output ${shown(output)}`, `It has ${outputs.map(({ name }) => `'${name}'`).join(', ') || 'none'}.`);
}

/** One row, of a batch of one. */
export function readRow(tensor: Tensor | undefined, output: string, sample: string): Row {
  if (!tensor || Array.isArray(tensor) || !tensor.dims) return fail('InvalidArgument', `'${output}' is no tensor`, 'Name another output in `output`.', { node: output });
  const length = elementsOf(tensor), width = tensor.dims.at(-1) ?? 1;
  if (length === 0 || tensor.dtype === 'string' || (length !== width && length !== 1)) {
    fail('ShapeMismatch', `'${output}' of ${sample} is ${tensor.dtype} [${tensor.dims}]`, 'One row of numbers a sample is evaluated: feed samples one by one, and name the output in `output`.', { node: output });
  }
  const read = elementReader(tensor);
  return Float64Array.from({ length }, (_, i) => Number(read(tensor, i)));
}

/** An index beyond is none of a class. */
export const mostClasses = 1 << 20;

/** Names of the classes: those given, or what the model's metadata say. */
export function classNames({ metadata }: Runner, { classes }: ReadingOptions): readonly string[] | undefined {
  if (classes !== undefined) {
    const fine = Array.isArray(classes) && classes.length > 0 && classes.every((name) => typeof name === 'string');
    return fine ? classes : fail('InvalidArgument', `classes are ${shown(classes)}`, 'Pass an array of names, in the order of the output.');
  }
  try {
    const names: unknown = JSON.parse(metadata?.labels ?? '');
    return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : undefined;
  } catch {
    return undefined;
  }
}

/** Classes by index. `count`: undefined where the output does not tell. */
export class ClassReader {
  readonly #names?: readonly string[];
  readonly #count?: number;

  constructor(names: readonly string[] | undefined, count: number | undefined) {
    if (names && count !== undefined && names.length !== count) {
      fail('InvalidArgument', `there are ${names.length} names for ${count} classes`, 'Name each class in `classes`, in the order of the output.');
    }
    this.#names = names;
    this.#count = count ?? names?.length;
  }

  index(label: Label, sample: string): number {
    const index = typeof label === 'string' ? this.#byName(label, sample) : Number(label);
    if (Array.isArray(label) || !Number.isInteger(index) || index < 0 || index >= (this.#count ?? mostClasses)) {
      fail('InvalidArgument', `the label of ${sample} is ${shown(label)}`, this.#count === undefined ? `Pass the index of a class, from 0 to ${mostClasses - 1}.` : `Pass the index of one of ${this.#count} classes, from 0, or its name.`);
    }
    return index;
  }

  name(index: number): string {
    return this.#names?.[index] ?? String(index);
  }

  #byName(label: string, sample: string): number {
    const index = this.#names?.indexOf(label) ?? -1;
    if (index >= 0) return index;
    const number = asNumber(label);
    if (typeof number === 'number' && !/^\s*[+-]?0\d/.test(label)) return number;
    return fail('InvalidArgument', `the label of ${sample} is ${shown(label)}, which is no class`,
      this.#names ? `Known: ${this.#names.slice(0, 20).join(', ')}${this.#names.length > 20 ? ' ...' : ''}.` : 'Name the classes in `classes`, in the order of the output.');
  }
}

const decimal = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

/** Text in which a finite number is written, as that number; all else as it is. */
export function asNumber<T>(value: T): T | number {
  return typeof value === 'string' && decimal.test(value) && Number.isFinite(Number(value)) ? Number(value) : value;
}

const sumOf = (row: Row) => row.reduce((all, one) => all + one, 0);
/* What 8 bits leave of a probability is up to half a step of 1/256 off. */
const rounding = 1 / 512, slack = 0.01;

/** Whether a row looks like probabilities: each from 0 to 1, and a sum of 1, give or take what 8 bits round. */
export function addsUp(row: Row): boolean {
  return Math.abs(sumOf(row) - 1) <= Math.max(slack, row.length * rounding) && row.every((one) => one >= -1e-6 && one <= 1 + slack);
}

/** Probabilities of what the model gave. Those that 8 bits rounded are made to add up to 1; where all became 0, they are alike. */
export function probabilities(row: Row, isLogits: boolean, sample: string): Row {
  if (isLogits) {
    const most = row.reduce((a, b) => Math.max(a, b), -Infinity), powers = row.map((one) => Math.exp(one - most));
    const sum = powers.reduce((all, one) => all + one, 0);
    return powers.map((one) => one / sum);
  }
  if (!row.some(Number.isNaN) && !addsUp(row)) {
    fail('InvalidArgument', `the scores of ${sample} add up to ${sumOf(row).toFixed(2)}, or are not from 0 to 1`, 'Pass `logits: true` where the output holds no probabilities.');
  }
  const sum = sumOf(row);
  return Math.abs(sum - 1) > slack ? row.map((one) => (sum > 0 ? one / sum : 1 / row.length)) : row;
}
