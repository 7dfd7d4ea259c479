// A chain of convolutions or fully connected layers as .tflite, for LiteRT: float, or int8 with the weights and scales
// that the QDQ form in s8s8 has. Both take and give floats, images with channels last.
// Invariant: the graph that is given stays as it is.
import { tfliteModel } from '../tflite-writer.mjs';
import { asymmetric, symmetric } from './int8.mjs';

/** The serialized chain; precision: 'fp32' or 'int8'. */
export function tflite(graph, ranges, precision) {
  const chain = new Chain(graph, ranges, precision === 'int8');
  return tfliteModel(chain.build());
}

/* Dims and data from channels first to channels last. */
function channelsLast({ dims, data }) {
  if (dims.length !== 4) return { dims, data };
  const [outer, channels, height, width] = dims;
  const inner = height * width;
  const moved = data && new data.constructor(data.length);
  for (let i = 0; moved && i < data.length; i++) {
    const channel = Math.floor(i / inner) % channels;
    moved[Math.floor(i / (channels * inner)) * channels * inner + (i % inner) * channels + channel] = data[i];
  }
  return { dims: [outer, height, width, channels], data: moved };
}

class Chain {
  #graph;
  #ranges;
  #isInt8;
  #tensors = [];
  #operators = [];

  constructor(graph, ranges, isInt8) {
    this.#graph = graph;
    this.#ranges = ranges;
    this.#isInt8 = isInt8;
  }

  build() {
    const [{ name: first }] = this.#graph.inputs;
    const [{ name: last }] = this.#graph.outputs;
    const isInt8 = this.#isInt8;
    const input = this.#value(first, false);
    let at = isInt8 ? this.#value(first, true) : input;
    if (isInt8) this.#operators.push({ kind: 'QUANTIZE', inputs: [input], outputs: [at] });
    for (const node of this.#graph.nodes) {
      const result = this.#value(node.outputs[0], isInt8);
      this.#operators.push({ ...this.#layer(node, at), outputs: [result] });
      at = result;
    }
    const output = isInt8 ? this.#value(last, false) : at;
    if (isInt8) this.#operators.push({ kind: 'DEQUANTIZE', inputs: [at], outputs: [output] });
    return { tensors: this.#tensors, operators: this.#operators, inputs: [input], outputs: [output] };
  }

  #tensor(tensor) {
    return this.#tensors.push(tensor) - 1;
  }

  #value(name, quantized) {
    const { dims } = channelsLast({ dims: this.#graph.dims.get(name) });
    if (!quantized) return this.#tensor({ name, dtype: 'float32', dims });
    const { scale, zero } = asymmetric(this.#ranges.get(name), 'int8');
    return this.#tensor({ name: `${name}_quantized`, dtype: 'int8', dims, quantization: { scales: [scale], zero } });
  }

  #layer({ op, inputs: [x, weightName, biasName], attributes }, at) {
    const weight = this.#graph.initializers.get(weightName);
    const bias = this.#graph.initializers.get(biasName);
    const isDepthwise = op === 'Conv' && attributes.group > 1;
    const kind = op === 'Gemm' ? 'FULLY_CONNECTED' : isDepthwise ? 'DEPTHWISE_CONV_2D' : 'CONV_2D';
    const arrange = (data) => {
      const [outputs, depth, ...kernel] = weight.dims;
      return channelsLast({ dims: isDepthwise ? [depth, outputs, ...kernel] : weight.dims, data });
    };
    if (!this.#isInt8) {
      const constants = [{ name: weightName, dtype: 'float32', ...arrange(weight.data) }, { name: biasName, ...bias }];
      return { kind, inputs: [at, ...constants.map((constant) => this.#tensor(constant))] };
    }
    const { data, scales } = symmetric(weight, 0, { reduceRange: false });
    const { scale } = asymmetric(this.#ranges.get(x), 'int8');
    const biasScales = scales.map((weightScale) => scale * weightScale);
    const sums = Int32Array.from(bias.data, (value, i) => Math.round(value / biasScales[i]));
    const constants = [
      { name: weightName, dtype: 'int8', ...arrange(data), quantization: { scales, zero: 0, axis: isDepthwise ? 3 : 0 } },
      { name: biasName, dtype: 'int32', dims: bias.dims, data: sums, quantization: { scales: biasScales, zero: 0 } },
    ];
    return { kind, inputs: [at, ...constants.map((constant) => this.#tensor(constant))] };
  }
}
