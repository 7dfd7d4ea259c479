// engine.quantize() with this project's handwriting model: what it gives is as accurate as the float model, runs on integers, means
// the same to onnxruntime, and says where it comes from.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';

import { Engine, flavours, image, insituError, tensor } from '../support/insitu.mjs';
import { bufferBytes } from '../support/memory.mjs';
import { witness } from '../support/witness.mjs';
import { model } from '../../support/onnx-writer.mjs';
import { drawings, floatBytes, handwriting, judged } from './support.mjs';

const calibration = drawings(300, 10_000).map(({ feeds }) => feeds);
const held = drawings(2000, 0);
let engine, float;
before(async () => {
  engine = await Engine.create({ worker: false, flavour: flavours[0] });
  float = await judged(engine, handwriting, held);
});
after(() => engine.dispose());

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');

/* The digest that docs/how-to/quantize.md describes, of samples with one float32 input. */
const digestOf = (samples) => sha256(...samples.flatMap(({ image: { dtype, dims, data } }) =>
  [`image\0${dtype}\0${dims.join(',')}\0`, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]));

test('int8: 99 % of the accuracy of float on 2,000 drawings, on integer kernels, a third of the size', async () => {
  assert.ok(float.accuracy > 0.98, `${float.accuracy}`);
  const { model: bytes, report } = await engine.quantize(handwriting, calibration);
  const { accuracy, rows, metadata } = await judged(engine, bytes, held);
  assert.ok(accuracy >= 0.99 * float.accuracy, `${accuracy} against ${float.accuracy}`);
  const on = (pattern) => rows.filter(({ op }) => pattern.test(op)).map(({ node }) => node);
  assert.deepEqual(on(/^(QLinear|MatMulInteger)/), ['conv1', 'conv2', 'depthwise', 'pointwise', 'conv3', 'conv4', 'average', 'classes']);
  assert.deepEqual(on(/^(Conv|Gemm|MatMul)$/), []);
  assert.deepEqual([report.bytesBefore, report.bytesAfter, report.samples], [floatBytes.length, bytes.length, 300]);
  assert.ok(bytes.length < 0.4 * floatBytes.length, `${bytes.length}`);
  assert.deepEqual([metadata['insitu.parent'], metadata['insitu.calibration']], [sha256(floatBytes), digestOf(calibration)]);
  assert.deepEqual([report.parent, report.calibration], [metadata['insitu.parent'], metadata['insitu.calibration']]);
  const settings = JSON.parse(metadata['insitu.quantize']);
  assert.deepEqual([settings.to, settings.samples, settings.excluded, settings.version], ['int8', 300, [], engine.info.version]);
  assert.deepEqual(Object.keys(settings), Object.keys(settings).toSorted());
});

test('the same bytes each time, other samples give others, and the order of a sample\'s feeds means nothing', async () => {
  const few = calibration.slice(0, 20);
  const [one, two, other] = [await engine.quantize(floatBytes, few), await engine.quantize(new Blob([floatBytes]), few.values()), await engine.quantize(floatBytes, few.slice(1))];
  assert.deepEqual(two.model, one.model);
  assert.notEqual(other.report.calibration, one.report.calibration);
  const sum = model({
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] }, { op: 'Add', inputs: ['h', 'z'], outputs: ['y'] }],
    inputs: ['x', 'z'].map((name) => ({ name, dtype: 'float32', dims: [1, 4] })), outputs: [{ name: 'y', dtype: 'float32', dims: [1, 4] }],
    initializers: [{ name: 'w', dtype: 'float32', dims: [4, 4], data: Float32Array.from({ length: 16 }, (_, i) => i / 16) }],
  });
  const [x, z] = [[1, 2, 3, 4], [4, 3, 2, 1]].map((numbers) => tensor(numbers, [1, 4]));
  const digests = await Promise.all([{ x, z }, { z, x }, { x: z, z: x }].map(async (feeds) => (await engine.quantize(sum, [feeds])).report.calibration));
  assert.equal(digests[0], digests[1]);
  assert.notEqual(digests[0], digests[2]);
});

for (const [operator, options] of [['QuantizeLinear', {}], ['QuantizeLinear', { method: 'percentile' }], ['QuantizeLinear', { method: 'entropy' }],
  ['QuantizeLinear', { method: 'mse', activations: 'int8' }], ['QuantizeLinear', { perChannel: false, reduceRange: true }],
  ['QuantizeLinear', { biasCorrection: false, equalize: true }], ['DynamicQuantizeLinear', { to: 'dynamic-int8' }], ['com.microsoft.MatMulNBits', { to: 'int4', blockSize: 16 }],
  ['com.microsoft.MatMulNBits', { to: 'int8-blocks' }], ['Cast', { to: 'float16' }]]) {
  test(`onnxruntime says the same of ${JSON.stringify(options)}`, async () => {
    const { model: bytes } = await engine.quantize(handwriting, calibration.slice(0, 50), options);
    assert.ok((await engine.inspect(bytes)).operators[operator] > 0, `there is no ${operator}`);
    const session = await engine.load(bytes, { monitor: false });
    let apart = 0;
    for (const { feeds } of held.slice(0, 40)) {
      const expected = await witness(bytes, feeds), { data } = (await session.run(feeds)).probabilities;
      assert.ok(expected, 'onnxruntime does not take the model');
      apart = Math.max(apart, ...data.map((value, i) => Math.abs(value - expected.probabilities[i])));
    }
    await session.dispose();
    assert.ok(apart < 0.05, `${apart}`);
    const { accuracy } = await judged(engine, bytes, held.slice(0, 500));
    assert.ok(accuracy > 0.96, `${accuracy}`);
  });
}

test('sensitivity: every layer alone, and layers that are kept in float are as they were', async () => {
  const { report } = await engine.quantize(handwriting, calibration.slice(0, 50), { sensitivity: { samples: 4 } });
  assert.deepEqual(report.layers.map(({ node }) => node), report.nodes);
  for (const { node, op, weightSqnr, outputSqnr } of report.layers) {
    assert.ok(/^(Conv|Gemm)$/.test(op) ? weightSqnr > 10 && weightSqnr < 60 : weightSqnr === null, `${node} ${op} ${weightSqnr}`);
    assert.ok(outputSqnr > 5 && outputSqnr <= 200, `${node} ${outputSqnr}`);
  }
  const worst = report.layers.toSorted((a, b) => a.outputSqnr - b.outputSqnr).slice(0, 2).map(({ node }) => node);
  const kept = await engine.quantize(handwriting, calibration.slice(0, 50), { sensitivity: { samples: 4 }, keepFloat: { layers: 2 } });
  assert.deepEqual([...kept.report.excluded].sort(), worst.sort());
  const { rows } = await judged(engine, kept.model, held.slice(0, 1));
  for (const { node, op } of rows) if (worst.includes(node)) assert.ok(!/^(QLinear|QGemm|QConv)/.test(op), `${node} is ${op}`);
});

test('a goal is searched for with models that load', async () => {
  const seen = [];
  const until = async (bytes, { inFloat }) => {
    const { accuracy } = await judged(engine, bytes, held.slice(0, 100));
    seen.push([inFloat.length, accuracy]);
    return inFloat.length >= 3;
  };
  const { report } = await engine.quantize(handwriting, calibration.slice(0, 50), { keepFloat: { until } });
  assert.deepEqual([report.goalMet, report.excluded.length], [true, 3]);
  assert.deepEqual(seen.map(([count]) => count), [0, 1, 2, 4, 3]);
  assert.ok(seen.every(([, accuracy]) => accuracy > 0.9), JSON.stringify(seen));
});

test('pictures calibrate as they run', async () => {
  const pixels = Uint8Array.from({ length: 784 }, (_, i) => (i % 28 > 12 && i % 28 < 16 ? 255 : 0));
  const drawn = calibration.slice(0, 20);
  const samples = [...drawn, { image: image({ data: pixels, width: 28, height: 28 }) }];
  const { report } = await engine.quantize(handwriting, samples);
  const asTensor = { image: tensor(Float32Array.from(pixels, (value) => value / 255), [1, 1, 28, 28]) };
  assert.deepEqual([report.samples, report.calibration], [21, digestOf([...drawn, asTensor])]);
});

test('what fails is said, and nothing stays in the engine', async () => {
  await judged(engine, handwriting, held.slice(0, 1));
  const before = await bufferBytes(engine);
  const nan = { image: tensor(new Float32Array(784).fill(NaN), [1, 1, 28, 28]) };
  for (const [source, samples, options, code, pattern] of [
    [handwriting, [], {}, 'InvalidArgument', /^there are no samples/], [handwriting, [{}], {}, 'InvalidArgument', /'image' was not fed/],
    [handwriting, [{ image: tensor([1], [1]) }], {}, 'ShapeMismatch', /image/], [handwriting, [nan], {}, 'DataQuality', /not finite/],
    [new URL('handwriting_int8.onnx', handwriting), calibration, {}, 'InvalidArgument', /^the model is quantized already: its node '.*' is QuantizeLinear/],
    [handwriting, calibration, { signal: AbortSignal.abort() }, 'Cancelled', /./], [new Uint8Array(10), calibration, {}, 'InvalidModel', /./],
    [handwriting, calibration, { integrity: `sha256-${'A'.repeat(43)}=` }, 'Integrity', /./],
  ]) await assert.rejects(engine.quantize(source, samples, options), insituError(code, pattern));
  const stop = new AbortController();
  const stopping = engine.quantize(handwriting, calibration, { signal: stop.signal, onProgress: ({ done }) => { if (done === 5) stop.abort(); } });
  await assert.rejects(stopping, insituError('Cancelled'));
  await assert.rejects(engine.quantize(handwriting, calibration, { exclude: { nodes: ['conv1', 'conv 1'] } }), insituError('InvalidArgument', /no node 'conv 1'/));
  assert.equal(await bufferBytes(engine), before);
});

test('sessions answer while a model is quantized, and not between its steps alone', async () => {
  const other = await Engine.create({ worker: true, flavour: flavours[0] });
  const session = await other.load(handwriting);
  let runs = 0, measures = 0, done = false;
  const quantizing = other.quantize(handwriting, calibration.slice(0, 50), {
    sensitivity: { samples: 50 }, onProgress: ({ phase }) => { measures += phase === 'measure' ? 1 : 0; },
  }).finally(() => { done = true; });
  while (!done) {
    await session.run(held[0].feeds);
    if (measures > 0) runs++;
  }
  await quantizing;
  assert.ok(runs > 3 * measures, `${runs} runs, ${measures} steps`);
  await other.dispose();
});

test('an engine that is disposed of ends its quantizations', async () => {
  for (const worker of [false, true]) {
    const other = await Engine.create({ worker, flavour: flavours.at(-1) });
    const quantizing = other.quantize(handwriting, (async function* () {
      yield* calibration.slice(0, 5);
      void other.dispose();
      yield* calibration;
    })());
    await assert.rejects(quantizing, insituError('Disposed'));
    await assert.rejects(other.quantize(handwriting, calibration), insituError('Disposed'));
  }
});

test('whatever the flavour of the engine, the same bytes', async () => {
  const made = [];
  for (const flavour of flavours) {
    const other = await Engine.create({ worker: false, flavour, threads: 2 });
    made.push(Buffer.from((await other.quantize(handwriting, calibration.slice(0, 10))).model).toString('base64'));
    await other.dispose();
  }
  assert.equal(new Set(made).size, 1);
});
