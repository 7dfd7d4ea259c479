// The flags by which commands are told of labelled data, and the data that they mean.
import { existsSync, readFileSync } from 'node:fs';
import type { Engine } from '../../src/engine.js';
import { fail } from '../../src/errors.js';
import type { ReadingOptions } from '../../src/evaluate/types.js';
import type { TensorInfo } from '../../src/tensor.js';
import { refuse, wholeNumber } from '../command.js';
import type { Flags } from '../command.js';
import type { CsvColumns } from './csv.js';
import type { Dataset } from './dataset.js';
import { imageMember } from './image-options.js';
import type { PictureOptions } from './images.js';
import { readLabels, readMetadata, readNames } from './labels.js';
import { openDataset } from './open.js';

export const dataFlags = {
  data: { type: 'string' }, labels: { type: 'string' }, metadata: { type: 'string' }, classes: { type: 'string' },
  'label-column': { type: 'string' }, 'metadata-columns': { type: 'string' }, image: { type: 'string' },
  output: { type: 'string' }, task: { type: 'string' }, logits: { type: 'boolean' },
} as const;

export const dataHelp = `DATA is one of
  DIR/INPUT.npy for every input, samples along the first axis; labels.npy and metadata.csv beside them are read
  DIR/CLASS/*.png, *.jpg, pictures in a folder for each class
  FILE.csv, whose first line names the columns: a label, metadata, and numbers that make the input
  FILE.jsonl, an object a line: {"feeds": {INPUT: nested arrays, {"dims", "data"} or a file}, "label", "metadata", "name"};
             files are looked for beside it
  a file (.npy, .pb, .json) or a folder of them for each sample`;

export const dataFlagsHelp = `  --labels FILE    what is true of each sample: .npy, .json, or a line each; of regression numbers
  --classes FILE   names of the classes in the order of the output (.json, or a line each); default: as the model says
  --metadata FILE  columns that say more of each sample: a .csv file with a line each
  --label-column C, --metadata-columns C,D
                   of FILE.csv; default: label, and no metadata
  --image OPTIONS  how pictures become tensors: the options of image() as JSON, or a .json file: '{"mean": 0.5, "std": 0.5}'
  --output NAME    the output that is looked at; default: the first
  --task T         classification or regression; default: as fits
  --logits         the output holds logits; default: where its first row does not add up to 1`;

export function dataPath(flags: Flags, command: string): string {
  return typeof flags.data === 'string' ? flags.data : refuse(`insitu ${command} wants --data DATA`);
}

export function readingOptions(flags: Flags): ReadingOptions {
  const { output, task, logits, classes } = flags;
  if (task !== undefined && task !== 'classification' && task !== 'regression') refuse(`--task is '${String(task)}', not classification or regression`);
  return {
    ...(output !== undefined && { output: String(output) }), ...(task !== undefined && { task: task as 'regression' }),
    ...(logits !== undefined && { logits: logits === true }), ...(classes !== undefined && { classes: readNames(String(classes)) }),
  };
}

/** How data are read, where flags say it: in one form, however they do. */
export function readingOf(flags: Flags): object {
  const { output, task, logits, image } = flags, { label, metadata } = columnsOf(flags);
  const options = imageOptions(image), sorted = options && Object.fromEntries(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));
  const said = { labelColumn: label, metadataColumns: metadata, image: sorted, output, task, logits };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

function columnsOf(flags: Flags): CsvColumns {
  const names = flags['metadata-columns'];
  return {
    ...(flags['label-column'] !== undefined && { label: String(flags['label-column']) }),
    ...(names !== undefined && { metadata: String(names).split(',').map((name) => name.trim()) }),
  };
}

/** The data of --data with what the other flags say of them. */
export function openData(engine: Engine, inputs: readonly TensorInfo[], path: string, flags: Flags): Dataset {
  const data = openDataset(engine, inputs, path, { image: imageOptions(flags.image), columns: columnsOf(flags) });
  if (data.count === 0) fail('InvalidArgument', `${path} holds no samples`, 'Pass data with one sample or more.');
  const labels = flags.labels === undefined ? undefined : readLabels(String(flags.labels), data.count);
  const metadata = flags.metadata === undefined ? undefined : readMetadata(String(flags.metadata), data.count);
  return { ...data, ...(labels && { label: (i: number) => labels[i] }), ...(metadata && { metadata: (i: number) => metadata[i] }) };
}

/** Those of --image. */
export function imageOptions(given: Flags[string]): PictureOptions | undefined {
  if (given === undefined) return undefined;
  const value = readJson('--image', String(given), String(given).trim().startsWith('{'));
  imageMember((path, what) => refuse(`--image: ${path === '' ? 'it' : path} ${what}`))(value, '');
  return value as PictureOptions;
}

/** JSON in a file, or as it stands. */
export function readJson(flag: string, given: string, inline = false): unknown {
  if (!inline && !existsSync(given)) fail('InvalidArgument', `cannot read ${given}`, `Check the path of ${flag}.`);
  try {
    return JSON.parse(inline ? given : readFileSync(given, 'utf8'));
  } catch (thrown) {
    return fail('InvalidArgument', `${inline ? flag : given} is no JSON: ${(thrown as Error).message}`, 'Check quotes and commas.', thrown);
  }
}

export function optionalWhole(flags: Flags, name: string): number | undefined {
  return flags[name] === undefined ? undefined : wholeNumber(`--${name}`, flags[name]);
}
