// The dynamic int8 form of a float graph, written as onnxruntime's quantize_dynamic writes it: what enters a MatMul with
// constant weights is quantized while it runs, one DynamicQuantizeLinear for all that read it, and the integer product is
// cast and scaled back to float.
// Invariant: the graph that is given stays as it is.
import { hasWeights } from '../models/settle.mjs';
import { symmetric } from './int8.mjs';

const kFloat = 1;  // TensorProto.FLOAT

/** options: reduceRange (weights of seven bits). */
export function quantizeDynamic(graph, options) {
  const initializers = new Map(graph.initializers);
  const quantized = new Set();
  const nodes = graph.nodes.flatMap((node) => {
    if (node.op !== 'MatMul' || !hasWeights(graph, node)) return [node];
    const [x, weight] = node.inputs;
    const value = graph.initializers.get(weight);
    const { data, scales } = symmetric(value, undefined, options);
    initializers.delete(weight);
    initializers.set(`${weight}_quantized`, { dtype: 'int8', dims: value.dims, data });
    initializers.set(`${weight}_scale`, { dtype: 'float32', dims: [], data: scales });
    initializers.set(`${weight}_zero_point`, { dtype: 'int8', dims: [], data: Int8Array.of(0) });
    const parts = ['quantized', 'scale', 'zero_point'].map((part) => `${x}_${part}`);
    const before = { op: 'DynamicQuantizeLinear', name: `${x}_QuantizeLinear`, inputs: [x], outputs: parts };
    const is = (part) => `${node.outputs[0]}_${part}`;
    const product = [
      { op: 'MatMulInteger', name: `${node.name}_quant`, outputs: [is('integers')],
        inputs: [parts[0], `${weight}_quantized`, parts[2], `${weight}_zero_point`] },
      { op: 'Cast', name: `${node.name}_cast`, inputs: [is('integers')], outputs: [is('cast')], attributes: { to: kFloat } },
      { op: 'Mul', name: `${node.name}_scales_mul`, inputs: [parts[1], `${weight}_scale`], outputs: [is('scales')] },
      { op: 'Mul', name: `${node.name}_output_scale_mul`, inputs: [is('cast'), is('scales')], outputs: node.outputs },
    ];
    const isNew = !quantized.has(x);
    quantized.add(x);
    return isNew ? [before, ...product] : product;
  });
  return { ...graph, nodes, initializers };
}
