// A CSV file as samples: numeric columns make one input, a column is the label, others are metadata.
// Invariant: a cell that is no number, where one is needed, is refused by file, line and column.
import { fail } from '../../src/errors.js';
import { describe, tensor } from '../../src/tensor.js';
import type { DType, TensorInfo } from '../../src/tensor.js';
import { failAt } from '../feeds.js';
import { someOf } from '../text.js';
import { attributeOf, readTable } from './csv-table.js';
import type { Dataset } from './dataset.js';

export interface CsvColumns {
  /** Default 'label', where there is one. */
  label?: string;
  /** Default none. */
  metadata?: readonly string[];
}

export function openCsv(inputs: readonly TensorInfo[], file: string, { label, metadata = [] }: CsvColumns = {}): Dataset {
  const [info] = inputs as [TensorInfo];
  if (inputs.length !== 1) fail('InvalidArgument', `the model has ${inputs.length} inputs`, 'A .csv file feeds one input; write .jsonl for several.');
  const { header, rows } = readTable(file);
  const place = (name: string) => {
    const at = header.indexOf(name);
    return at >= 0 ? at : fail('InvalidArgument', `${file} has no column '${name}'`, `It has ${someOf(header)}.`);
  };
  const labelAt = label !== undefined ? place(label) : header.indexOf('label');
  const metadataAt = metadata.map(place);
  const fed = header.map((_, i) => i).filter((i) => i !== labelAt && !metadataAt.includes(i));
  const dims = dimsFor(info, fed.length, file);
  return {
    count: rows.length,
    name: (i) => `line ${rows[i]!.line}`,
    feeds: async (i) => {
      const { line, cells } = rows[i]!;
      const numbers = fed.map((at) => {
        const value = attributeOf(cells[at]!), wrong = (what: string, hint: string) =>
          fail('InvalidArgument', `${file}:${line}: '${cells[at]}' in the column '${header[at]}' is ${what}`, hint);
        if (typeof value !== 'number') return wrong('no number', 'Name columns that are no input with --metadata-columns.');
        return info.dtype !== 'float32' || Number.isFinite(Math.fround(value)) ? value : wrong('beyond float32', 'Write numbers that the input holds.');
      });
      try {
        return { [info.name]: tensor(numbers, dims, info.dtype as DType) };
      } catch (thrown) {
        return failAt(`${file}:${line}`, thrown);
      }
    },
    // As text: whether that is the name of a class or a number, who reads it knows.
    label: (i) => (labelAt < 0 ? undefined : rows[i]!.cells[labelAt]!.trim() || undefined),
    metadata: (i) => Object.fromEntries(metadataAt.map((at) => [header[at]!, attributeOf(rows[i]!.cells[at]!)])),
  };
}

/* The extents of the input with a batch of one, for so many numbers; one extent may be open. */
function dimsFor(info: TensorInfo, count: number, file: string): number[] {
  const dims = info.dims.map((dim, i) => (i === 0 && typeof dim !== 'number' ? 1 : dim));
  const known = dims.reduce<number>((product, dim) => (typeof dim === 'number' ? product * dim : product), 1);
  const open = dims.filter((dim) => typeof dim !== 'number').length;
  if (open > 1 || (open === 0 ? known !== count : count % known !== 0 || count === 0)) {
    fail('ShapeMismatch', `${file} has ${count} columns for ${describe(info)}`, 'Columns that are neither the label nor named with --metadata-columns make the input.');
  }
  return dims.map((dim) => (typeof dim === 'number' ? dim : count / known));
}
