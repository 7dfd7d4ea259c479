// Runs a float graph node by node (on onnxruntime-web) and scales the weights of every layer on the way, so that its
// output has a mean square of 1, as normalisation does while a network is trained.
// Invariant: afterwards the ranges are those that the graph's own feeds give, with the weights as they then are.
import * as ort from 'onnxruntime-web';
import { model } from '../../support/onnx-writer.mjs';

const kOptions = { graphOptimizationLevel: 'disabled', logSeverityLevel: 3 };

/** Scales the weights of `graph` in place; gives the range [low, high] of every float by name. */
export async function settle(graph) {
  const values = new Map(Object.entries(graph.feeds));
  const ranges = new Map([...values].map(([name, { data }]) => [name, rangeOf(data)]));
  for (const node of graph.nodes) {
    const [output] = node.outputs;
    const value = await runNode(graph, node, values);
    if (hasWeights(graph, node)) {
      const size = Math.sqrt(value.data.reduce((sum, x) => sum + x * x, 0) / value.data.length);
      if (!(size > 0)) throw new Error(`The bench's ${node.name} gives ${size}: its weights or inputs are all zero.`);
      const constants = node.inputs.slice(1).map((name) => graph.initializers.get(name));
      for (const { data } of [value, ...constants]) data.forEach((x, i) => { data[i] = x / size; });
    }
    values.set(output, value);
    ranges.set(output, rangeOf(value.data));
  }
  return ranges;
}

export function hasWeights({ initializers }, { op, inputs }) {
  return op === 'Conv' || op === 'Gemm' || (op === 'MatMul' && initializers.has(inputs[1]));
}

async function runNode(graph, node, values) {
  const named = [...new Set(node.inputs)].filter(Boolean);
  const constant = (name) => graph.initializers.has(name);
  const [output] = node.outputs;
  const bytes = model({
    opset: graph.opset,
    nodes: [node],
    inputs: named.filter((name) => !constant(name)).map((name) => ({ name, ...values.get(name) })),
    initializers: named.filter(constant).map((name) => ({ name, ...graph.initializers.get(name) })),
    outputs: [{ name: output, dtype: 'float32', dims: graph.dims.get(output) }],
  });
  const session = await ort.InferenceSession.create(bytes, kOptions);
  try {
    const given = session.inputNames.map((name) => {
      const { dtype, dims, data } = values.get(name);
      return [name, new ort.Tensor(dtype, data, dims)];
    });
    const { dims, data } = (await session.run(Object.fromEntries(given)))[output];
    return { dtype: 'float32', dims, data: Float32Array.from(data) };
  } finally {
    await session.release();
  }
}

function rangeOf(data) {
  let [low, high] = [Infinity, -Infinity];
  for (const x of data) {
    if (x < low) low = x;
    if (x > high) high = x;
  }
  return [low, high];
}
