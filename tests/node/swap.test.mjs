// session.swap(): which model answers which run, that what fails changes nothing, and that no memory stays behind.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Engine, flavours, insituError, tensor } from './support/insitu.mjs';
import { identityModel, model, shiftModel, slowModel } from '../support/onnx-writer.mjs';

const feed = (value = 0) => ({ x: tensor([value, 0, 0, 0], [1, 4]) });
const answer = async (session, value = 0) => (await session.run(feed(value))).y.data[0] - value;

for (const worker of [false, true]) {
  describe(worker ? 'in a worker' : 'in process', () => {
    let engine;
    before(async () => (engine = await Engine.create({ flavour: flavours[0], worker })));
    after(() => engine.dispose());

    test('100 swaps under 10,000 requests drop none and mix none', async () => {
      const session = await engine.load(shiftModel(0));
      await session.run(feed());
      const { bufferBytes } = await engine.memory();
      const models = [0, 1000, 2000];
      const kRequests = 10_000, kSwaps = 100, kAtOnce = 40;
      let next = 0, swaps = 0, answered = 0;
      /* The models that may answer a run that is asked now. */
      let possible = new Set([models[0]]);
      const ask = async () => {
        for (let i = next++; i < kRequests; i = next++) {
          const allowed = possible;
          const shift = await answer(session, i % 100);
          assert(allowed.has(shift), `request ${i} was answered by ${shift}, not by ${[...allowed]}`);
          answered++;
        }
      };
      const swap = async () => {
        for (swaps = 1; swaps <= kSwaps; swaps++) {
          const from = models[(swaps - 1) % 3], to = models[swaps % 3];
          possible = new Set([from, to]);
          await session.swap(shiftModel(to));
          possible = new Set([to]);
          assert.equal(session.metadata.by, String(to));
          assert.equal(await answer(session), to, 'a run asked after the swap is the new model\'s');
          const due = kRequests * swaps / kSwaps;
          while (next < due && next < kRequests) await new Promise((resolve) => { setImmediate(resolve); });
        }
      };
      await Promise.all([swap(), ...Array.from({ length: kAtOnce }, ask)]);
      assert.equal(answered, kRequests);
      assert.equal(swaps, kSwaps + 1);
      await session.swap(shiftModel(0));
      await session.run(feed());
      assert.equal((await engine.memory()).bufferBytes, bufferBytes);
      await session.dispose();
    });

    test('runs asked before the change are the old model\'s, and are answered before swap() resolves', async () => {
      const session = await engine.load(shiftModel(1));
      const asked = [];
      let over = false;
      const swapped = session.swap(shiftModel(2)).then(() => (over = true));
      while (!over) {
        asked.push(answer(session));
        await new Promise((resolve) => { setImmediate(resolve); });
      }
      await swapped;
      const shifts = await Promise.all(asked);
      assert.equal(shifts[0], 1);
      assert(shifts.every((shift, i) => shift === 1 || (shift === 2 && (i === 0 || shifts[i - 1] <= shift))), String(shifts));
      assert.equal(await answer(session), 2);
      await session.dispose();
    });

    test('a swap that fails changes nothing and leaves nothing', async () => {
      const session = await engine.load(shiftModel(1));
      await session.run(feed());
      const { bufferBytes } = await engine.memory();
      const good = shiftModel(2);
      const integrity = `sha256-${createHash('sha256').update(shiftModel(3)).digest('base64')}`;
      const golden = [
        { feeds: feed(1), outputs: { y: tensor([3, 2, 2, 2], [1, 4]) } },
        { feeds: feed(5), outputs: { y: tensor([7, 2, 2.25, 2], [1, 4]) } },
      ];
      const wrong = (options) => shiftModel(2, options);
      const integers = model({
        nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
        inputs: [{ name: 'x', dtype: 'int32', dims: ['batch', 4] }], outputs: [{ name: 'y', dtype: 'int32', dims: ['batch', 4] }],
      });
      const failures = [
        ['/no/such/model.onnx', {}, 'Network', /model\.onnx/],
        [good, { integrity }, 'Integrity', /SHA-256/],
        [good.subarray(0, 40), {}, 'InvalidModel', /./],
        [good, { golden }, 'InvalidModel', /new model fails golden vector 1: 'y' differs in 1 of 4 elements by up to 0.25; first at 2: 2, expected 2.25/],
        [good, { golden: [{ feeds: feed(), outputs: { q: tensor([1]) } }] }, 'InvalidArgument', /no output 'q'/],
        [wrong({ names: ['z', 'y'] }), {}, 'InvalidArgument', /wants an input 'z' that the old one does not have/],
        [wrong({ names: ['x', 'z'] }), {}, 'InvalidArgument', /has no output 'y'/],
        [wrong({ dims: [2, 4] }), {}, 'ShapeMismatch', /input 'x' with dims \[2,4\], the old one with \[batch,4\]/],
        [wrong({ dims: ['n', 'n'] }), {}, 'ShapeMismatch', /\[n,n\]/],
        [identityModel('float32'), {}, 'ShapeMismatch', /\[n\]/],
        [integers, {}, 'InvalidArgument', /'x' as int32, the old one as float32/],
        [good, { signal: AbortSignal.abort() }, 'Cancelled', /./],
        [good, { monitor: { profile: { format: 'no' } } }, 'InvalidArgument', /./],
      ];
      for (const [source, options, code, pattern] of failures) {
        await assert.rejects(session.swap(source, options), insituError(code, pattern));
        assert.equal(await answer(session), 1);
        assert.equal(session.metadata.by, '1');
      }
      const control = new AbortController();
      const endless = new ReadableStream({ pull: () => new Promise(() => {}) });
      const swapping = session.swap(endless, { signal: control.signal });
      setTimeout(() => control.abort(), 20);
      await assert.rejects(swapping, insituError('Cancelled'));
      // Aborted while the golden vectors are checked.
      const late = new AbortController();
      const onProgress = ({ phase, loaded }) => phase === 'parse' && loaded === 1 && queueMicrotask(() => late.abort());
      await assert.rejects(session.swap(good, { signal: late.signal, onProgress, golden: golden.slice(0, 1) }), insituError('Cancelled'));
      assert.equal(await answer(session), 1);
      assert.equal((await engine.memory()).bufferBytes, bufferBytes);
      await session.dispose();
    });

    test('golden vectors that fit, and what the report says', async () => {
      const session = await engine.load(new File([shiftModel(1)], 'one.onnx'), { monitor: { profile: { learn: 2000 } } });
      const golden = [{ feeds: feed(1), outputs: { y: tensor([3.001, 2, 2, 2], [1, 4]) } }];
      const report = await session.swap(new File([shiftModel(2)], 'two.onnx'), { golden });
      assert.deepEqual(report.previous, { name: 'one.onnx', sha256: createHash('sha256').update(shiftModel(1)).digest('hex') });
      assert.equal(report.next.name, 'two.onnx');
      assert.equal(report.golden, 1);
      for (const ms of ['loadMs', 'goldenMs', 'drainMs']) assert(report[ms] >= 0, ms);
      await assert.rejects(session.swap(shiftModel(3), { golden: [{ ...golden[0], rtol: 0, atol: 0.5 }] }), insituError('InvalidModel'));
      await session.swap(shiftModel(2.25), { golden: [{ ...golden[0], rtol: 0, atol: 0.5 }] });
      await session.dispose();
      await assert.rejects(session.run(feed()), insituError('Disposed', /Session of a model/));
    });

    test('swaps follow each other; a disposed session or engine refuses them', async () => {
      const session = await engine.load(shiftModel(1));
      const { bufferBytes } = await engine.memory();
      const slow = new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => { setTimeout(resolve, 50); });
          controller.enqueue(shiftModel(2));
          controller.close();
        },
      });
      const [first, second] = [session.swap(slow), session.swap(shiftModel(3))];
      assert.equal((await first).golden, 0);
      await second;
      assert.equal(await answer(session), 3);
      const [during, queued] = [session.swap(shiftModel(4)), session.swap(shiftModel(5))];
      const refused = Promise.all([during, queued].map((swap) => assert.rejects(swap, insituError('Disposed', /Session/))));
      await session.dispose();
      await refused;
      await assert.rejects(session.swap(shiftModel(6)), insituError('Disposed'));
      const again = await engine.load(shiftModel(1));
      assert.equal((await engine.memory()).bufferBytes, bufferBytes);
      await again.dispose();

      const other = await Engine.create({ flavour: flavours[0], worker });
      const orphan = await other.load(shiftModel(1));
      const lost = assert.rejects(orphan.swap(shiftModel(2)), insituError('Disposed'));
      await other.dispose();
      await lost;
    });
  });
}

test('the monitor remains the same object, hears the new model alone, and begins anew with the options of load() or swap()', async () => {
  const engine = await Engine.create({ flavour: flavours[0] });
  after(() => engine.dispose());
  const session = await engine.load(shiftModel(1), { monitor: { sample: 3 } });
  const { monitor } = session;
  const heard = [];
  monitor.addEventListener('quality', ({ detail }) => heard.push(`${detail.role} ${detail.issue}`));
  for (let i = 0; i < 5; i++) await session.run(feed(i + 1));
  await session.swap(shiftModel(2));
  assert.equal(session.monitor, monitor);
  assert.equal((await monitor.snapshot()).requests, 0);
  assert.equal((await monitor.snapshot()).sampleEvery, 3);
  await session.swap(shiftModel(3), { monitor: { sample: 1 } });
  await session.run({ x: tensor([1, NaN, 2, 3], [1, 4]) });
  const snapshot = await monitor.snapshot();
  assert.equal(snapshot.requests, 1);
  assert.equal(snapshot.sampleEvery, 1);
  assert.deepEqual(heard, ['input nan', 'output nan']);
  await session.swap(shiftModel(4), { monitor: false });
  await assert.rejects(monitor.snapshot(), insituError('InvalidArgument', /no monitor/));
});

test('what the old model notices in its last runs is not said of the new one', async () => {
  const engine = await Engine.create({ flavour: flavours[0], worker: true });
  after(() => engine.dispose());
  const session = await engine.load(shiftModel(1));
  const heard = [];
  session.monitor.addEventListener('quality', ({ detail }) => heard.push(detail));
  const last = [];
  const onProgress = ({ phase, loaded }) => {
    if (phase === 'parse' && loaded === 1) for (let i = 0; i < 50; i++) last.push(session.run({ x: tensor([i, NaN, 2, 3], [1, 4]) }));
  };
  await session.swap(shiftModel(2), { onProgress });
  for (const [i, run] of last.entries()) assert.equal((await run).y.data[0], i + 1);
  assert.equal(last.length, 50);
  await session.monitor.snapshot();
  assert.deepEqual(heard, []);
  await session.run({ x: tensor([1, NaN, 2, 3], [1, 4]) });
  await session.monitor.snapshot();
  assert.equal(heard[0].times, 1);
});

test('dispose() waits for the runs that were asked before it', async () => {
  const engine = await Engine.create({ flavour: flavours[0], worker: true });
  after(() => engine.dispose());
  const session = await engine.load(slowModel(64, 20), { backend: 'reference' });
  const runs = Array.from({ length: 5 }, () => session.run({ x: tensor(new Float32Array(64 * 64), [64, 64]) }));
  await session.dispose();
  for (const run of runs) assert.equal((await run).y.dims[0], 64);
});
