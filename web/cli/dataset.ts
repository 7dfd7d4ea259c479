// A folder of data for a model, as samples: what one run is fed with. One of
//   DIR/INPUT.npy for every input: samples along the first axis
//   DIR/*.npy, *.pb or *.json, in the order of their names: a sample each, for models with one input
//   DIR/*/ with INPUT.npy (.pb, .json) for every input: a sample each
// Invariant: a sample is read when it is asked for; of stacks only the rows.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../src/engine.js';
import { fail } from '../src/errors.js';
import { describe, tensorOver } from '../src/tensor.js';
import type { Tensor, TensorInfo } from '../src/tensor.js';
import type { Value } from '../src/value.js';
import { readFeed } from './feeds.js';
import { readNpy } from './npy.js';

const endings = ['.npy', '.pb', '.json'];

export interface Dataset {
  readonly count: number;
  feeds(sample: number): Promise<Record<string, Value>>;
}

export function openDataset(engine: Engine, inputs: readonly TensorInfo[], folder: string): Dataset {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    fail('InvalidArgument', `there is no folder ${folder}`, 'Pass a folder with data for the model.');
  }
  const stacks = inputs.map(({ name }) => join(folder, `${name}.npy`));
  const entries = readdirSync(folder).sort(new Intl.Collator('en', { numeric: true }).compare).map((name) => join(folder, name));
  if (stacks.every((file) => existsSync(file))) return ofStacks(inputs, stacks);
  const folders = entries.filter((path) => statSync(path).isDirectory());
  if (folders.length > 0) return ofFolders(engine, inputs, folders);
  const files = entries.filter((path) => endings.some((ending) => path.endsWith(ending)));
  if (files.length > 0 && inputs.length === 1) {
    const [info] = inputs as [TensorInfo];
    return { count: files.length, feeds: async (i) => ({ [info.name]: await readFeed(engine, info, files[i]!) }) };
  }
  return fail('InvalidArgument', `${folder} holds no data for ${inputs.map(describe).join(', ')}`,
    `Put ${inputs.map(({ name }) => `${name}.npy`).join(', ')} there, with the samples along the first axis; insitu profile --help lists ` +
    'other ways.');
}

function ofStacks(inputs: readonly TensorInfo[], files: readonly string[]): Dataset {
  const stacks = files.map((file) => readNpy(readFileSync(file), file));
  const counts = stacks.map(({ dims }) => dims[0] ?? 0);
  if (new Set(counts).size !== 1) {
    fail('ShapeMismatch', `the files hold ${counts.join(', ')} samples`, 'Every input needs as many.');
  }
  return {
    count: counts[0]!,
    feeds: async (i) => Object.fromEntries(inputs.map(({ name, dims }, k) => [name, row(stacks[k]!, i, dims.length)])),
  };
}

/* Row `i` of a stack, for an input of `rank` dims: of a stack of as many, as a batch of one. */
function row({ dtype, dims, data }: Tensor, i: number, rank: number): Tensor {
  const bytes = new Uint8Array((data as Uint8Array).buffer, (data as Uint8Array).byteOffset, (data as Uint8Array).byteLength);
  const size = bytes.length / dims[0]!;
  const rest = dims.slice(1);
  return tensorOver({ dtype, dims: rest.length < rank ? [1, ...rest] : rest, data: bytes.slice(i * size, (i + 1) * size).buffer });
}

function ofFolders(engine: Engine, inputs: readonly TensorInfo[], folders: readonly string[]): Dataset {
  const find = (folder: string, name: string) => endings.map((ending) => join(folder, name + ending)).find((file) => existsSync(file)) ??
    fail('InvalidArgument', `${folder} has no file for the input '${name}'`, `Put ${name}.npy there.`);
  return {
    count: folders.length,
    async feeds(i) {
      const feeds: Record<string, Value> = {};
      for (const info of inputs) feeds[info.name] = await readFeed(engine, info, find(folders[i]!, info.name));
      return feeds;
    },
  };
}

/** Numbers of classes, or their names, one for every sample: a .npy or .json array, or a line each. */
export function readLabels(file: string, count: number): (number | string)[] {
  if (!existsSync(file)) fail('InvalidArgument', `cannot read ${file}`, 'Check the path of the labels.');
  const labels = readList(file);
  if (labels.length !== count) {
    fail('ShapeMismatch', `${file} has ${labels.length} labels for ${count} samples`, 'Give every sample a label, in their order.');
  }
  return labels;
}

export function readList(file: string): (number | string)[] {
  if (file.endsWith('.npy')) return Array.from(readNpy(readFileSync(file), file).data as ArrayLike<number | bigint>, Number);
  const text = readFileSync(file, 'utf8');
  if (file.endsWith('.json')) return JSON.parse(text);
  return text.trimEnd().split('\n').map((line) => (/^\d+$/.test(line.trim()) ? Number(line) : line.trim()));
}
