// session.canary(): who is answered by which model, that a caller never meets the candidate's faults, and what ends it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Engine, flavours, insituError, tensor } from './support/insitu.mjs';
import { bufferBytes } from './support/memory.mjs';
import { model, shiftModel, slowModel } from '../support/onnx-writer.mjs';

let engine;
before(async () => (engine = await Engine.create({ flavour: flavours[0], worker: true })));
after(() => engine.dispose());

const feed = (...row) => ({ x: tensor(row, [1, 4]) });
const zeros = () => feed(0, 0, 0, 0);
const shiftOf = async (session, options, feeds = feed(1, 0, 0, 0)) => (await session.run(feeds, options)).y.data[1];

/* y = table[x]: fails where x is no place in it. */
const tableModel = (size) => model({
  nodes: [
    { op: 'Cast', inputs: ['x'], outputs: ['i'], attributes: { to: 7 } },
    { op: 'Gather', inputs: ['t', 'i'], outputs: ['y'] },
  ],
  inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 4] }], outputs: [{ name: 'y', dtype: 'float32', dims: ['batch', 4] }],
  initializers: [{ name: 't', dtype: 'float32', dims: [size], data: Float32Array.from({ length: size }, (_, i) => i) }],
});
/* y = x / x: NaN where x is 0. */
const quotientModel = () => model({
  nodes: [{ op: 'Div', inputs: ['x', 'x'], outputs: ['y'] }],
  inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 4] }], outputs: [{ name: 'y', dtype: 'float32', dims: ['batch', 4] }],
});

const ended = (canary, event = 'rollback') => new Promise((resolve) => { canary.addEventListener(event, ({ detail }) => resolve(detail)); });

test('a key has one model, and the candidate has its share of keys', async () => {
  const session = await engine.load(shiftModel(1));
  await session.run(zeros());
  const held = await bufferBytes(engine);
  const canary = await session.canary(shiftModel(2), { share: 0.25 });
  const keys = Array.from({ length: 400 }, (_, i) => `user-${i}`);
  for (const round of [0, 1]) {
    const shifts = await Promise.all(keys.map((key) => shiftOf(session, round ? { id: key } : { key, id: 'other' })));
    assert.deepEqual(shifts, keys.map((key) => (canary.takes(key) ? 2 : 1)));
  }
  const mine = keys.filter((key) => canary.takes(key)).length;
  assert(mine > 60 && mine < 140, String(mine));
  const keyless = await Promise.all(Array.from({ length: 400 }, () => shiftOf(session, {})));
  const tried = keyless.filter((shift) => shift === 2).length;
  assert(tried > 60 && tried < 140, String(tried));
  const report = await canary.report();
  assert.equal(report.state, 'running');
  assert.equal(report.candidate.runs, 2 * mine + tried);
  assert.equal(report.stable.runs, 1200 - 2 * mine - tried);
  for (const side of ['stable', 'candidate']) {
    assert(report[side].total.p95 >= report[side].infer.p50, side);
    assert.deepEqual(report[side].failures, {});
  }
  assert(report.inferRatio === null || report.inferRatio > 0);
  assert.equal((await session.monitor.snapshot()).requests, 1 + report.stable.runs, 'each has its own monitor');
  assert.equal((await canary.monitor.snapshot()).requests, report.candidate.runs);
  const salted = keys.filter((key) => canary.takes(key)).join();
  await canary.rollback();
  const other = await session.canary(shiftModel(2), { share: 0.25, salt: 'b' });
  assert.notEqual(keys.filter((key) => other.takes(key)).join(), salted);
  await other.rollback();
  assert.equal(await bufferBytes(engine), held);
  await session.dispose();
});

test('feeds of the candidate\'s runs are held to what the stable model takes, and may be of any class', async () => {
  const session = await engine.load(shiftModel(1));
  const wrongs = [null, undefined, 5, {}, { x: () => {} }, { x: null }, { x: { dtype: 'float32', dims: [1, 4] } }, { ...zeros(), y: zeros().x }, { x: tensor([1, 2, 3, 4, 5], [1, 5]) }];
  const messages = async () => Promise.all(wrongs.map(async (wrong) => {
    const error = await session.run(wrong).then(() => assert.fail('it was taken'), (thrown) => thrown);
    assert(insituError(error.code)(error));
    return `${error.code}: ${error.message}`;
  }));
  const expected = await messages();
  const canary = await session.canary(shiftModel(2), { share: 1 });
  assert.deepEqual(await messages(), expected);
  const { x } = feed(1, 0, 0, 0);
  assert.equal(await shiftOf(session, {}, { x: { ...x, describe: () => 'no clone can be made of a function' } }), 2);
  const { state, candidate, stable } = await canary.report();
  assert.equal(state, 'running');
  assert.deepEqual([candidate.runs, candidate.failures], [1, {}]);
  assert.equal(stable.runs, wrongs.length);
  await canary.rollback();
  await session.dispose();
});

test('promotion: everything goes to the candidate, its watch goes on as the session\'s, the events tell', async () => {
  const session = await engine.load(shiftModel(1));
  const canary = await session.canary(shiftModel(2), { share: 0.5 });
  const heard = [];
  session.monitor.addEventListener('quality', ({ detail }) => heard.push(detail.issue));
  const key = ['a', 'b', 'c', 'd', 'e', 'f'].find((one) => canary.takes(one));
  await shiftOf(session, { key });
  assert.deepEqual(heard, []);
  const promoted = ended(canary, 'promoted');
  const running = Array.from({ length: 50 }, (_, i) => shiftOf(session, { key: `k${i}` }));
  const shifts = running.map(async (run, i) => assert.equal(await run, canary.takes(`k${i}`) ? 2 : 1));
  await canary.promote();
  await Promise.all(shifts);
  const { state, candidate } = await promoted;
  assert.equal(state, 'promoted');
  assert(candidate.runs > 1);
  for (let i = 0; i < 20; i++) assert.equal(await shiftOf(session, { key: `k${i}` }), 2);
  assert.equal((await session.monitor.snapshot()).requests, candidate.runs + 20);
  await session.run(feed(NaN, 0, 0, 1));
  await session.monitor.snapshot();  // behind what is noticed of the run
  assert(heard.includes('nan'));
  await assert.rejects(canary.rollback(), insituError('Disposed', /was promoted/));
  await canary.promote();
  await session.swap(shiftModel(3));
  await session.dispose();
});

test('a run that fails with the candidate alone is answered by the stable model, and the candidate is rolled back', async () => {
  const session = await engine.load(tableModel(10));
  await session.run(zeros());
  const held = await bufferBytes(engine);
  const canary = await session.canary(tableModel(2), { share: 1, failures: 1 });
  const told = ended(canary);
  const { y } = await session.run(feed(1, 7, 1, 1), { transfer: true, into: { y: tensor(new Float32Array(4), [1, 4]) } });
  assert.deepEqual(y.data, Float32Array.of(1, 7, 1, 1));
  assert.equal((await canary.report()).state, 'running', 'one failure was allowed');
  // What fails with both is the caller's.
  await assert.rejects(session.run(feed(1, 70, 1, 1)), insituError('InvalidArgument'));
  await assert.rejects(session.run({}), insituError('InvalidArgument', /not fed/));
  await assert.rejects(session.run(zeros(), { signal: AbortSignal.abort() }), insituError('Cancelled'));
  assert.equal((await canary.report()).state, 'running');
  assert.deepEqual((await session.run(feed(1, 8, 1, 1))).y.data, Float32Array.of(1, 8, 1, 1));
  const report = await told;
  assert.equal(report.state, 'rolled back');
  assert.equal(report.reason, 'failures');
  assert.match(report.because, /Gather|indices|index/i);
  assert.equal(Object.values(report.candidate.failures).reduce((a, b) => a + b), 2);
  assert.deepEqual(report.stable.failures, { InvalidArgument: 2 });
  await session.run(feed(9, 9, 9, 9));
  assert.equal((await canary.report()).stable.runs, report.stable.runs, 'it has ended');
  assert.equal(await bufferBytes(engine), held);
  await session.dispose();
});

test('outputs that hold NaN, which the stable model\'s do not, end it', async () => {
  const session = await engine.load(shiftModel(1));
  const canary = await session.canary(quotientModel(), { share: 0.2 });
  const told = ended(canary);
  for (let i = 0; (await canary.report()).state === 'running' && i < 200; i++) await session.run(feed(0, 1, 2, i), { key: `k${i}` });
  const { reason, because } = await told;
  assert.equal(reason, 'quality');
  assert.equal(because, 'nan of \'y\'');
  await session.dispose();
});

test('a candidate that misses its objective ends it', async () => {
  const fast = model({
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
    inputs: [{ name: 'x', dtype: 'float32', dims: [96, 96] }], outputs: [{ name: 'y', dtype: 'float32', dims: [96, 96] }],
  });
  const image = { x: tensor(new Float32Array(96 * 96), [96, 96]) };
  const session = await engine.load(fast);
  const canary = await session.canary(slowModel(96, 40), { share: 0.5, backend: 'reference', slo: { p95Ms: 4 } });
  const told = ended(canary);
  for (let i = 0; (await canary.report()).state === 'running' && i < 1000; i++) await session.run(image, { key: `k${i}` });
  const { reason, because, inferRatio } = await told;
  assert.equal(reason, 'slow');
  assert.match(because, /took [\d.]+ ms/);
  assert(inferRatio === null || inferRatio > 1.2);
  await session.dispose();
});

test('drift that the stable model shows, too, does not end it; drift of the candidate alone does', async () => {
  let state = 7;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const sample = (shift = 0) => feed(random() + shift, random() + shift, random() + shift, random() + shift);
  const learner = await engine.load(shiftModel(1), { monitor: { profile: { learn: 2000 } } });
  for (let i = 0; i < 2000; i++) await learner.run(sample());
  const profile = await learner.monitor.exportProfile();
  await learner.dispose();
  const monitor = { profile, falseAlarmEvery: 1000, quality: 'log' };
  for (const [stable, outcome] of [[monitor, 'running'], [{}, 'rolled back']]) {
    const session = await engine.load(shiftModel(1), { monitor: stable });
    const canary = await session.canary(shiftModel(1), { share: 0.2, monitor });
    const drifted = new Promise((resolve) => { canary.monitor.addEventListener('drift', resolve); });
    const told = outcome === 'running' ? drifted : ended(canary);
    let over = false;
    void told.then(() => (over = true));
    for (let i = 0; !over && i < 2000; i++) await session.run(sample(2), { key: `k${i}` });
    await drifted;
    if (outcome !== 'running') {
      const { reason, because } = await told;
      assert.equal(reason, 'drift');
      assert.match(because, /x\./);
    }
    await session.monitor.snapshot();  // behind the snapshot that judges
    assert.equal((await canary.report()).state, outcome);
    await session.dispose();
  }
});

test('options that make no sense are refused; dispose() ends a canary', async () => {
  const session = await engine.load(shiftModel(1), { monitor: false });
  await session.run(zeros());
  const held = await bufferBytes(engine);
  for (const share of [-1, 1.5, NaN, 'half']) {
    await assert.rejects(session.canary(shiftModel(2), { share }), insituError('InvalidArgument', /share is/));
  }
  assert.equal(await bufferBytes(engine), held);
  const canary = await session.canary(shiftModel(2), { share: 1 });
  assert.equal(await shiftOf(session, {}), 2);
  const told = ended(canary);
  const [run, over] = [shiftOf(session, {}), session.dispose()];
  assert.equal(await run, 2);
  await over;
  assert.equal((await told).reason, 'asked');
  await assert.rejects(session.run(zeros()), insituError('Disposed'));
  await assert.rejects(canary.promote(), insituError('Disposed'));
  const fresh = await engine.load(shiftModel(1), { monitor: false });
  await fresh.run(zeros());
  assert.equal(await bufferBytes(engine), held);
  await fresh.dispose();
});
