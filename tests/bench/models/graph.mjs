// Builds float graphs layer by layer: nodes of standard ONNX operators, weights drawn at random, feeds. The sizes of
// the weights are provisional: settle.mjs gives every layer unit variance.
// Invariant: a graph depends on nothing but the seed and the calls.
import { model } from '../../support/onnx-writer.mjs';
import { Spread } from './spread.mjs';

const sizeOf = (dims) => dims.reduce((product, dim) => product * dim, 1);

export class GraphBuilder {
  #spread;
  #opset;
  #nodes = [];
  #initializers = new Map();
  #inputs = [];
  #feeds = {};
  #dims = new Map();

  constructor({ seed = 1, opset = 17 } = {}) {
    this.#spread = new Spread(seed);
    this.#opset = opset;
  }

  /** A float input; its feed is Gaussian with unit variance. */
  input(name, dims) {
    this.#inputs.push({ name, dtype: 'float32', dims });
    this.#feeds[name] = { dtype: 'float32', dims, data: this.#spread.noise(sizeOf(dims)) };
    return this.#value(name, dims);
  }

  /** Square kernels, padded so that stride 1 keeps the extents. */
  conv(x, channels, { kernel = 1, stride = 1, groups = 1 } = {}) {
    const depth = x.dims[1] / groups;
    const inner = depth * kernel * kernel;
    const weight = this.#weight([channels, depth, kernel, kernel], channels, inner);
    const attributes = { ...window(kernel, stride), dilations: [1, 1], group: groups };
    return this.#node('Conv', [x.name, weight, this.#bias(channels)], pooled(x.dims, channels, kernel, stride), attributes);
  }

  /** y = x W^T + b on [n, depth]. */
  gemm(x, columns) {
    const depth = x.dims[1];
    const weight = this.#weight([columns, depth], columns, depth);
    return this.#node('Gemm', [x.name, weight, this.#bias(columns)], [x.dims[0], columns], { transB: 1 });
  }

  /** y = x W (+ b) on any rank, as exporters write a linear layer. */
  linear(x, columns, { bias = true } = {}) {
    const depth = x.dims.at(-1);
    const weight = this.#weight([depth, columns], columns, depth, true);
    const product = this.#node('MatMul', [x.name, weight], [...x.dims.slice(0, -1), columns]);
    return bias ? this.#node('Add', [product.name, this.#bias(columns)], product.dims) : product;
  }

  matMul(a, b) {
    return this.#node('MatMul', [a.name, b.name], [...a.dims.slice(0, -1), b.dims.at(-1)]);
  }

  add(a, b) {
    return this.#node('Add', [a.name, b.name], a.dims);
  }

  mul(a, b) {
    return this.#node('Mul', [a.name, b.name], a.dims);
  }

  scale(x, factor) {
    const scalar = this.#constant('factor', 'float32', [], Float32Array.of(factor));
    return this.#node('Mul', [x.name, scalar], x.dims);
  }

  relu(x) {
    return this.#node('Relu', [x.name], x.dims);
  }

  relu6(x) {
    const bounds = [0, 6].map((bound) => this.#constant('bound', 'float32', [], Float32Array.of(bound)));
    return this.#node('Clip', [x.name, ...bounds], x.dims);
  }

  sigmoid(x) {
    return this.#node('Sigmoid', [x.name], x.dims);
  }

  silu(x) {
    return this.mul(x, this.sigmoid(x));
  }

  /** Needs opset 20. */
  gelu(x) {
    return this.#node('Gelu', [x.name], x.dims);
  }

  softmax(x) {
    return this.#node('Softmax', [x.name], x.dims, { axis: -1 });
  }

  layerNorm(x) {
    const channels = x.dims.at(-1);
    const scale = this.#constant('scale', 'float32', [channels], this.#spread.noise(channels, 0.1, 1));
    return this.#node('LayerNormalization', [x.name, scale, this.#bias(channels)], x.dims, { axis: -1 });
  }

  maxPool(x, { kernel = 2, stride = kernel, pad = kernel >> 1 } = {}) {
    const dims = pooled(x.dims, x.dims[1], kernel, stride, pad);
    return this.#node('MaxPool', [x.name], dims, window(kernel, stride, pad));
  }

  averagePool(x, { kernel = 2, stride = kernel, pad = kernel >> 1 } = {}) {
    const dims = pooled(x.dims, x.dims[1], kernel, stride, pad);
    return this.#node('AveragePool', [x.name], dims, window(kernel, stride, pad));
  }

  globalAveragePool(x) {
    return this.#node('GlobalAveragePool', [x.name], [...x.dims.slice(0, 2), 1, 1]);
  }

  /** Twice the height and width, by repetition. */
  upsample(x) {
    const [n, channels, height, width] = x.dims;
    const scales = this.#constant('scales', 'float32', [4], Float32Array.of(1, 1, 2, 2));
    const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
    return this.#node('Resize', [x.name, '', scales], [n, channels, 2 * height, 2 * width], attributes);
  }

  concat(parts, axis) {
    const dims = [...parts[0].dims];
    dims[axis] = parts.reduce((sum, part) => sum + part.dims[axis], 0);
    return this.#node('Concat', parts.map(({ name }) => name), dims, { axis });
  }

  flatten(x) {
    return this.#node('Flatten', [x.name], [x.dims[0], sizeOf(x.dims.slice(1))], { axis: 1 });
  }

  reshape(x, dims) {
    const shape = this.#constant('shape', 'int64', [dims.length], BigInt64Array.from(dims, BigInt));
    return this.#node('Reshape', [x.name, shape], dims);
  }

  transpose(x, perm) {
    return this.#node('Transpose', [x.name], perm.map((axis) => x.dims[axis]), { perm });
  }

  /** { opset, inputs, outputs, nodes, initializers (by name), dims (of every computed value), feeds }. */
  finish(...outputs) {
    return {
      opset: this.#opset,
      inputs: this.#inputs,
      outputs: outputs.map(({ name, dims }) => ({ name, dtype: 'float32', dims })),
      nodes: this.#nodes,
      initializers: this.#initializers,
      dims: this.#dims,
      feeds: this.#feeds,
    };
  }

  #value(name, dims) {
    this.#dims.set(name, dims);
    return { name, dims };
  }

  #node(op, inputs, dims, attributes = {}) {
    const name = `${op}_${this.#nodes.length}`;
    this.#nodes.push({ op, name, inputs, outputs: [`${name}_y`], attributes });
    return this.#value(`${name}_y`, dims);
  }

  #constant(kind, dtype, dims, data) {
    const name = `${kind}_${this.#initializers.size}`;
    this.#initializers.set(name, { dtype, dims, data });
    return name;
  }

  #weight(dims, outputs, inner, last = false) {
    return this.#constant('weight', 'float32', dims, this.#spread.weights(outputs, inner, 1 / Math.sqrt(inner), last));
  }

  #bias(channels) {
    return this.#constant('bias', 'float32', [channels], this.#spread.noise(channels, 0.1));
  }
}

function window(kernel, stride, pad = kernel >> 1) {
  return { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] };
}

function pooled([n, , height, width], channels, kernel, stride, pad = kernel >> 1) {
  const extent = (size) => Math.floor((size + 2 * pad - kernel) / stride) + 1;
  return [n, channels, extent(height), extent(width)];
}

/** The serialized model of a graph; with `everything`, all computed floats are outputs. */
export function serialize(graph, { everything = false } = {}) {
  const { nodes, inputs, opset, dims } = graph;
  const computed = () => nodes.flatMap((node) => node.outputs.map((name) => ({ name, dtype: 'float32', dims: dims.get(name) })));
  return model({
    nodes, inputs, opset,
    outputs: everything ? computed() : graph.outputs,
    initializers: [...graph.initializers].map(([name, tensor]) => ({ name, ...tensor })),
  });
}
