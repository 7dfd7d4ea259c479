// Writes small ONNX models and TensorProtos with the messages of the pinned onnx-ml.proto, so that the tests need no
// files.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';

import { sourceTree } from '../../scripts/lib/sources.mjs';

const proto = readFileSync(join(sourceTree('onnx'), 'onnx', 'onnx-ml.proto'), 'utf8');
const { root } = protobuf.parse(proto, { keepCase: true });
const [ModelProto, TensorProto] = ['ModelProto', 'TensorProto'].map((name) => root.lookupType(`onnx.${name}`));

const dtypeNumbers = {
  float32: 1, uint8: 2, int8: 3, uint16: 4, int16: 5, int32: 6, int64: 7, string: 8, bool: 9, float16: 10, float64: 11,
};

/* `data` is a typed array or an array of strings; `external` says where in which file it lies instead. */
function tensorMessage({ name, dtype, dims, data, external }) {
  if (external) {
    const external_data = Object.entries(external).map(([key, value]) => ({ key, value: String(value) }));
    return { name, dims, data_type: dtypeNumbers[dtype], data_location: 1, external_data };
  }
  const content = dtype === 'string'
    ? { string_data: data.map((text) => Buffer.from(text)) }
    : { raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
  return { name, dims, data_type: dtypeNumbers[dtype], ...content };
}

/** A serialized TensorProto. */
export function tensorProto(name, dtype, dims, data) {
  return TensorProto.encode(TensorProto.create(tensorMessage({ name, dtype, dims, data }))).finish();
}

/* `element` of a sequence or an optional value. */
function typeMessage({ dtype, dims = [], element }) {
  if (dtype === 'sequence') return { sequence_type: { elem_type: typeMessage(element) } };
  if (dtype === 'optional') return { optional_type: { elem_type: typeMessage(element) } };
  const dim = dims.map((extent) => (typeof extent === 'number' ? { dim_value: extent } : { dim_param: extent }));
  return { tensor_type: { elem_type: dtypeNumbers[dtype], shape: { dim } } };
}

/* A float is { float: 0.5 }, a subgraph { graph: { nodes, inputs, outputs } }. */
function attributeMessage([name, value]) {
  if (value.graph) return { name, type: 5, g: graphMessage('body', value.graph) };
  if (Array.isArray(value) && typeof value[0] === 'string') {
    return { name, type: 8, strings: value.map((text) => Buffer.from(text)) };
  }
  if (Array.isArray(value)) return { name, type: 7, ints: value };
  if (typeof value === 'string') return { name, type: 3, s: Buffer.from(value) };
  return typeof value === 'object' ? { name, type: 1, f: value.float } : { name, type: 2, i: value };
}

function nodeMessage({ op, domain = '', inputs, outputs, name = `${op}_${outputs[0]}`, attributes = {} }) {
  return {
    op_type: op, domain, name, input: inputs, output: outputs, attribute: Object.entries(attributes).map(attributeMessage),
  };
}

function graphMessage(name, { nodes, inputs, outputs, values = [], initializers = [] }) {
  const valueInfo = (item) => ({ name: item.name, type: typeMessage(item) });
  return {
    name,
    node: nodes.map(nodeMessage),
    initializer: initializers.map(tensorMessage),
    input: inputs.map(valueInfo),
    output: outputs.map(valueInfo),
    value_info: values.map(valueInfo),
  };
}

/** A serialized ModelProto. `values`: those inside whose types it states. */
export function model({ nodes, metadata = {}, opset = 17, ...rest }) {
  const versions = { 'com.microsoft': 1, 'ai.onnx.ml': 3 };
  const domains = [...new Set(nodes.map(({ domain }) => domain).filter(Boolean))];
  return new Uint8Array(ModelProto.encode(ModelProto.create({
    ir_version: 8,
    producer_name: 'insitu tests',
    opset_import: [{ version: opset }, ...domains.map((domain) => ({ domain, version: versions[domain] }))],
    metadata_props: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: graphMessage('test', { nodes, ...rest }),
  })).finish());
}

/** y = x + [1, 2, 3, 4], x float32 [batch,4]. */
/** `more`: metadata besides the labels. */
export function addModel(more = {}) {
  return model({
    nodes: [{ op: 'Add', inputs: ['x', 'b'], outputs: ['y'] }],
    inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 4] }],
    outputs: [{ name: 'y', dtype: 'float32', dims: ['batch', 4] }],
    initializers: [{ name: 'b', dtype: 'float32', dims: [4], data: Float32Array.of(1, 2, 3, 4) }],
    metadata: { labels: '["a","b"]', ...more },
  });
}

/** y = x + `by` in every element, float32; `dims` of x and y. */
export function shiftModel(by, { dims = ['batch', 4], names = ['x', 'y'] } = {}) {
  const [x, y] = names;
  return model({
    nodes: [{ op: 'Add', inputs: [x, 'b'], outputs: [y] }],
    inputs: [{ name: x, dtype: 'float32', dims }],
    outputs: [{ name: y, dtype: 'float32', dims }],
    initializers: [{ name: 'b', dtype: 'float32', dims: [1], data: Float32Array.of(by) }],
    metadata: { by: String(by) },
  });
}

/** y = x unchanged, of any dtype. */
export function identityModel(dtype, dims = ['n']) {
  return model({
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
    inputs: [{ name: 'x', dtype, dims }],
    outputs: [{ name: 'y', dtype, dims }],
  });
}

/** sum = x + past, kept = sum; all = Concat(history, x) along the last axis; x and past float32 [1,2], history [batch,length]. */
export function statefulModel() {
  const item = (name, dims) => ({ name, dtype: 'float32', dims });
  return model({
    nodes: [
      { op: 'Add', inputs: ['x', 'past'], outputs: ['sum'] },
      { op: 'Identity', inputs: ['sum'], outputs: ['kept'] },
      { op: 'Concat', inputs: ['history', 'x'], outputs: ['all'], attributes: { axis: 1 } },
    ],
    inputs: [item('x', [1, 2]), item('past', [1, 2]), item('history', ['batch', 'length'])],
    outputs: [item('sum', [1, 2]), item('kept', [1, 2]), item('all', ['batch', 'total'])],
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
