// session.shadow(): callers get what they got before, the candidate's answers are compared, and nothing stays behind.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Engine, flavours, insituError, tensor } from './support/insitu.mjs';
import { bufferBytes } from './support/memory.mjs';
import { identityModel, model, shiftModel } from '../support/onnx-writer.mjs';

let engine;
before(async () => (engine = await Engine.create({ flavour: flavours[0], worker: true })));
after(() => engine.dispose());

const feed = (...row) => ({ x: tensor(row, [1, 4]) });

/* y = x * [1,1,1,by]: another class where the last is the largest and `by` is small. */
const scaleModel = (by) => model({
  nodes: [{ op: 'Mul', inputs: ['x', 's'], outputs: ['y'] }],
  inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 4] }], outputs: [{ name: 'y', dtype: 'float32', dims: ['batch', 4] }],
  initializers: [{ name: 's', dtype: 'float32', dims: [4], data: Float32Array.of(1, 1, 1, by) }],
});

test('one request in k is compared, callers and their monitor see nothing of it', async () => {
  const session = await engine.load(scaleModel(1));
  await session.run(feed(1, 2, 3, 4));
  const held = await bufferBytes(engine);
  const shadow = await session.shadow(scaleModel(0.5), { every: 3 });
  for (let i = 0; i < 12; i++) {
    const last = i % 2 ? 4 : 8;
    const feeds = feed(1, 2, 3, last);
    const { y } = await session.run(feeds, { transfer: i % 4 === 3 });
    assert.deepEqual(y.data, Float32Array.of(1, 2, 3, last));
    y.data.fill(-1);  // results and feeds are the caller's
    if (i % 4 !== 3) feeds.x.data.fill(-1);
    await shadow.settled();
  }
  const report = await shadow.report();
  assert.equal(report.requests, 12);
  assert.equal(report.skipped, 0);
  assert.deepEqual(report.outputs, { y: { compared: 4, agreed: 0, unlike: 0, maxAbsDifference: 4, top1: { rows: 4, agreed: 2 } } });
  for (const side of ['stable', 'candidate']) {
    assert.equal(report[side].runs, 4);
    assert.deepEqual(report[side].failures, {});
    assert.equal(report[side].infer.p99, null, 'too few to know');
  }
  assert.equal((await session.monitor.snapshot()).requests, 13);
  await shadow.stop();
  await shadow.stop();
  assert.deepEqual((await shadow.report()).outputs, report.outputs);
  await assert.rejects(shadow.promote(), insituError('Disposed', /not promoted/));
  await session.run(feed(1, 2, 3, 4));
  assert.equal((await shadow.report()).requests, 12);
  assert.equal(await bufferBytes(engine), held);
  await session.dispose();
});

test('latencies of both sides come from the histograms', async () => {
  const session = await engine.load(shiftModel(1));
  const shadow = await session.shadow(shiftModel(1.000001));
  for (let i = 0; i < 30; i++) {
    await session.run(feed(1, 2, 3, i));
    await shadow.settled();
  }
  const { stable, candidate, inferRatio, outputs } = await shadow.report();
  assert(stable.infer.p50 !== null && candidate.infer.p50 !== null);
  assert.equal(inferRatio, stable.infer.p50 ? candidate.infer.p50 / stable.infer.p50 : null);
  assert.equal(outputs.y.agreed, 30, 'within the tolerance');
  await session.dispose();
});

test('requests that come faster than they can be compared are answered all the same, and counted', async () => {
  const session = await engine.load(shiftModel(1));
  const shadow = await session.shadow(shiftModel(1));
  const shifts = await Promise.all(Array.from({ length: 200 }, async (_, i) => (await session.run(feed(i, 0, 0, 0))).y.data[0] - i));
  assert(shifts.every((shift) => shift === 1));
  await shadow.settled();
  const { requests, skipped, outputs, candidate } = await shadow.report();
  assert.equal(requests, 200);
  assert.equal(skipped + outputs.y.compared, 200);
  assert(outputs.y.compared >= 8);
  assert.equal(candidate.runs, outputs.y.compared);
  await session.dispose();
});

test('a candidate that fails is counted; asked outputs alone are compared; text and the rest come along', async () => {
  const table = model({
    nodes: [
      { op: 'Cast', inputs: ['x'], outputs: ['i'], attributes: { to: 7 } },
      { op: 'Gather', inputs: ['t', 'i'], outputs: ['y'] },
      { op: 'Identity', inputs: ['x'], outputs: ['z'] },
    ],
    inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 4] }],
    outputs: [{ name: 'y', dtype: 'float32', dims: ['batch', 4] }, { name: 'z', dtype: 'float32', dims: ['batch', 4] }],
    initializers: [{ name: 't', dtype: 'float32', dims: [2], data: Float32Array.of(1, 2) }],
  });
  const session = await engine.load(shiftModel(1));
  const shadow = await session.shadow(table);
  await session.run(feed(0, 1, 0, 1), { outputs: ['y'] });
  await session.run(feed(5, 1, 0, 1));
  await shadow.settled();
  const { candidate, outputs } = await shadow.report();
  assert.deepEqual(Object.values(candidate.failures), [1]);
  assert.deepEqual(outputs.y, { compared: 1, agreed: 1, unlike: 0, maxAbsDifference: 0, top1: { rows: 1, agreed: 1 } });
  assert.deepEqual(Object.keys(outputs), ['y']);
  await session.dispose();

  const words = await engine.load(identityModel('string'));
  const same = await words.shadow(identityModel('string'));
  await words.run({ x: tensor(['a', 'Ω']) });
  await same.settled();
  assert.equal((await same.report()).outputs.y.agreed, 1);
  await words.dispose();
});

test('promotion, and one trial at a time', async () => {
  const session = await engine.load(shiftModel(1));
  await session.run(feed(0, 0, 0, 0));
  const held = await bufferBytes(engine);
  const shadow = await session.shadow(shiftModel(2));
  for (const other of [session.swap(shiftModel(3)), session.shadow(shiftModel(3)), session.canary(shiftModel(3))]) {
    await assert.rejects(other, insituError('InvalidArgument', /on trial/));
  }
  const under = Array.from({ length: 10 }, () => session.run(feed(0, 0, 0, 0)));
  await shadow.promote();
  for (const run of under) assert.equal((await run).y.data[0], 1);
  assert.equal((await session.run(feed(0, 0, 0, 0))).y.data[0], 2);
  assert.equal((await session.monitor.snapshot()).requests, 1);
  assert.equal(session.metadata.by, '2');
  await assert.rejects(shadow.stop(), insituError('Disposed', /was promoted/));
  await session.swap(shiftModel(1));
  await session.run(feed(0, 0, 0, 0));
  assert.equal(await bufferBytes(engine), held);
  await session.dispose();
});

test('a trial that cannot begin leaves nothing, and dispose() ends one', async () => {
  const session = await engine.load(shiftModel(1));
  await session.run(feed(0, 0, 0, 0));
  const held = await bufferBytes(engine);
  await assert.rejects(session.shadow(shiftModel(2), { every: 0 }), insituError('InvalidArgument', /every is 0/));
  await assert.rejects(session.shadow(shiftModel(2, { names: ['x', 'q'] })), insituError('InvalidArgument', /no output 'y'/));
  assert.equal(await bufferBytes(engine), held);
  const shadow = await session.shadow(shiftModel(2));
  const [run, ended] = [session.run(feed(0, 0, 0, 0)), session.dispose()];
  assert.equal((await run).y.data[0], 1);
  await ended;
  assert.equal((await shadow.report()).requests, 1);
  await assert.rejects(session.run(feed(0, 0, 0, 0)), insituError('Disposed'));
  await assert.rejects(shadow.promote(), insituError('Disposed'));
  const fresh = await engine.load(shiftModel(1));
  await fresh.run(feed(0, 0, 0, 0));
  assert.equal(await bufferBytes(engine), held);
  await fresh.dispose();
});
