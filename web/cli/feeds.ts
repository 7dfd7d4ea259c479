// Feeds for a model from files (.pb, .npy, .json) or at random.
// Invariant: random feeds are the same on every run and machine.
import { readFileSync } from 'node:fs';
import type { Engine } from '../src/engine.js';
import { fail, toInsituError } from '../src/errors.js';
import { shown } from '../src/shown.js';
import { checkFeed, dataLength, tensor } from '../src/tensor.js';
import type { DType, Tensor, TensorInfo } from '../src/tensor.js';
import type { Value } from '../src/value.js';
import { readNpy } from './npy.js';
import { readValue } from './run-case.js';

/** The tensor that `source` means for the input `info`: 'random' or the name of a file. */
export async function readFeed(engine: Engine, info: TensorInfo, source: string): Promise<Value> {
  if (source === 'random') return randomFeed(info);
  if (source.endsWith('.pb')) return fitting(source, (await readValue(engine, source, info)).value, info);
  if (!/\.(npy|json)$/.test(source)) {
    fail('InvalidArgument', `'${source}' is no kind of tensor file`, 'Pass a .pb, .npy or .json file, or random.');
  }
  const bytes = read(source);
  if (source.endsWith('.npy')) return fitting(source, readNpy(bytes, source), info);
  return fitting(source, fromJson(parse(bytes, source), info), info);
}

/** The value, where the input takes it; the error says where the value is from. */
export function fitting<T extends Value>(place: string, value: T, info: TensorInfo): T {
  if (['sequence', 'optional', 'map'].includes(info.dtype)) return value;
  try {
    checkFeed(value as Tensor, info);
    return value;
  } catch (thrown) {
    return failAt(place, thrown);
  }
}

/** Fails as before, and says where. `hint`: where there is none. */
export function failAt(place: string, thrown: unknown, hint?: string): never {
  const error = toInsituError(thrown, 'InvalidArgument').toJSON();
  return fail(error.code, `${place}: ${error.message}`, error.hint ?? hint, thrown);
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

type Nested = number | string | boolean | null | Nested[];

/** Nested arrays, or { dims, data }, as a tensor of the type of `info`. */
export function fromJson(json: Nested | { dims: number[]; data: Nested[] }, info: TensorInfo): Tensor {
  const dtype = info.dtype as DType;
  const [data, dims] = typeof json === 'object' && json !== null && !Array.isArray(json) ? [json.data, json.dims] : [flatten(json), dimsOf(json)];
  if (!Array.isArray(data)) fail('InvalidArgument', '"data" is no array', 'Write {"dims": [...], "data": [...]}.');
  if (dtype === 'string') return tensor(data.map(textOf), dims);
  return isWide(dtype) ? tensor(wideOf(data, dtype), dims, dtype) : tensor(data.map(numberOf), dims, dtype);
}

/* By the first array of each level. */
function dimsOf(json: Nested): number[] {
  return Array.isArray(json) ? [json.length, ...(json.length > 0 ? dimsOf(json[0]!) : [])] : [];
}

function flatten(json: Nested, dims = dimsOf(json)): Nested[] {
  const [length, ...inner] = dims;
  if (length === undefined && !Array.isArray(json)) return [json];
  if (!Array.isArray(json) || json.length !== length) {
    const has = Array.isArray(json) ? `an array of ${json.length}` : JSON.stringify(json).slice(0, 40);
    fail('InvalidArgument', `${has} stands where the arrays before have ${length === undefined ? 'a number' : length}`, 'Write nested arrays of equal lengths.');
  }
  return json.flatMap((one) => flatten(one, inner));
}

/* JSON has no numbers that are not finite, and JavaScript reads none exactly beyond 2 ** 53: they are written as text. */
const texts = new Map([['NaN', NaN], ['Infinity', Infinity], ['-Infinity', -Infinity]]);

function numberOf(value: Nested): number {
  if (Number.isFinite(value) || typeof value === 'boolean') return Number(value);
  return (typeof value === 'string' ? texts.get(value) : undefined) ??
    fail('InvalidArgument', `${shown(value).slice(0, 40)} is no number`, 'Write numbers, true, false, "NaN", "Infinity" or "-Infinity".');
}

const isWide = (dtype: DType): dtype is 'int64' | 'uint64' => dtype === 'int64' || dtype === 'uint64';

function wideOf(data: Nested[], dtype: 'int64' | 'uint64'): BigInt64Array | BigUint64Array {
  const [array, inRange] = dtype === 'int64' ? [BigInt64Array, BigInt.asIntN] as const : [BigUint64Array, BigInt.asUintN] as const;
  return array.from(data.map((value) => {
    const isWhole = typeof value === 'string' ? /^-?\d+$/.test(value) : Number.isSafeInteger(Number(value ?? NaN)) && !Array.isArray(value);
    const whole = isWhole ? BigInt(value as string | number | boolean) : undefined;
    return whole !== undefined && inRange(64, whole) === whole ? whole
      : fail('InvalidArgument', `${JSON.stringify(value).slice(0, 40)} is no ${dtype}`, 'Write whole numbers, those beyond 2 ** 53 as text.');
  }));
}

const textOf = (value: Nested): string => (typeof value === 'string' ? value
  : fail('InvalidArgument', `${JSON.stringify(value).slice(0, 40)} is no text`, 'Write strings.'));

function parse(bytes: Uint8Array, file: string): Nested {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Nested;
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
