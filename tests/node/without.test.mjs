// `without`: parts of the engine that are left out by name, and what is refused.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { Engine, flavours, insituError, tensor } from './support/insitu.mjs';

const bytes = readFileSync(new URL('../../models/handwriting/handwriting_int8.onnx', import.meta.url));
const feeds = { image: tensor(new Float32Array(784).fill(0.5), [1, 1, 28, 28]) };

let engine;
before(async () => (engine = await Engine.create({ flavour: flavours[0] })));
after(() => engine.dispose());

test('a session without XNNPACK or our kernels runs elsewhere, and answers alike', async () => {
  assert.ok(engine.info.switches.includes('fuse-qdq'), engine.info.switches.join());
  const whole = await engine.load(bytes);
  const { probabilities: wanted } = await whole.run(feeds);
  const session = await engine.load(bytes, { without: ['xnnpack', 'kernel', 'fuse-qdq'] });
  const on = new Set((await session.explain()).map((row) => row.on));
  assert.ok(!on.has('xnnpack'));
  const { probabilities } = await session.run(feeds);
  for (const [i, value] of wanted.data.entries()) assert.ok(Math.abs(probabilities.data[i] - value) < 1e-5);
});

test('names that are not known, lists that are none, and kept models are refused', async () => {
  await assert.rejects(engine.load(bytes, { without: ['everything'] }), insituError('InvalidArgument', /everything/));
  await assert.rejects(engine.load(bytes, { without: 'xnnpack' }), insituError('InvalidArgument', /list/));
  await assert.rejects(engine.load(bytes, { without: [1] }), insituError('InvalidArgument', /list/));
  await assert.rejects(engine.load(bytes, { without: ['xnnpack'], cache: 'opfs' }), insituError('InvalidArgument', /together/));
  await engine.load(bytes, { without: [] });
});
