// Writes small ONNX models and TensorProtos, so that the tests need no files.
// Reference: onnx.proto; field numbers are spelled out where they are used.

const dtypeNumbers = { float32: 1, uint8: 2, int8: 3, uint16: 4, int16: 5, int32: 6, int64: 7, string: 8, bool: 9, float16: 10, float64: 11 };

function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return bytes;
}

const number = (field, value) => [...varint(field * 8), ...varint(value)];
const bytes = (field, value) => {
  const content = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return [...varint(field * 8 + 2), ...varint(content.length), ...content];
};

/** A serialized TensorProto; `data` is a typed array or an array of strings. */
export function tensorProto(name, dtype, dims, data) {
  const content = dtype === 'string'
    ? data.flatMap((text) => bytes(6, text))
    : bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return [...dims.flatMap((dim) => number(1, dim)), ...number(2, dtypeNumbers[dtype]), ...content, ...bytes(8, name)];
}

function valueInfo({ name, dtype, dims }) {
  const shape = dims.flatMap((dim) => bytes(1, typeof dim === 'number' ? number(1, dim) : bytes(2, dim)));
  const tensorType = [...number(1, dtypeNumbers[dtype]), ...bytes(2, shape)];
  return [...bytes(1, name), ...bytes(2, bytes(1, tensorType))];
}

function node({ op, inputs, outputs, name = `${op}_${outputs[0]}`, attributes = {} }) {
  const attribute = ([key, value]) => bytes(5, [...bytes(1, key), ...number(3, value), ...number(20, 2)]);
  return [
    ...inputs.flatMap((input) => bytes(1, input)), ...outputs.flatMap((output) => bytes(2, output)),
    ...bytes(3, name), ...bytes(4, op), ...Object.entries(attributes).flatMap(attribute),
  ];
}

/** A serialized ModelProto. */
export function model({ nodes, inputs, outputs, initializers = [], metadata = {}, opset = 17 }) {
  const graph = [
    ...nodes.flatMap((item) => bytes(1, node(item))), ...bytes(2, 'test'),
    ...initializers.flatMap((item) => bytes(5, tensorProto(item.name, item.dtype, item.dims, item.data))),
    ...inputs.flatMap((item) => bytes(11, valueInfo(item))), ...outputs.flatMap((item) => bytes(12, valueInfo(item))),
  ];
  return Uint8Array.from([
    ...number(1, 8), ...bytes(2, 'insitu tests'), ...bytes(7, graph), ...bytes(8, number(2, opset)),
    ...Object.entries(metadata).flatMap(([key, value]) => bytes(14, [...bytes(1, key), ...bytes(2, value)])),
  ]);
}

/** y = x + [1, 2, 3, 4], x float32 [batch,4]. */
export function addModel() {
  return model({
    nodes: [{ op: 'Add', inputs: ['x', 'b'], outputs: ['y'] }],
    inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 4] }],
    outputs: [{ name: 'y', dtype: 'float32', dims: ['batch', 4] }],
    initializers: [{ name: 'b', dtype: 'float32', dims: [4], data: Float32Array.of(1, 2, 3, 4) }],
    metadata: { labels: '["a","b"]' },
  });
}

/** y = x unchanged, of any dtype, [n]. */
export function identityModel(dtype) {
  return model({
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
    inputs: [{ name: 'x', dtype, dims: ['n'] }],
    outputs: [{ name: 'y', dtype, dims: ['n'] }],
  });
}

/** A chain of `depth` matrix products of [size,size], slow enough to be stopped. */
export function slowModel(size, depth) {
  const name = (i) => (i === 0 ? 'x' : i === depth ? 'y' : `h${i}`);
  return model({
    nodes: Array.from({ length: depth }, (_, i) => ({ op: 'MatMul', inputs: [name(i), name(i)], outputs: [name(i + 1)] })),
    inputs: [{ name: 'x', dtype: 'float32', dims: [size, size] }],
    outputs: [{ name: 'y', dtype: 'float32', dims: [size, size] }],
  });
}
