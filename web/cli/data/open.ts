// Data for a model, in whichever of the known formats they are. The first that fits of
//   FILE.csv, FILE.jsonl (.ndjson)        a line each
//   DIR/INPUT.npy for every input         samples along the first axis; labels.npy and metadata.csv may stand beside them
//   DIR/CLASS/*.png, *.jpg                pictures in a folder for each class
//   DIR/*/ with INPUT.npy (.pb, .json)    a folder each
//   DIR/*.npy, *.pb or *.json             a file each, for models with one input
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../src/engine.js';
import { fail } from '../../src/errors.js';
import { describe } from '../../src/tensor.js';
import type { TensorInfo } from '../../src/tensor.js';
import { openCsv } from './csv.js';
import type { CsvColumns } from './csv.js';
import type { Dataset } from './dataset.js';
import { isTensorFile, ofFiles, ofFolders } from './files.js';
import { findPictures, openPictures } from './images.js';
import type { PictureOptions } from './images.js';
import { isLines, openLines } from './json-lines.js';
import { openStacks } from './numpy.js';

export interface DataOptions {
  image?: PictureOptions;
  columns?: CsvColumns;
}

export function openDataset(engine: Engine, inputs: readonly TensorInfo[], path: string, options: DataOptions = {}): Dataset {
  if (!existsSync(path)) fail('InvalidArgument', `there is no folder ${path}`, 'Pass a folder with data for the model, or a .csv or .jsonl file.');
  if (!statSync(path).isDirectory()) {
    if (path.endsWith('.csv')) return openCsv(inputs, path, options.columns);
    if (isLines(path)) return openLines(engine, inputs, path, options.image);
    return fail('InvalidArgument', `${path} is no folder, .csv or .jsonl file`, 'Pass one of these.');
  }
  const stacks = inputs.map(({ name }) => join(path, `${name}.npy`));
  if (stacks.every((file) => existsSync(file))) return openStacks(inputs, stacks, path);
  const entries = readdirSync(path).sort(new Intl.Collator('en', { numeric: true }).compare).map((name) => join(path, name));
  const folders = entries.filter((entry) => statSync(entry).isDirectory());
  const pictures = findPictures(folders);
  if (pictures.length > 0) return openPictures(engine, inputs, pictures, options.image);
  if (folders.length > 0) return ofFolders(engine, inputs, folders);
  const files = entries.filter(isTensorFile);
  if (files.length > 0 && inputs.length === 1) return ofFiles(engine, inputs[0]!, files);
  return fail('InvalidArgument', `${path} holds no data for ${inputs.map(describe).join(', ')}`,
    `Put ${inputs.map(({ name }) => `${name}.npy`).join(', ')} there, with the samples along the first axis; insitu evaluate --help lists ` +
    'other ways.');
}
