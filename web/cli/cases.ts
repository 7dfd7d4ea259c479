// ONNX backend-test cases: folders with model.onnx and test_data_set_N of serialized tensors.
// Reference: onnx/backend/test in the ONNX repository.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Engine } from '../src/engine.js';
import { fail, InsituError } from '../src/errors.js';
import type { Tensor, TensorInfo } from '../src/tensor.js';
import type { InspectOptions } from '../src/types.js';

const modelFile = 'model.onnx';

export interface Tolerance {
  rtol: number;
  atol: number;
}

/** The model file that an argument means: itself, or the model.onnx of a folder. */
export function findModel(path: string): string {
  return existsSync(path) && statSync(path).isDirectory() ? join(path, modelFile) : path;
}

/** The external data files of a model: the .data, .weights and _data files in its folder, by name. */
export function sourceOptions(model: string): InspectOptions {
  const folder = dirname(model);
  if (!existsSync(folder)) return {};
  const others = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(data|weights)$|_data$/.test(entry.name) && entry.name !== basename(model));
  return { externalData: Object.fromEntries(others.map(({ name }) => [name, join(folder, name)])) };
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

/** The tensors of a data set by the names of `infos`: by their own names where all fit, else by position. */
export async function readTensors(
  engine: Engine,
  folder: string,
  kind: 'input' | 'output',
  infos: readonly TensorInfo[],
): Promise<Record<string, Tensor>> {
  const files = readdirSync(folder).filter((name) => new RegExp(`^${kind}_\\d+\\.pb$`).test(name)).sort(byNumber);
  const read = [];
  for (const file of files) read.push(await engine.parseTensor(join(folder, file)));
  if (read.length > infos.length) {
    throw new InsituError({
      code: 'InvalidArgument',
      message: `${folder} holds ${read.length} ${kind}s, but the model has ${infos.length}`,
    });
  }
  const named = read.every(({ name }) => infos.some((info) => info.name === name));
  return Object.fromEntries(read.map(({ name, tensor }, i) => {
    const info = (named ? infos.find((candidate) => candidate.name === name) : infos[i])!;
    // Some cases store bfloat16 as the integers of its bits.
    const isBits = info.dtype === 'bfloat16' && tensor.dtype === 'uint16';
    return [info.name, isBits ? { ...tensor, dtype: info.dtype } as Tensor : tensor];
  }));
}

function byNumber(a: string, b: string): number {
  return Number(/\d+/.exec(a)) - Number(/\d+/.exec(b));
}
