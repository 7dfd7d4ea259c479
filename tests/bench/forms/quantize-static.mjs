// The static int8 form of a float graph, written as onnxruntime's quantize_static writes it (QDQ, per channel): pairs of
// QuantizeLinear and DequantizeLinear around the operators it quantizes, int8 weights and int32 biases behind a
// DequantizeLinear; Relu and Clip vanish into the range of what they clamp. Operators that only move numbers are quantized
// wherever they stand (its option ForceQuantizeNoInputCheck), so that they can be measured by themselves.
// Invariant: the graph that is given stays as it is.
import { asymmetric, symmetric, toBytes } from './int8.mjs';

/* What is quantized around an operator. An operator that is not named stays float. */
const kinds = {
  weighted: ['Conv', 'Gemm'],
  clamps: ['Relu', 'Clip'],
  keeps: ['MaxPool', 'AveragePool', 'Reshape', 'Transpose', 'Resize'],  // the output has the scale of the input
  all: ['MatMul', 'Add', 'Mul', 'Sigmoid', 'Concat', 'GlobalAveragePool', 'Softmax', 'LayerNormalization'],
};
const kindOf = ({ op }) => Object.keys(kinds).find((kind) => kinds[kind].includes(op));

/** options: activations ('uint8' or 'int8'), reduceRange (weights of seven bits); ranges by the name of a value. */
export function quantizeStatic(graph, ranges, options) {
  return new StaticQuantizer(graph, ranges, options).run();
}

class StaticQuantizer {
  #graph;
  #ranges;
  #options;
  #initializers;
  #parameters = new Map();  // of the values that are quantized
  #nodes = [];

  constructor(graph, ranges, options) {
    this.#graph = { ...graph, nodes: absorbClamps(graph) };
    this.#ranges = ranges;
    this.#options = options;
    this.#initializers = new Map(graph.initializers);
  }

  run() {
    const { nodes, inputs, outputs } = this.#graph;
    for (const node of nodes) this.#mark(node);
    for (const { name } of inputs) this.#writePair(name, name);
    const isOutput = new Set(outputs.map(({ name }) => name));
    for (const node of nodes) {
      const [name] = node.outputs;
      const renamed = isOutput.has(name) && this.#parameters.has(name) ? `${name}_float` : name;
      this.#nodes.push({ ...node, inputs: this.#operands(node, isOutput), outputs: [renamed] });
      this.#writePair(name, renamed, isOutput.has(name));
    }
    const read = new Set(this.#nodes.flatMap((node) => node.inputs));
    const initializers = new Map([...this.#initializers].filter(([name]) => read.has(name)));
    return { ...this.#graph, nodes: this.#nodes, initializers };
  }

  /* Decides which values the node needs quantized, and how. */
  #mark(node) {
    const { activations } = this.#options;
    const kind = kindOf(node);
    const [output] = node.outputs;
    if (!kind || (kind === 'clamps' && !this.#parameters.has(node.inputs[0]))) return;
    for (const name of kind === 'all' ? node.inputs : [node.inputs[0]]) {
      if (this.#ranges.has(name) && !this.#parameters.has(name)) {
        this.#parameters.set(name, asymmetric(this.#ranges.get(name), activations));
      }
    }
    if (kind === 'keeps') return void this.#parameters.set(output, this.#parameters.get(node.inputs[0]));
    const zero = activations === 'int8' ? -128 : 0;
    const isSoftmax = node.op === 'Softmax';  // of which the range is known
    this.#parameters.set(output,
      isSoftmax ? { scale: 1 / 256, zero, dtype: activations } : asymmetric(this.#ranges.get(output), activations));
  }

  #operands(node, isOutput) {
    const computed = (name) => (this.#parameters.has(name) && !isOutput.has(name) ? `${name}_dequantized` : name);
    const isConstant = (name) => this.#graph.initializers.get(name)?.dtype === 'float32';
    if (!kindOf(node) || node.op === 'Resize') return node.inputs.map(computed);
    return node.inputs.map((name, i) => (isConstant(name) ? this.#constant(node, name, i) : computed(name)));
  }

  /* Weights per channel, biases in the scale of the sums, other constants as activations are. */
  #constant(node, name, i) {
    const value = this.#graph.initializers.get(name);
    const { op } = node;
    if (op === 'Clip') return name;
    if ((op === 'Conv' || op === 'Gemm' || op === 'LayerNormalization') && i === 2) return this.#bias(node, name);
    if (op === 'LayerNormalization') return this.#weight(name, value, undefined);
    if (op === 'Conv' || op === 'Gemm') return this.#weight(name, value, 0);
    if (op === 'MatMul') return this.#weight(name, value, 1);
    const low = value.data.reduce((least, x) => Math.min(least, x));
    const high = value.data.reduce((most, x) => Math.max(most, x));
    const parameters = this.#options.activations === 'uint8' ? asymmetric([low, high], 'uint8')
      : { scale: symmetric(value, undefined, {}).scales[0], zero: 0, dtype: 'int8' };
    return this.#dequantized(name, { ...value, dtype: parameters.dtype, data: toBytes(value.data, parameters) },
      Float32Array.of(parameters.scale), parameters.zero);
  }

  #weight(name, value, axis) {
    const { data, scales } = symmetric(value, axis, this.#options);
    return this.#dequantized(name, { dims: value.dims, dtype: 'int8', data }, scales, 0, axis);
  }

  #bias(node, name) {
    const value = this.#graph.initializers.get(name);
    const { scale } = this.#parameters.get(node.inputs[0]);
    const weightScales = this.#initializers.get(`${node.inputs[1]}_scale`).data;
    const scales = weightScales.map((weightScale) => scale * weightScale);
    const data = Int32Array.from(value.data, (x, i) => Math.round(x / scales[scales.length === 1 ? 0 : i]));
    return this.#dequantized(name, { dims: value.dims, dtype: 'int32', data }, scales, 0, scales.length === 1 ? undefined : 0);
  }

  /* Writes a constant as integers behind a DequantizeLinear; gives the name of what that gives. */
  #dequantized(name, integers, scales, zero, axis) {
    const result = `${name}_dequantized`;
    if (this.#initializers.has(`${name}_quantized`)) return result;
    const dims = axis === undefined ? [] : [scales.length];
    const zeros = new integers.data.constructor(scales.length).fill(zero);
    this.#initializers.delete(name);
    this.#initializers.set(`${name}_quantized`, integers);
    this.#initializers.set(`${name}_scale`, { dtype: 'float32', dims, data: scales });
    this.#initializers.set(`${name}_zero_point`, { dtype: integers.dtype, dims, data: zeros });
    this.#nodes.push({
      op: 'DequantizeLinear', name: `${name}_DequantizeLinear`, outputs: [result],
      inputs: [`${name}_quantized`, `${name}_scale`, `${name}_zero_point`], attributes: axis === undefined ? {} : { axis },
    });
    return result;
  }

  /* The pair behind a value; behind a graph output it gives the output. */
  #writePair(name, from, isOutput = false) {
    const parameters = this.#parameters.get(name);
    if (!parameters) return;
    const { scale, zero, dtype } = parameters;
    const zeros = dtype === 'uint8' ? Uint8Array.of(zero) : Int8Array.of(zero);
    const names = [`${name}_scale`, `${name}_zero_point`];
    this.#initializers.set(names[0], { dtype: 'float32', dims: [], data: Float32Array.of(scale) });
    this.#initializers.set(names[1], { dtype, dims: [], data: zeros });
    this.#nodes.push(
      { op: 'QuantizeLinear', name: `${name}_QuantizeLinear`, inputs: [from, ...names], outputs: [`${name}_quantized`] },
      { op: 'DequantizeLinear', name: `${name}_DequantizeLinear`, inputs: [`${name}_quantized`, ...names],
        outputs: [isOutput ? name : `${name}_dequantized`] },
    );
  }
}

/* The nodes without the clamps that saturation does: those whose input has no other reader. */
function absorbClamps({ nodes, outputs }) {
  const readers = new Map();
  for (const name of [...nodes.flatMap(({ inputs }) => inputs), ...outputs.map(({ name }) => name)]) {
    readers.set(name, (readers.get(name) ?? 0) + 1);
  }
  const producers = new Map(nodes.map((node) => [node.outputs[0], node]));
  const renamed = new Map();
  const absorbed = nodes.filter((node) => {
    const producer = producers.get(node.inputs[0]);
    if (kindOf(node) !== 'clamps' || !producer || !kindOf(producer) || readers.get(node.inputs[0]) !== 1) return false;
    renamed.set(producer, node.outputs);
    return true;
  });
  return nodes.filter((node) => !absorbed.includes(node)).map((node) => ({ ...node, outputs: renamed.get(node) ?? node.outputs }));
}
