// Limits of an engine: set from JavaScript, downwards only, each a typed error; and what a full memory says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine, flavours, insituError, tensor } from './support/insitu.mjs';
import { addModel } from '../support/onnx-writer.mjs';

const [flavour] = flavours;
const feed = () => ({ x: tensor([10, 20, 30, 40], [1, 4]) });

test('a lowered limit refuses, and the engine goes on', async () => {
  const engine = await Engine.create({ flavour, worker: false, limits: { elements: 8, nodes: undefined } });
  const session = await engine.load(addModel());
  await assert.rejects(session.run({ x: tensor(new Float32Array(12), [3, 4]) }), insituError('LimitExceeded', /limit of 8 elements/));
  assert.deepEqual((await session.run(feed())).y.data, Float32Array.of(11, 22, 33, 44));
  await engine.dispose();

  const small = await Engine.create({ flavour, worker: false, limits: { modelBytes: 10 } });
  await assert.rejects(small.load(addModel()), insituError('LimitExceeded', /larger than 10 bytes/));
  await small.dispose();

  const without = await Engine.create({ flavour, worker: false });
  assert.ok(await without.load(addModel()), 'limits are those of one engine');
  await without.dispose();
});

test('limits go down only, and have names', async () => {
  const create = (limits) => Engine.create({ flavour, worker: false, limits });
  await assert.rejects(create({ nodes: 200_001 }), insituError('InvalidArgument', /limit nodes cannot be 200001.*0 to 200000/));
  await assert.rejects(create({ nodes: -1 }), insituError('InvalidArgument', /nodes/));
  await assert.rejects(create({ nodes: 1.5 }), insituError('InvalidArgument', /nodes/));
  await assert.rejects(create({ nodes: NaN }), insituError('InvalidArgument', /nodes/));
  await assert.rejects(create({ nodes: 5n }), insituError('InvalidArgument', /limits\.nodes is a bigint/));
  await assert.rejects(create({ knots: 5 }), insituError('InvalidArgument', /no limit 'knots'/));
  await assert.rejects(create('little'), insituError('InvalidArgument', /limits/));
});

test('a memory at its maximum says the need, the use and the limit, and the session goes on', async () => {
  const engine = await Engine.create({ flavour, worker: false });
  const session = await engine.load(addModel());
  const before = (await engine.memory()).bufferBytes;
  const stop = new AbortController();
  const headers = { 'content-length': '2000000000' };
  const never = () => engine.load(new Response(new ReadableStream(), { headers }), { signal: stop.signal });
  const waiting = [never(), never()];
  const full = /^cannot allocate 2000000000 bytes, besides 4\d{9} in use, of a memory of at most 4294967296\. Use a smaller/;
  await assert.rejects(never(), insituError('OutOfMemory', full));
  assert.deepEqual((await session.run(feed())).y.data, Float32Array.of(11, 22, 33, 44));
  stop.abort();
  for (const load of waiting) await assert.rejects(load, insituError('Cancelled'));
  assert.equal((await engine.memory()).bufferBytes, before);
  await (await engine.load(addModel())).dispose();
  await engine.dispose();
});
