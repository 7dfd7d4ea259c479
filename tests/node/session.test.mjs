// Loading and running: results, every error of bad input, and that the session goes on after each.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { dist, Engine, flavours, InsituError, insituError, load, tensor } from './support/insitu.mjs';
import { addModel, identityModel, model, slowModel } from '../support/onnx-writer.mjs';

const feed = () => ({ x: tensor([10, 20, 30, 40], [1, 4]) });
const sum = Float32Array.of(11, 22, 33, 44);

for (const flavour of flavours) {
  const kCycles = flavour === flavours[0] ? 1000 : 50;
  for (const worker of [false, true]) {
    describe(`${flavour}, ${worker ? 'in a worker' : 'in process'}`, () => {
      let engine;
      before(async () => {
        engine = await Engine.create({ flavour, worker, threads: flavour.endsWith('mt') ? 2 : 1 });
        assert.equal(engine.info.flavour, flavour);
      });
      after(() => engine.dispose());

      test('a model runs, with any batch', async () => {
        const session = await engine.load(addModel());
        assert.deepEqual(session.inputs, [{ name: 'x', dtype: 'float32', dims: ['batch', 4] }]);
        assert.equal(session.metadata.labels, '["a","b"]');
        const { y } = await session.run(feed());
        assert.deepEqual(y.data, sum);
        assert.deepEqual(y.dims, [1, 4]);
        const two = await session.run({ x: tensor(new Float32Array(8), [2, 4]) });
        assert.deepEqual(two.y.data, Float32Array.of(1, 2, 3, 4, 1, 2, 3, 4));
        assert.deepEqual(y.data, sum, 'results belong to the caller');
        await session.dispose();
      });

      test('bad feeds are named, and the session goes on', async () => {
        const session = await engine.load(addModel());
        await assert.rejects(session.run({}), insituError('InvalidArgument', /'x' was not fed.*float32 \[batch,4\]/));
        await assert.rejects(session.run({ ...feed(), z: tensor([1]) }), insituError('InvalidArgument', /no input 'z'/));
        await assert.rejects(session.run({ x: tensor([1, 2, 3, 4], [1, 4], 'int32') }), insituError('InvalidArgument', /int32.*float32/));
        await assert.rejects(session.run({ x: tensor([1, 2, 3], [1, 3]) }), insituError('ShapeMismatch', /\[1,3\].*\[batch,4\]/));
        await assert.rejects(session.run({ x: tensor([1, 2, 3, 4], [4]) }), insituError('ShapeMismatch'));
        await assert.rejects(session.run({ x: 5 }), insituError('InvalidArgument', /not a tensor/));
        await assert.rejects(session.run(feed(), { outputs: ['q'] }), insituError('InvalidArgument', /no output 'q'.*'y'/));
        assert.deepEqual((await session.run(feed())).y.data, sum);
        await session.dispose();
      });

      test('the same model on the reference gives the same', async () => {
        const session = await engine.load(addModel(), { backend: 'reference' });
        assert.deepEqual((await session.run(feed())).y.data, sum);
        assert.equal((await session.explain())[0].on, 'reference');
        await session.dispose();
      });

      test('transfer moves the buffer, into receives the result', async () => {
        const session = await engine.load(addModel());
        const moved = feed();
        await session.run(moved, { transfer: true });
        assert.equal(moved.x.data.buffer.byteLength, 0);
        const target = tensor(new Float32Array(4), [1, 4]);
        const { y } = await session.run(feed(), { into: { y: target } });
        assert.equal(y.data, target.data);
        assert.deepEqual(target.data, sum);
        await assert.rejects(session.run(feed(), { into: { y: tensor([1]) } }), insituError('ShapeMismatch'));
        await session.dispose();
      });

      test('dims can be fixed', async () => {
        const session = await engine.load(addModel(), { dims: { batch: 3 } });
        assert.deepEqual(session.inputs[0].dims, [3, 4]);
        await assert.rejects(session.run(feed()), insituError('ShapeMismatch'));
        await session.dispose();
      });

      test('sessions of one engine do not disturb each other', async () => {
        const [a, b] = await Promise.all([engine.load(addModel()), engine.load(addModel(), { backend: 'reference' })]);
        const results = await Promise.all([a, b, a, b].map((session) => session.run(feed())));
        for (const { y } of results) assert.deepEqual(y.data, sum);
        await a.dispose();
        await assert.rejects(a.run(feed()), insituError('Disposed', /Session/));
        assert.deepEqual((await b.run(feed())).y.data, sum);
        await b.dispose();
        await b.dispose();
      });

      test('broken models are refused with a typed error', async () => {
        const good = addModel();
        for (const length of [0, 1, 10, 40, good.length - 1]) {
          await assert.rejects(engine.load(good.subarray(0, length)), InsituError, `cut to ${length} bytes`);
        }
        let state = 1;
        for (let i = 0; i < 200; i++) {
          const bytes = i % 2 ? good.slice() : new Uint8Array(64);
          for (let k = 0; k < 8; k++) {
            state = (Math.imul(state, 1103515245) + 12345) >>> 0;
            bytes[state % bytes.length] = state >>> 16;
          }
          const session = await engine.load(bytes).catch((thrown) => assert(thrown instanceof InsituError && thrown.code !== 'Crashed', thrown));
          await session?.dispose();
        }
        const unknown = model({
          nodes: [{ op: 'Frobnicate', inputs: ['x'], outputs: ['y'], name: 'odd' }],
          inputs: [{ name: 'x', dtype: 'float32', dims: [1] }], outputs: [{ name: 'y', dtype: 'float32', dims: [1] }],
        });
        await assert.rejects(engine.load(unknown), insituError('UnsupportedOp', /Frobnicate/));
        const report = await engine.inspect(unknown);
        assert.equal(report.runnable, false);
        assert.equal(report.unsupported[0].op, 'Frobnicate');
        const session = await engine.load(good);
        assert.deepEqual((await session.run(feed())).y.data, sum);
        await session.dispose();
      });

      test('loading and disposing leaves no memory behind', async () => {
        const cycle = async () => {
          const session = await engine.load(addModel());
          await session.run(feed());
          await session.dispose();
          return (await engine.memory()).bufferBytes;
        };
        const first = await cycle();
        for (let i = 0; i < 5; i++) assert.equal(await cycle(), first);
      });

      test('the heap is used again: cycles of load, run and dispose do not make it grow', async () => {
        const handwriting = readFileSync(new URL('../../models/handwriting/handwriting_int8.onnx', import.meta.url));
        const image = tensor(new Float32Array(784), [1, 1, 28, 28]);
        const cycle = async () => {
          const session = await engine.load(handwriting, { warmUp: false, monitor: false });
          await session.run({ image });
          await session.dispose();
          return (await engine.memory()).heapBytes;
        };
        for (let i = 0; i < 20; i++) await cycle();
        const before = await cycle();
        for (let i = 0; i < kCycles; i++) await cycle();
        assert.equal(await cycle(), before);
      });

      test('an aborted run rejects, and the next one works', async () => {
        const session = await engine.load(slowModel(256, 40), { backend: 'reference' });
        const slow = { x: tensor(new Float32Array(256 * 256), [256, 256]) };
        const before = AbortSignal.abort();
        await assert.rejects(session.run(slow, { signal: before }), insituError('Cancelled'));
        const queued = new AbortController();
        const running = session.run(slow);
        const waiting = session.run(slow, { signal: queued.signal });
        queued.abort();
        await assert.rejects(waiting, insituError('Cancelled'));
        assert.equal((await running).y.dims[0], 256);
        await session.dispose();
      });
    });
  }
}

test('a running model stops between two operators where memory is shared', { skip: !flavours.includes('simd-mt') }, async () => {
  const engine = await Engine.create({ flavour: 'simd-mt', threads: 2, worker: true });
  const session = await engine.load(slowModel(512, 400), { backend: 'reference' });
  const control = new AbortController();
  const run = session.run({ x: tensor(new Float32Array(512 * 512), [512, 512]) }, { signal: control.signal });
  setTimeout(() => control.abort(), 50);
  await assert.rejects(run, insituError('Cancelled'));
  const { latency } = await session.monitor.snapshot();
  assert.equal(latency.failures.Cancelled, 1);
  await engine.dispose();
});

test('every dtype of numbers goes in and comes out', async () => {
  const engine = await Engine.create({ flavour: flavours[0] });
  const samples = {
    float32: Float32Array.of(1.5, -0), float64: Float64Array.of(Math.PI, 1e300), float16: Uint16Array.of(0x3c00, 0x8001),
    int8: Int8Array.of(-128, 127), uint8: Uint8Array.of(0, 255), int16: Int16Array.of(-32768, 1), uint16: Uint16Array.of(65535, 2),
    int32: Int32Array.of(-(2 ** 31), 5), int64: BigInt64Array.of(-(2n ** 63n), 9n), bool: Uint8Array.of(1, 0),
  };
  for (const [dtype, data] of Object.entries(samples)) {
    const session = await engine.load(identityModel(dtype));
    const { y } = await session.run({ x: tensor(data, [2], dtype) });
    assert.equal(y.dtype, dtype);
    assert.deepEqual(y.data, data);
  }
  await engine.dispose();
});

test('strings go in and come out', async () => {
  const engine = await Engine.create({ flavour: flavours[0] });
  const session = await engine.load(identityModel('string'));
  const { y } = await session.run({ x: tensor(['a', 'Ω日']) });
  assert.equal(y.dtype, 'string');
  assert.deepEqual([...y.data], ['a', 'Ω日']);
  await engine.dispose();
});

test('feeds are what they were when run() was called, run after run', async () => {
  const engine = await Engine.create({ worker: false, flavour: flavours[0] });
  after(() => engine.dispose());
  const session = await engine.load(addModel(), { monitor: false });
  const data = new Float32Array(4);
  for (let round = 0; round < 3; round++) {
    const runs = [0, 1, 2].map((i) => {
      data.fill(10 * round + i);
      return session.run({ x: tensor(data, [1, 4]) });
    });
    data.fill(-1);
    const results = await Promise.all(runs);
    assert.deepEqual(results.map(({ y }) => y.data[0]), [0, 1, 2].map((i) => 10 * round + i + 1));
  }
});

test('warming up changes no result, also of models that make up numbers', async () => {
  const random = model({
    nodes: [{ op: 'RandomUniformLike', inputs: ['x'], outputs: ['y'], attributes: { seed: { float: 3 } } }],
    inputs: [{ name: 'x', dtype: 'float32', dims: ['n'] }], outputs: [{ name: 'y', dtype: 'float32', dims: ['n'] }],
  });
  const engine = await Engine.create({ worker: false, flavour: flavours[0] });
  after(() => engine.dispose());
  for (const bytes of [random, addModel()]) {
    const first = async (warmUp) => {
      const session = await engine.load(bytes.slice(), { warmUp });
      const dims = session.inputs[0].dims.map((dim) => (typeof dim === 'number' ? dim : 1));
      const { y } = await session.run({ x: tensor(new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(0.25), dims) });
      await session.dispose();
      return Array.from(y.data);
    };
    assert.deepEqual(await first(true), await first(false));
  }
});

test('integrity is checked before anything is parsed, and progress is told', async () => {
  const steps = [];
  const engine = await Engine.create({ flavour: flavours[0], onProgress: (progress) => steps.push(progress) });
  const size = readFileSync(new URL(`insitu-${flavours[0]}.wasm`, dist)).length;
  assert.deepEqual(steps.at(-1), { phase: 'engine', loaded: size, total: size });
  const bytes = addModel();
  const integrity = `sha256-${createHash('sha256').update(bytes).digest('base64')}`;
  const phases = [];
  const session = await engine.load(new Blob([bytes]), { integrity, onProgress: (progress) => phases.push(progress) });
  assert.deepEqual((await session.run(feed())).y.data, sum);
  assert.deepEqual([...new Set(phases.map(({ phase }) => phase))], ['download', 'verify', 'parse', 'plan', 'warmup']);
  const download = phases.filter(({ phase }) => phase === 'download').at(-1);
  assert.deepEqual(download, { phase: 'download', loaded: bytes.length, total: bytes.length });
  for (const phase of ['parse', 'plan', 'warmup']) {
    assert.deepEqual(phases.filter((step) => step.phase === phase), [{ phase, loaded: 0, total: 1 }, { phase, loaded: 1, total: 1 }]);
  }
  bytes[bytes.length - 1] ^= 1;
  await assert.rejects(engine.load(bytes, { integrity }), insituError('Integrity'));
  await assert.rejects(engine.load(bytes, { integrity: 'md5-x' }), insituError('InvalidArgument', /md5-x/));
  await engine.dispose();
});

test('the integrity of external files is checked by their names', async () => {
  const engine = await Engine.create({ flavour: flavours[0] });
  const weights = Uint8Array.of(1, 2, 3);
  const digest = `sha256-${createHash('sha256').update(weights).digest('base64')}`;
  const loadWith = (bytes, externalIntegrity) => engine.load(addModel(), { externalData: { 'weights.bin': bytes }, externalIntegrity });
  const session = await loadWith(weights, { 'weights.bin': digest });
  assert.deepEqual((await session.run(feed())).y.data, sum);
  await assert.rejects(loadWith(Uint8Array.of(1, 2, 4), { 'weights.bin': digest }), insituError('Integrity', /'weights\.bin'/));
  await assert.rejects(loadWith(weights, { other: digest }), insituError('InvalidArgument', /'other'/));
  await session.dispose();
  const { bufferBytes, peakBufferBytes } = await engine.memory();
  assert.ok(bufferBytes < 1000, 'nothing of what was sent stays behind');
  assert.ok(peakBufferBytes > addModel().length + bufferBytes, `${peakBufferBytes}`);
  await engine.dispose();
});

test('models come from streams and responses, whatever the length says', async () => {
  const engine = await Engine.create({ flavour: flavours[0] });
  const pieces = () => new ReadableStream({
    start(controller) {
      for (const byte of addModel()) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  for (const source of [pieces(), new Response(pieces()), new Response(pieces(), { headers: { 'content-length': '7' } })]) {
    const session = await engine.load(source);
    assert.deepEqual((await session.run(feed())).y.data, sum);
  }
  await assert.rejects(engine.load(new Response('no', { status: 404 })), insituError('Network', /404/));
  await assert.rejects(engine.load(new Response('<html>', { headers: { 'content-type': 'text/html' } })), insituError('Network', /web page/));
  await assert.rejects(engine.load('/no/such/model.onnx'), insituError('Network', /model\.onnx/));
  await assert.rejects(engine.load(42), insituError('InvalidArgument'));
  const control = new AbortController();
  const endless = new ReadableStream({ pull: () => new Promise(() => {}) });
  const loading = engine.load(endless, { signal: control.signal });
  setTimeout(() => control.abort(), 20);
  await assert.rejects(loading, insituError('Cancelled'));
  await engine.dispose();
});

test('a disposed engine refuses, and its sessions with it', async () => {
  const engine = await Engine.create({ flavour: flavours[0], worker: true });
  const session = await engine.load(addModel());
  await engine.dispose();
  await assert.rejects(engine.load(addModel()), insituError('Disposed', /Engine/));
  await assert.rejects(session.run(feed()), insituError('Disposed'));
  await session.dispose();
});

test('load() shares an engine', async () => {
  const session = await load(addModel(), { flavour: flavours[0] });
  assert.deepEqual((await session.run(feed())).y.data, sum);
  await session.dispose();
});

test('options that make no sense are refused', async () => {
  await assert.rejects(Engine.create({ flavour: 'fast' }), insituError('InvalidArgument', /fast/));
  await assert.rejects(Engine.create({ threads: 0 }), insituError('InvalidArgument', /0 threads/));
  await assert.rejects(Engine.create({ signal: AbortSignal.abort() }), insituError('Cancelled'));
});

test('files that are not there are said so', async () => {
  await assert.rejects(
    Engine.create({ flavour: 'simd-st', worker: false, assets: new URL('./nowhere/', import.meta.url) }),
    insituError('Network', /nowhere.*assets/),
  );
});
