// Feeds for a model from files (.pb, .npy, .json) or at random.
// Invariant: random feeds are the same on every run and machine.
import { readFileSync } from 'node:fs';
import type { Engine } from '../src/engine.js';
import { fail } from '../src/errors.js';
import { dataLength, tensor } from '../src/tensor.js';
import type { DType, Tensor, TensorInfo } from '../src/tensor.js';
import type { Value } from '../src/value.js';
import { readNpy } from './npy.js';
import { readValue } from './run-case.js';

/** The tensor that `source` means for the input `info`: 'random' or the name of a file. */
export async function readFeed(engine: Engine, info: TensorInfo, source: string): Promise<Value> {
  if (source === 'random') return randomFeed(info);
  if (source.endsWith('.pb')) return (await readValue(engine, source, info)).value;
  if (!/\.(npy|json)$/.test(source)) {
    fail('InvalidArgument', `'${source}' is no kind of tensor file`, 'Pass a .pb, .npy or .json file, or random.');
  }
  const bytes = read(source);
  if (source.endsWith('.npy')) return readNpy(bytes, source);
  return fromJson(parse(bytes, source), info);
}

/** Floats from 0 to 1, small whole numbers for integers; symbolic dims become 1; sequences are empty. */
export function randomFeed({ dtype, ...info }: TensorInfo): Value {
  if (dtype === 'optional') return null;
  if (dtype === 'sequence' || dtype === 'map') return [];
  const dims = info.dims.map((dim) => (typeof dim === 'number' ? dim : 1));
  const length = dataLength(dtype, dims);
  if (dtype === 'string') return tensor(new Array<string>(length).fill('a'), dims);
  const random = generator(length);
  const range = ranges[dtype] ?? 10;
  const numbers = Array.from({ length }, () => (range === 1 ? random() : Math.floor(random() * range)));
  return tensor(numbers, dims, dtype);
}

/* How many values a random element takes; 1: any from 0 to 1. Sixteen-bit floats from 0 to 1 are bits below 0x3c00. */
const ranges: Partial<Record<DType, number>> = {
  float32: 1, float64: 1, float16: 0x3c00, bfloat16: 0x3f80, bool: 2, uint8: 256, int8: 128, uint4: 256, int4: 256,
};

function generator(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

type Nested = number | string | boolean | Nested[];

/** Nested arrays, or { dims, data }, as a tensor of the type of `info`. */
export function fromJson(json: Nested | { dims: number[]; data: Nested[] }, info: TensorInfo): Tensor {
  const dtype = info.dtype as DType;
  if (typeof json === 'object' && !Array.isArray(json)) {
    return dtype === 'string' ? tensor(json.data.map(String), json.dims) : tensor(json.data.map(Number), json.dims, dtype);
  }
  const dims: number[] = [];
  for (let level: Nested = json; Array.isArray(level); level = level[0] ?? 0) dims.push(level.length);
  const flat = (Array.isArray(json) ? (json as unknown[]).flat(Infinity as 1) : [json]) as (number | string | boolean)[];
  return dtype === 'string' ? tensor(flat.map(String), dims) : tensor(flat.map(Number), dims, dtype);
}

function parse(bytes: Uint8Array, file: string): Nested {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (thrown) {
    return fail('InvalidArgument', `${file} is no JSON: ${(thrown as Error).message}`,
      'Write nested arrays, or {"dims": [...], "data": [...]}.', thrown);
  }
}

function read(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (thrown) {
    return fail('InvalidArgument', `cannot read ${file}`, 'Check the path of the file.', thrown);
  }
}
