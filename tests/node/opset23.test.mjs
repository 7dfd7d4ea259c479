// The operators that opset 23 brought, which the conformance suite of ONNX 1.17 lacks, against onnxruntime-web. Their
// plain loops stand in tests/ops/attention_test.cc; here the two engines only have to agree.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Engine, flavours, tensor } from './support/insitu.mjs';
import { model } from '../support/onnx-writer.mjs';
import { generator } from '../support/random.mjs';
import { witness } from './support/witness.mjs';

let engine;
before(async () => { engine = await Engine.create({ worker: false, flavour: flavours[0] }); });
after(() => engine.dispose());

const { next } = generator(23);
const floats = (...dims) => ({
  dtype: 'float32', dims, data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => 2 * next() - 1),
});
const positions = (...dims) => ({
  dtype: 'int64', dims, data: BigInt64Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => BigInt(i % 5)),
});
const mask = (...dims) => ({
  dtype: 'bool', dims, data: Uint8Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Number(i % 3 !== 1)),
});

const cases = {
  'RMSNormalization over the last axis': { op: 'RMSNormalization', inputs: [floats(2, 3, 8), floats(8)] },
  'RMSNormalization over two axes': {
    op: 'RMSNormalization', inputs: [floats(2, 3, 8), floats(3, 8)], attributes: { axis: 1, epsilon: { float: 0.01 } },
  },
  'RotaryEmbedding of four axes': {
    op: 'RotaryEmbedding', inputs: [floats(2, 3, 5, 8), floats(6, 4), floats(6, 4), positions(2, 5)],
  },
  'RotaryEmbedding interleaved': {
    op: 'RotaryEmbedding', attributes: { interleaved: 1 },
    inputs: [floats(2, 3, 5, 8), floats(6, 4), floats(6, 4), positions(2, 5)],
  },
  'RotaryEmbedding of three axes, in part': {
    op: 'RotaryEmbedding', attributes: { num_heads: 3, rotary_embedding_dim: 4 },
    inputs: [floats(2, 5, 24), floats(6, 2), floats(6, 2), positions(2, 5)],
  },
  Attention: { op: 'Attention', inputs: [floats(2, 3, 4, 8), floats(2, 3, 6, 8), floats(2, 3, 6, 8)] },
  'Attention, causal': {
    op: 'Attention', attributes: { is_causal: 1 }, inputs: [floats(1, 2, 5, 8), floats(1, 2, 5, 8), floats(1, 2, 5, 8)],
  },
  'Attention with a mask of bool': {
    op: 'Attention', inputs: [floats(2, 3, 4, 8), floats(2, 3, 6, 8), floats(2, 3, 6, 8), mask(4, 6)],
  },
  'Attention with an additive mask and softcap': {
    op: 'Attention', attributes: { softcap: { float: 2 }, scale: { float: 0.3 } },
    inputs: [floats(2, 3, 4, 8), floats(2, 3, 6, 8), floats(2, 3, 6, 8), floats(4, 6)],
  },
  'Attention of three axes with fewer key heads': {
    op: 'Attention', attributes: { q_num_heads: 4, kv_num_heads: 2 },
    inputs: [floats(2, 3, 32), floats(2, 5, 16), floats(2, 5, 16)],
  },
};

let witnessed = 0;
for (const [name, { op, inputs, attributes }] of Object.entries(cases)) {
  test(name, async () => {
    const names = inputs.map((_, i) => `x${i}`);
    const serialized = model({
      nodes: [{ op, attributes, inputs: names, outputs: ['y'] }],
      inputs: inputs.map(({ dtype, dims }, i) => ({ name: names[i], dtype, dims })),
      outputs: [{ name: 'y', dtype: 'float32', dims: inputs[0].dims.map((_, i) => `d${i}`) }],
      opset: 23,
    });
    const feeds = Object.fromEntries(inputs.map((input, i) => [names[i], input]));
    const session = await engine.load(serialized, { monitor: false });
    const given = Object.entries(feeds).map(([key, { dtype, dims, data }]) => [key, tensor(data, dims, dtype)]);
    const { y } = await session.run(Object.fromEntries(given));
    await session.dispose();
    const expected = (await witness(serialized, feeds))?.y;
    if (!expected) return;
    witnessed++;
    assert.equal(y.data.length, expected.length);
    y.data.forEach((value, i) =>
      assert.ok(Math.abs(value - expected[i]) <= 2e-5, `element ${i} is ${value}, not ${expected[i]}`));
  });
}

test('onnxruntime-web was a witness of most cases', () => {
  assert.ok(witnessed >= Object.keys(cases).length / 2, `of ${witnessed} alone`);
});
