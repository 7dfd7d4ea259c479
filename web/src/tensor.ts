// Tensors as JavaScript sees them: dtype, dims and a typed array (or strings), and the checks that
// a feed passes before it leaves the page.
// Invariant: data.length is what dims ask for; 4-bit types hold two elements a byte, low nibble first.
import { fail, InsituError } from './errors.js';
import { kindShown } from './shown.js';

/* Per dtype: the array that carries it and the bits of one element. */
const arrays = {
  float32: [Float32Array, 32],
  float64: [Float64Array, 64],
  float16: [Uint16Array, 16],
  bfloat16: [Uint16Array, 16],
  float8e4m3fn: [Uint8Array, 8],
  float8e4m3fnuz: [Uint8Array, 8],
  float8e5m2: [Uint8Array, 8],
  float8e5m2fnuz: [Uint8Array, 8],
  int8: [Int8Array, 8],
  uint8: [Uint8Array, 8],
  int16: [Int16Array, 16],
  uint16: [Uint16Array, 16],
  int32: [Int32Array, 32],
  uint32: [Uint32Array, 32],
  int64: [BigInt64Array, 64],
  uint64: [BigUint64Array, 64],
  bool: [Uint8Array, 8],
  int4: [Uint8Array, 4],
  uint4: [Uint8Array, 4],
} as const;

/** @inline */
type NumericDType = keyof typeof arrays;
/** The element types of ONNX, and strings. */
export type DType = NumericDType | 'string';
/** What carries the elements of a tensor; docs/api.md says which array belongs to which dtype. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** Elements with their extents. `data.length` is the product of `dims`; half of it for 4-bit types. */
export interface Tensor {
  /** The type of the elements. */
  readonly dtype: DType;
  /** The extents; empty for a scalar. */
  readonly dims: readonly number[];
  /** The elements, the last dim's fastest; 4-bit ones two a byte, the low half first. */
  readonly data: TypedArray | readonly string[];
}

/** An input or output of a model. A dim is a number, the name of a symbol, an expression of such names, or '?'. */
export interface TensorInfo extends TypeInfo {
  /** The name that feeds and results have. */
  readonly name: string;
}
/** The type of a value: of a tensor, or of what holds tensors. */
export interface TypeInfo {
  /** The element type of a tensor, or which kind of value holds tensors. */
  readonly dtype: DType | 'sequence' | 'optional' | 'map';
  /** A number, the name of a symbol, an expression of such names, or `?` each. */
  readonly dims: readonly (number | string)[];
  /** What a sequence, an optional value or a map holds. */
  readonly element?: TypeInfo;
  /** True where not even the number of dims is known before a run; `dims` is empty then. */
  readonly anyRank?: boolean;
}

/** How many array elements `dims` of `dtype` need; InvalidArgument for dims that are no extents. */
export function dataLength(dtype: DType, dims: readonly number[]): number {
  let elements = 1;
  for (const dim of dims) {
    if (!Number.isSafeInteger(dim) || dim < 0) {
      fail('InvalidArgument', `dims [${dims}] hold ${dim}`, 'Every dim is a whole number, zero or more.');
    }
    elements *= dim;
  }
  return dtype !== 'string' && arrays[dtype][1] === 4 ? Math.ceil(elements / 2) : elements;
}

/** A tensor over bytes or strings that belong to it; nothing is copied. */
export function tensorOver({ dtype, dims, data }: {
  dtype: DType;
  dims: number[];
  data: ArrayBuffer | string[];
}): Tensor {
  const array = dtype === 'string' || Array.isArray(data) ? (data as string[]) : new arrays[dtype][0](data);
  return { dtype, dims, data: array };
}

/**
 * Makes a tensor. Without `dtype`, a typed array keeps its own type, numbers become float32 and strings string.
 * Without `dims` it has one dimension. Typed arrays are not copied.
 */
export function tensor(
  data: TypedArray | readonly number[] | readonly string[],
  dims?: readonly number[],
  dtype?: DType,
): Tensor {
  if (!Array.isArray(data) && !ArrayBuffer.isView(data)) noTensor(kindShown(data));
  const type = dtype ?? dtypeOf(data);
  if (dims !== undefined && !Array.isArray(dims)) fail('InvalidArgument', `dims is ${kindShown(dims)}`, 'Pass an array of whole numbers.');
  if (type !== 'string' && !Object.hasOwn(arrays, type)) {
    fail('InvalidArgument', `'${String(type).slice(0, 40)}' is no dtype`, `Known: string, ${Object.keys(arrays).join(', ')}.`);
  }
  const elements = ArrayBuffer.isView(data) || type === 'string' ? data : convert(data as number[], type);
  const is4Bit = type === 'int4' || type === 'uint4';
  const made: Tensor = Object.freeze({
    dtype: type,
    dims: Object.freeze([...(dims ?? [is4Bit ? elements.length * 2 : elements.length])]),
    data: elements as Tensor['data'],
  });
  checkTensor(made);
  return made;
}

/** Throws unless dtype, dims and data agree with each other. */
export function checkTensor(value: Tensor, name?: string): void {
  const what = name === undefined ? 'the tensor' : `'${name}'`;
  const at = (code: 'InvalidArgument' | 'ShapeMismatch', message: string, hint: string): never => {
    throw new InsituError({ code, message, hint, node: name });
  };
  if (!value || typeof value !== 'object' || !Array.isArray(value.dims) || !value.data) {
    at('InvalidArgument', `${what} is not a tensor`, 'Make one with tensor(data, dims).');
  }
  const { dtype, dims, data } = value;
  if (dtype === 'string') {
    if (!Array.isArray(data) || data.some((item) => typeof item !== 'string')) {
      at('InvalidArgument', `${what} has dtype string but its data are not all strings`, 'Pass an array of strings.');
    }
  } else {
    const array = Object.hasOwn(arrays, dtype) ? arrays[dtype][0] : undefined;
    const fits = array && (data instanceof array || (array === Uint8Array && data instanceof Uint8ClampedArray));
    if (!fits) {
      const given = data?.constructor?.name ?? typeof data;
      at('InvalidArgument', `${what} has dtype ${dtype} but its data are ${given}`,
        array ? `${dtype} is carried by a ${array.name}.` : `Known dtypes: string, ${Object.keys(arrays).join(', ')}.`);
    }
  }
  const needed = dataLength(dtype, dims);
  if (data.length !== needed) {
    at('ShapeMismatch', `${what} has ${data.length} array elements, but dims [${dims}] of ${dtype} need ${needed}`,
      'Pass the dims that belong to the data.');
  }
}

/** Throws unless `value` is a tensor that the model's input `info` takes. */
export function checkFeed(value: Tensor, info: TensorInfo): void {
  checkTensor(value, info.name);
  const wants = `The model wants ${describe(info)}.`;
  if (value.dtype !== info.dtype) {
    throw new InsituError({
      code: 'InvalidArgument',
      message: `'${info.name}' was given as ${value.dtype}`,
      node: info.name,
      hint: wants,
    });
  }
  const { dims, anyRank } = info;
  const differs = dims.length !== value.dims.length ||
    dims.some((dim, i) => typeof dim === 'number' && dim !== value.dims[i]);
  if (!anyRank && differs) {
    throw new InsituError({
      code: 'ShapeMismatch',
      message: `'${info.name}' was given with dims [${value.dims}]`,
      node: info.name,
      hint: wants,
    });
  }
}

/** "'pixels' float32 [1,1,28,28]", for error messages and listings. */
export function describe({ name, ...type }: TensorInfo): string {
  return `'${name}' ${describeType(type)}`;
}

function describeType({ dtype, dims, anyRank, element }: TypeInfo): string {
  if (element) return `${dtype} of ${describeType(element)}`;
  return `${dtype} ${anyRank ? 'of any rank' : `[${dims.join(',')}]`}`;
}

function dtypeOf(data: TypedArray | readonly number[] | readonly string[]): DType {
  if (Array.isArray(data)) return typeof data[0] === 'string' ? 'string' : 'float32';
  if (data instanceof Uint8ClampedArray) return 'uint8';
  const { name } = (data as TypedArray).constructor;
  const type = name.replace('Array', '').replace('Big', '').toLowerCase();
  return Object.hasOwn(arrays, type) ? type as DType : noTensor(name);
}

function noTensor(what: string): never {
  fail('InvalidArgument', `${what} cannot become a tensor`, 'Pass a typed array, an array of numbers or an array of strings.');
}

function convert(numbers: readonly number[], dtype: NumericDType): TypedArray {
  for (let i = 0; i < numbers.length; i++) if (typeof numbers[i] !== 'number') reject(numbers[i], i, dtype);
  const array = arrays[dtype][0] as typeof Float32Array;
  if (/^float(32|64)$/.test(dtype)) return array.from(numbers);
  const wide = /64$/.test(dtype);
  const converted = new array(numbers.length) as unknown as (number | bigint)[] & TypedArray;
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i]!;
    if (wide && !(Number.isSafeInteger(value) && (value >= 0 || dtype === 'int64'))) reject(value, i, dtype);
    converted[i] = wide ? BigInt(value) : value;
    if (!wide && converted[i] !== value) reject(value, i, dtype);
  }
  return converted;
}

function reject(value: unknown, at: number, dtype: DType): never {
  const what = typeof value === 'number' ? value : kindShown(value);
  fail('InvalidArgument', `data[${at}] is ${what}, not a value of ${dtype}`, 'Pass numbers that the dtype holds, in one array without others inside.');
}
