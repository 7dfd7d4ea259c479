// Slices that somebody declared: a name and a condition over columns.
// Invariant: a condition has exactly one meaning; members that are not known and columns that are not there are refused.
import { fail } from '../../fail.js';
import { shown } from '../../shown.js';
import type { Attribute } from './columns.js';

/** Which samples belong to a slice. Numbers compare with numbers alone; a column that says nothing of a sample holds of none. */
export type Condition =
  | {
    /** The name of a column of metadata, `class`, or a feature of an image such as `image.brightness`. */
    readonly column: string;
    /** What it says. */
    readonly is: string | number | boolean;
  }
  | {
    /** The name of a column. */
    readonly column: string;
    /** What it says: one of these. */
    readonly in: readonly (string | number | boolean)[];
  }
  | {
    /** The name of a column of numbers. */
    readonly column: string;
    /** The number itself or more. */
    readonly from?: number;
    /** Less than that. */
    readonly below?: number;
  }
  | {
    /** All of them hold. */
    readonly all: readonly Condition[];
  }
  | {
    /** One of them holds. */
    readonly any: readonly Condition[];
  }
  | {
    /** It does not hold. */
    readonly not: Condition;
  };

type Test = (sample: number) => boolean;

const forms = "{ column, is }, { column, in }, { column, from, below }, { all }, { any } or { not }";
const shapes: readonly (readonly string[])[] = [
  ['column', 'is'], ['column', 'in'], ['column', 'from'], ['column', 'below'], ['column', 'from', 'below'], ['all'], ['any'], ['not'],
];

/** Whether a condition holds, by sample. `column` gives what is known of all samples; `slice`: what an error names. */
export function conditionOver(entriesOf: (column: string) => readonly Attribute[], condition: Condition, slice: string): Test {
  const wrong = (what: unknown): never => fail('InvalidArgument', `the slice '${slice}' has the condition ${shown(what)}`, `Pass ${forms}.`);
  const isPlain = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value);
  const isBound = (value: unknown) => value === undefined || (typeof value === 'number' && !Number.isNaN(value));
  const read = (given: Condition): Test => {
    if (typeof given !== 'object' || given === null) return wrong(given);
    const members = Object.keys(given);
    if (!shapes.some((shape) => shape.length === members.length && shape.every((member) => members.includes(member)))) return wrong(given);
    const { column, is, in: values, from, below, all, any, not } = given as {
      column?: unknown; is?: unknown; in?: unknown; from?: number; below?: number; all?: Condition[]; any?: Condition[]; not?: Condition;
    };
    if (not) {
      const holds = read(not);
      return (sample) => !holds(sample);
    }
    if (all ?? any) {
      const parts = all ?? any;
      if (!Array.isArray(parts) || parts.length === 0) return wrong(given);
      const tests = parts.map(read);
      return all ? (sample) => tests.every((test) => test(sample)) : (sample) => tests.some((test) => test(sample));
    }
    if (typeof column !== 'string') return wrong(given);
    const entries = entriesOf(column);
    if (members.includes('is')) return isPlain(is) ? (sample) => entries[sample] === is : wrong(given);
    if (members.includes('in')) {
      return Array.isArray(values) && values.every(isPlain) ? (sample) => values.includes(entries[sample]) : wrong(given);
    }
    if (!isBound(from) || !isBound(below)) return wrong(given);
    const [low, high] = [from ?? -Infinity, below ?? Infinity];
    return (sample) => {
      const entry = entries[sample];
      return typeof entry === 'number' && entry >= low && (below === undefined || entry < high);
    };
  };
  return read(condition);
}
