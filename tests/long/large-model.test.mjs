// A model with more than 1 GB of weights beside it loads, runs, and what the files took is given back once the weights
// are packed.
import assert from 'node:assert/strict';
import { mkdtempSync, openSync, rmSync, writeSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { Engine, flavours, tensor } from '../node/support/insitu.mjs';
import { model } from '../support/onnx-writer.mjs';

const kSide = 8192;      // of a matrix
const kMatrices = 4;     // 268 MB each
const folder = mkdtempSync(join(tmpdir(), 'insitu-large-'));
after(() => rmSync(folder, { recursive: true }));

/* Every column holds its number, scaled so that products stay small. */
const row = Float32Array.from({ length: kSide }, (_, i) => i / kSide);

function writeWeights(path) {
  const file = openSync(path, 'w');
  const block = new Float32Array(kSide * 64);
  for (let i = 0; i < 64; i++) block.set(row, i * kSide);
  for (let i = 0; i < kMatrices * kSide / 64; i++) writeSync(file, new Uint8Array(block.buffer));
  closeSync(file);
}

/* y_i = x W_i. */
function largeModel() {
  const bytes = kSide * kSide * 4;
  return model({
    nodes: Array.from({ length: kMatrices }, (_, i) => ({ op: 'MatMul', inputs: ['x', `w${i}`], outputs: [`y${i}`] })),
    inputs: [{ name: 'x', dtype: 'float32', dims: [1, kSide] }],
    outputs: Array.from({ length: kMatrices }, (_, i) => ({ name: `y${i}`, dtype: 'float32', dims: [1, kSide] })),
    initializers: Array.from({ length: kMatrices }, (_, i) => ({
      name: `w${i}`, dtype: 'float32', dims: [kSide, kSide], external: { location: 'weights.data', offset: i * bytes, length: bytes },
    })),
  });
}

test('1.07 GB of weights beside the model', async () => {
  writeWeights(join(folder, 'weights.data'));
  const engine = await Engine.create({ worker: false, flavour: flavours[0] });
  const session = await engine.load(largeModel(), {
    externalData: { 'weights.data': join(folder, 'weights.data') }, monitor: false,
  });
  const { y3 } = await session.run({ x: tensor(Float32Array.from({ length: kSide }, () => 1 / kSide), [1, kSide]) });
  row.forEach((value, i) => assert.ok(Math.abs(y3.data[i] - value) < 1e-3, `element ${i} is ${y3.data[i]}`));
  const { heapBytes, bufferBytes } = await engine.memory();
  const weights = kMatrices * kSide * kSide * 4;
  assert.ok(bufferBytes < 1.05 * weights, `${bufferBytes} bytes: more than the packed weights`);
  // File, packed weights and one layer in between would be 2.25; the rest is how the heap grows.
  assert.ok(heapBytes < 3.3 * weights, `the heap grew to ${heapBytes} bytes`);
  await engine.dispose();
});
