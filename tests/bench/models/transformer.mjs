// Transformers with attention written out in MatMul and Softmax, as exporters write them, normalisation first:
// an encoder that sees all tokens at once, and a decoder that sees one token and the keys and values of those before.
import { GraphBuilder } from './graph.mjs';

const kOpset = 20;  // has Gelu

/* [1, tokens, width] as [1, heads, tokens, width / heads]. */
function splitHeads(g, x, heads) {
  const [, tokens, width] = x.dims;
  return g.transpose(g.reshape(x, [1, tokens, heads, width / heads]), [0, 2, 1, 3]);
}

function attend(g, query, keys, values) {
  const scores = g.scale(g.matMul(query, g.transpose(keys, [0, 1, 3, 2])), 1 / Math.sqrt(query.dims.at(-1)));
  const mixed = g.transpose(g.matMul(g.softmax(scores), values), [0, 2, 1, 3]);
  return g.reshape(mixed, [1, mixed.dims[1], mixed.dims[2] * mixed.dims[3]]);
}

/* `extend(keys, values)` puts what is remembered in front. */
function layer(g, x, { heads, hidden, extend = (keys, values) => [keys, values] }) {
  const width = x.dims[2];
  const normal = g.layerNorm(x);
  const [query, ownKeys, ownValues] = [0, 1, 2].map(() => splitHeads(g, g.linear(normal, width), heads));
  const attended = attend(g, query, ...extend(ownKeys, ownValues));
  const y = g.add(x, g.linear(attended, width));
  return g.add(y, g.linear(g.gelu(g.linear(g.layerNorm(y), hidden)), width));
}

export const encoder = {
  name: 'encoder',
  precisions: ['fp32', 'int8', 'dynamic'],
  small: { layers: 1, width: 32, heads: 2, hidden: 64, tokens: 8 },
  build({ layers = 6, width = 384, heads = 6, hidden = 1536, tokens = 128 } = {}) {
    const g = new GraphBuilder({ seed: 105, opset: kOpset });
    let x = g.input('embeddings', [1, tokens, width]);
    for (let i = 0; i < layers; i++) x = layer(g, x, { heads, hidden });
    return g.finish(g.layerNorm(x));
  },
};

export const decoder = {
  name: 'decoder',
  precisions: ['fp32', 'int4'],
  small: { layers: 1, width: 64, heads: 2, hidden: 128, past: 5 },
  build({ layers = 2, width = 1024, heads = 16, hidden = 4096, past = 127 } = {}) {
    const g = new GraphBuilder({ seed: 106, opset: kOpset });
    const present = [];
    let x = g.input('embedding', [1, 1, width]);
    for (let i = 0; i < layers; i++) {
      const extend = (...own) => own.map((value, kind) => {
        const before = g.input(`past_${i}_${kind === 0 ? 'keys' : 'values'}`, [1, heads, past, width / heads]);
        const all = g.concat([before, value], 2);
        present.push(all);
        return all;
      });
      x = layer(g, x, { heads, hidden, extend });
    }
    return g.finish(g.layerNorm(x), ...present);
  },
};
