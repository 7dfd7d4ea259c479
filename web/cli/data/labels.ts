// Labels, names of classes and metadata in files of their own.
import { existsSync, readFileSync } from 'node:fs';
import { fail } from '../../src/errors.js';
import type { Attribute } from '../../src/evaluate/slices/columns.js';
import type { Label } from '../../src/evaluate/types.js';
import { readNpy } from '../npy.js';
import { attributeOf, readTable } from './csv-table.js';

/** One for every sample: a .npy or .json array, whose rows may hold several numbers, or a line each. */
export function readLabels(file: string, count: number): Label[] {
  const labels = readList(file);
  if (labels.length !== count) {
    fail('ShapeMismatch', `${file} has ${labels.length} labels for ${count} samples`, 'Give every sample a label, in their order.');
  }
  return labels;
}

/** Names of classes, each another one. */
export function readNames(file: string): string[] {
  const names = readList(file).map(String), twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) fail('InvalidArgument', `${file}: two classes are called '${twice}'`, 'Name each class once, in the order of the output.');
  return names;
}

function readList(file: string): Label[] {
  if (!existsSync(file)) fail('InvalidArgument', `cannot read ${file}`, 'Check the path.');
  if (file.endsWith('.npy')) {
    const { dims, data } = readNpy(readFileSync(file), file);
    const numbers = Array.from(data as ArrayLike<number | bigint>, Number), width = dims.slice(1).reduce((a, b) => a * b, 1);
    return width === 1 ? numbers : Array.from({ length: dims[0]! }, (_, i) => numbers.slice(i * width, (i + 1) * width));
  }
  const text = readFileSync(file, 'utf8');
  if (!file.endsWith('.json')) return text.trimEnd().split('\n').map((line) => line.trim());
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list : fail('InvalidArgument', `${file} is no array`, 'Write a JSON array, an entry for each sample.');
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
    return fail('InvalidArgument', `${file} is no JSON: ${thrown.message}`, 'Write a JSON array, an entry for each sample.', thrown);
  }
}

/** Columns of a .csv file, a line for every sample. */
export function readMetadata(file: string, count: number): Record<string, Attribute>[] {
  const { header, rows } = readTable(file);
  if (rows.length !== count) fail('ShapeMismatch', `${file} has ${rows.length} lines for ${count} samples`, 'Write a line for each sample, in their order, below the names of the columns.');
  return rows.map(({ cells }) => Object.fromEntries(header.map((name, i) => [name, attributeOf(cells[i]!)])));
}
