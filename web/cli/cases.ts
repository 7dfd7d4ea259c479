// ONNX backend-test cases: folders with model.onnx and test_data_set_N of serialized tensors.
// Reference: onnx/backend/test in the ONNX repository.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fail } from '../src/errors.js';
import type { InspectOptions } from '../src/types.js';
import type { Tolerance } from '../src/compare.js';
import { externalNames } from './external-names.js';
import type { Case } from './run-case.js';

const modelFile = 'model.onnx';

/** The model file that an argument means: itself, or the model.onnx of a folder. */
export function findModel(path: string): string {
  if (!existsSync(path) || !statSync(path).isDirectory()) return path;
  const model = join(path, modelFile);
  return existsSync(model) ? model : fail('InvalidArgument', `the folder ${path} has no ${modelFile}`, 'Pass the path of an .onnx file.');
}

/** The external data that a model names, by name, there or not. At an address it has none. */
export function externalFiles(model: string): [name: string, file: string][] {
  // A model may name files of its folder and below, no others: the engine refuses those.
  const names = existsSync(model) ? externalNames(model).filter((name) => !/^\/|[\\:\0]|(^|\/)\.\.(\/|$)/.test(name)) : [];
  return names.map((name) => [name, join(dirname(model), name)]);
}

/** How a model is loaded with its external data. InvalidArgument where one is not there. */
export function sourceOptions(model: string): { externalData: Record<string, string> } {
  const files = externalFiles(model), missing = files.find(([, file]) => !existsSync(file));
  if (missing) fail('InvalidArgument', `${model} keeps weights in '${missing[0]}', and there is no ${missing[1]}`, 'Put the file there: external data are looked for beside the model.');
  return { externalData: Object.fromEntries(files) };
}

/** Those of an encrypted model, which cannot be asked: the .data, .weights and _data files in its folder, by name without `ending`. */
export function encryptedSourceOptions(model: string, ending: string): InspectOptions {
  const folder = dirname(model);
  if (!existsSync(folder)) return {};
  const others = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending) && entry.name !== basename(model))
    .map(({ name }) => name.slice(0, name.length - ending.length))
    .filter((name) => /\.(data|weights)$|_data$/.test(name));
  return { externalData: Object.fromEntries(others.map((name) => [name, join(folder, name + ending)])) };
}

/** The case folders at and below `folder`, in order. */
export function findCases(folder: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    fail('InvalidArgument', `there is no folder ${folder}`, 'Pass a folder with ONNX backend-test cases.');
  }
  const found: string[] = [];
  const visit = (path: string) => {
    if (existsSync(join(path, modelFile)) && dataSets(path).length > 0) found.push(path);
    const below = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of below) if (!name.startsWith('test_data_set_')) visit(join(path, name));
  };
  visit(folder);
  return found.sort();
}

/** The test_data_set_N folders of a case, by number. */
export function dataSets(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => /^test_data_set_\d+$/.test(name)).sort(byNumber)
    .map((name) => join(folder, name));
}

export function readTolerance(folder: string): Tolerance {
  const file = join(folder, 'tolerance.json');
  const given = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Tolerance>) : {};
  return { rtol: 1e-3, atol: 1e-7, ...given };
}

/** The stored inputs or outputs of a data set, by number. */
export function valueFiles(folder: string, kind: 'input' | 'output'): string[] {
  return readdirSync(folder).filter((name) => new RegExp(`^${kind}_\\d+\\.pb$`).test(name)).sort(byNumber)
    .map((name) => join(folder, name));
}

/** A case as run-case.ts takes it. */
export function readCase(folder: string): Case {
  const model = join(folder, modelFile);
  const sets = dataSets(folder).map((set) => ({
    inputs: valueFiles(set, 'input'),
    outputs: valueFiles(set, 'output'),
  }));
  return { model, options: sourceOptions(model), sets, tolerance: readTolerance(folder) };
}

function byNumber(a: string, b: string): number {
  return Number(/\d+/.exec(a)) - Number(/\d+/.exec(b));
}
