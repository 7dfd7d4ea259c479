// Values of models: tensors, and what holds tensors: sequences, optional values and maps.
// Invariant: what leaves the page has the kind that the model declares, at every depth.
import { fail, InsituError } from './errors.js';
import type { WireFeed, WireTensor, WireValue } from './rpc/protocol.js';
import { checkFeed, describe, tensorOver } from './tensor.js';
import type { Tensor, TensorInfo } from './tensor.js';

/** A sequence is an array; an optional value is the value itself or null; a map is what classifiers of scikit-learn give. */
export type Value = Tensor | readonly Value[] | ReadonlyMap<string | bigint, number | bigint | string> | null;

/**
 * `value` as the input `info` takes it, copied unless `transfer`, into buffers of `spare` where one fits, which it loses;
 * InvalidArgument or ShapeMismatch when it is something else.
 */
export function toWire(value: Value, info: TensorInfo, transfer: boolean, spare: ArrayBuffer[]): WireValue {
  const { name, dtype, element } = info;
  const inner = { ...element!, name };
  if (dtype === 'optional') {
    return { name, dtype, items: value === null ? [] : [toWire(value, inner, transfer, spare)] };
  }
  if (dtype === 'sequence') {
    if (!Array.isArray(value)) refuse(info, 'is no array', 'Pass an array of its elements.');
    return { name, dtype, items: (value as Value[]).map((item) => toWire(item, inner, transfer, spare)) };
  }
  if (dtype === 'map') refuse(info, 'cannot be fed', 'Export the model with tensors as inputs.');
  const tensor = value as Tensor;
  checkFeed(tensor, info);
  return { name, dtype: tensor.dtype, dims: [...tensor.dims], data: detach(tensor.data, transfer, spare) };
}

/** A value over what came from the engine; nothing is copied. */
export function fromWire(wire: WireValue): Value {
  if (!('items' in wire)) return tensorOver(wire);
  const items = wire.items.map(fromWire);
  if (wire.dtype === 'sequence') return items;
  if (wire.dtype === 'optional') return items[0] ?? null;
  const [keys, values] = (items as [Tensor, Tensor]).map(({ data }) => data) as [
    BigInt64Array | string[], ArrayLike<number>];
  return new Map(Array.from(keys as string[], (key, i) => [key, values[i]!]));
}

/** The buffers in which the data of `values` lie, each once. */
export function buffersOf(values: readonly WireValue[]): ArrayBuffer[] {
  const tensorsOf = (value: WireValue): WireTensor[] => ('items' in value ? value.items.flatMap(tensorsOf) : [value]);
  return [...new Set(values.flatMap(tensorsOf).map(({ data }) => data).filter((data) => data instanceof ArrayBuffer))];
}

/** What of `feeds` moves to the engine. */
export function movedWith(feeds: readonly WireFeed[]): Transferable[] {
  const values = feeds.filter((feed): feed is WireValue => !('images' in feed));
  const pictures = feeds.flatMap((feed) => ('images' in feed ? feed.images : []));
  const moved = pictures.flatMap((one): Transferable[] => ('data' in one ? [one.data] : 'frame' in one ? [one.frame] : 'bitmap' in one ? [one.bitmap] : []));
  return [...buffersOf(values), ...moved];
}

/** Closes what was not sent after all; what was sent has nothing to close. */
export function closeAll(moved: readonly Transferable[]): void {
  for (const one of moved) if ('close' in one) one.close();
}

function refuse(info: TensorInfo, what: string, hint: string): never {
  throw new InsituError({
    code: 'InvalidArgument',
    message: `'${info.name}' ${what}, but the model wants ${describe(info)}`,
    node: info.name,
    hint,
  });
}

/** A buffer of that size: one of `spare`, which loses it, or a new one. */
export function roomIn(spare: ArrayBuffer[], byteLength: number): ArrayBuffer {
  const fitting = spare.findIndex((one) => one.byteLength === byteLength);
  if (fitting >= 0) return spare.splice(fitting, 1)[0]!;
  try {
    return new ArrayBuffer(byteLength);
  } catch (thrown) {
    fail('OutOfMemory', `the browser gives no ${byteLength} bytes for a copy of a feed`, 'Pass `transfer`, or feed smaller batches.', thrown);
  }
}

/* The caller's own buffer where it may be moved and is all of it, else a copy. */
function detach(data: Tensor['data'], transfer: boolean, spare: ArrayBuffer[]): ArrayBuffer | string[] {
  if (!ArrayBuffer.isView(data)) return [...(data as readonly string[])];
  const { buffer, byteOffset, byteLength } = data;
  if (transfer && buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) return buffer;
  const copy = roomIn(spare, byteLength);
  new Uint8Array(copy).set(new Uint8Array(buffer, byteOffset, byteLength));
  return copy;
}
