// The 4-bit form of a float graph: every MatMul with constant weights becomes a com.microsoft MatMulNBits, with a scale
// for each block of 32 weights along the depth, as onnxruntime's MatMulNBits quantizer writes it (symmetric, zero at 8).
// Invariant: the graph that is given stays as it is.
import { rint } from '../../node/support/quantized-formulas.mjs';
import { hasWeights } from '../models/settle.mjs';

const kBits = 4;
const kBlock = 32;

/** options: accuracy (the attribute accuracy_level: 4 lets activations be int8). */
export function quantizeBlocks(graph, { accuracy } = {}) {
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.map((node) => {
    if (node.op !== 'MatMul' || !hasWeights(graph, node)) return node;
    const [x, weight] = node.inputs;
    const { dims: [depth, columns], data } = graph.initializers.get(weight);
    const blocks = Math.ceil(depth / kBlock);
    initializers.delete(weight);
    const { packed, scales } = pack(data, depth, columns, blocks);
    initializers.set(`${weight}_Q4`, { dtype: 'uint8', dims: [columns, blocks, kBlock / 2], data: packed });
    initializers.set(`${weight}_scales`, { dtype: 'float32', dims: [columns * blocks], data: scales });
    return {
      op: 'MatMulNBits', domain: 'com.microsoft', name: `${node.name}_Q4`, outputs: node.outputs,
      inputs: [x, `${weight}_Q4`, `${weight}_scales`],
      attributes: {
        K: depth, N: columns, bits: kBits, block_size: kBlock, ...(accuracy === undefined ? {} : { accuracy_level: accuracy }),
      },
    };
  });
  return { ...graph, nodes, initializers };
}

/* Column by column, two weights a byte, low nibble first. */
function pack(data, depth, columns, blocks) {
  const packed = new Uint8Array(columns * blocks * kBlock / 2).fill(0x88);
  const scales = new Float32Array(columns * blocks);
  for (let column = 0; column < columns; column++) {
    for (let block = 0; block < blocks; block++) {
      const at = column * blocks + block;
      const rows = Math.min(kBlock, depth - block * kBlock);
      const weight = (row) => data[(block * kBlock + row) * columns + column];
      let extreme = 0;
      for (let row = 0; row < rows; row++) if (Math.abs(weight(row)) > Math.abs(extreme)) extreme = weight(row);
      scales[at] = extreme / -8;
      for (let row = 0; row < rows; row++) {
        const nibble = extreme === 0 ? 8 : Math.min(Math.max(rint(weight(row) / scales[at]) + 8, 0), 15);
        const shift = row % 2 === 0 ? 0 : 4;
        const byte = at * kBlock / 2 + (row >> 1);
        packed[byte] = (packed[byte] & ~(15 << shift)) | (nibble << shift);
      }
    }
  }
  return { packed, scales };
}
