// Single operators of the shapes in operators.json, each as a chain of a few equal layers, so that what enters and leaves
// a model costs little beside them.
import { readFileSync } from 'node:fs';
import { GraphBuilder } from './graph.mjs';

/* (builder, what the layer before gave, the row of operators.json, the graph's input) => what the layer gives */
const layers = {
  conv: (g, x, { kernel }) => g.conv(x, x.dims[1], { kernel }),
  depthwise: (g, x, { kernel }) => g.conv(x, x.dims[1], { kernel, groups: x.dims[1] }),
  gemm: (g, x) => g.gemm(x, x.dims[1]),
  expandAndBack: (g, x, { hidden }) => g.linear(g.linear(x, hidden), x.dims.at(-1)),
  attentionScores: (g, x, _row, input) => g.scale(g.matMul(x, input), 1 / Math.sqrt(x.dims.at(-1))),
  softmax: (g, x) => g.softmax(x),
  layerNorm: (g, x) => g.layerNorm(x),
  gelu: (g, x) => g.gelu(x),
  silu: (g, x) => g.silu(x),
  addInput: (g, x, _row, input) => g.add(x, input),
  concatAndHalve: (g, x) => g.conv(g.concat([x, g.relu(x)], 1), x.dims[1]),
  maxPool: (g, x, { kernel }) => g.maxPool(x, { kernel, stride: 1 }),
  averagePool: (g, x, { kernel }) => g.averagePool(x, { kernel, stride: 1 }),
  globalAveragePool: (g, x) => g.globalAveragePool(x),
  upsample: (g, x) => g.upsample(x),
  transpose: (g, x) => g.transpose(x, [0, 2, 1, 3]),
};

function operator(row) {
  const { name, layer, dims, precisions = ['fp32', 'int8'], litert = false } = row;
  return {
    name,
    precisions,
    litert,
    small: { layers: 2, shrink: 8 },
    build({ layers: count = row.layers, shrink = 1 } = {}) {
      const g = new GraphBuilder({ seed: 200, opset: layer === 'gelu' ? 20 : 17 });
      const input = g.input('x', dims.map((dim) => Math.ceil(dim / shrink)));
      let x = input;
      for (let i = 0; i < count; i++) x = layers[layer](g, x, { ...row, hidden: Math.ceil(row.hidden / shrink) }, input);
      return g.finish(x);
    },
  };
}

export const operators = JSON.parse(readFileSync(new URL('../operators.json', import.meta.url), 'utf8')).map(operator);
