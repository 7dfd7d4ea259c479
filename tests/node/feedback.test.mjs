// What the monitor knows besides drift: labels and accuracy, stages of the page, batches, operators, the ticket, merged profiles.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Engine, flavours, insituError, tensor } from './support/insitu.mjs';
import { Hand, rasterize } from '../models/second-generator.mjs';
import { addModel } from '../support/onnx-writer.mjs';

const models = new URL('../../models/handwriting/', import.meta.url);
const model = readFileSync(new URL('handwriting_int8.onnx', models));
const profile = JSON.parse(readFileSync(new URL('handwriting.profile.json', models), 'utf8'));

let engine;
before(async () => (engine = await Engine.create({ flavour: flavours[0] })));
after(() => engine.dispose());

const image = (seed = 1) =>
  ({ image: tensor(Float32Array.from({ length: 784 }, (_, i) => ((i * 7 + seed * 13) % 29 === 0 ? 1 : 0)), [1, 1, 28, 28]) });

test('labels are counted, by number or by name, and each once', async () => {
  const labels = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'none'];
  const accuracy = { output: 'probabilities', count: 1000, accuracy: 0.98, points: [[0.5, 0.6], [1, 0.99]], labels };
  const session = await engine.load(model, { monitor: { profile: { ...profile, accuracy } } });
  const [output] = session.outputs;
  const winners = [];
  for (let i = 0; i < 3; i++) {
    const { [output.name]: { data } } = await session.run(image(i), { id: `drawing ${i}` });
    winners.push(data.indexOf(Math.max(...data)));
  }
  await session.monitor.feedback('drawing 0', winners[0]);
  await session.monitor.feedback('drawing 1', (winners[1] + 1) % 11);
  await session.monitor.feedback('drawing 2', labels[winners[2]]);
  const { accuracy: known } = await session.monitor.snapshot();
  assert.equal(known.reference, 0.98);
  assert.equal(known.labelled, 3);
  assert.equal(known.correct, 2);
  await assert.rejects(session.monitor.feedback('drawing 0', 1), insituError('InvalidArgument', /no prediction.*drawing 0/));
  await assert.rejects(session.monitor.feedback('drawing 0', 'eleven'), insituError('InvalidArgument', /'eleven'/));
  await session.dispose();
});

test('a model that is wrong more often is said to drift, with its errors as the cause', async () => {
  const session = await engine.load(model);
  const events = [];
  session.monitor.addEventListener('drift', ({ detail }) => events.push(detail));
  const label = async (i, wrong) => {
    const [{ data }] = Object.values(await session.run(image(i % 29), { id: `${i}` }));
    await session.monitor.feedback(`${i}`, (data.indexOf(Math.max(...data)) + (wrong ? 1 : 0)) % 11);
  };
  for (let i = 0; i < 500; i++) await label(i, i % 50 === 0);
  let { accuracy } = await session.monitor.snapshot();
  assert.equal(accuracy.learning, null);
  assert(Math.abs(accuracy.estimate.value - 0.98) < 0.02);
  assert(accuracy.estimate.low < accuracy.estimate.value && accuracy.estimate.high > accuracy.estimate.value);
  for (let i = 500; i < 600; i++) await label(i, i % 2 === 0);
  ({ accuracy } = await session.monitor.snapshot());
  assert.equal(accuracy.errors.state, 'drifting');
  assert.equal(events.length, 1);
  assert.equal(events[0].cause, 'errors');
  await session.dispose();
});

test('stages of the page, batches and what was measured on', async () => {
  const session = await engine.load(model);
  for (let i = 0; i < 5; i++) {
    const startedAt = performance.now();
    while (performance.now() < startedAt + 2);
    await session.run(image(i), { startedAt });
    await session.monitor.postprocessed(3);
  }
  const { latency } = await session.monitor.snapshot();
  assert(latency.warm.preprocess.minMs >= 2 && latency.warm.preprocess.count === 4);
  assert(latency.warm.total.minMs >= 2);
  assert.equal(latency.warm.postprocess.maxMs, 3);
  assert.equal(latency.cold.postprocess.count, 1);
  assert.equal(latency.hidden.total.count, 0);
  assert.equal(latency.batches[1].count, 4);
  assert.deepEqual(latency.context, {
    version: engine.info.version, flavour: engine.info.flavour, threads: String(engine.info.threads), isolated: String(engine.info.isolated),
  });
  await session.dispose();
});

test('operators are timed in one run of N', async () => {
  const session = await engine.load(model, { monitor: { operators: 5 } });
  for (let i = 0; i < 10; i++) await session.run(image(i));
  const { operators } = await session.monitor.snapshot();
  assert(operators.length > 3);
  assert(operators.every(({ calls }) => calls === 2));
  assert(Math.abs(operators.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-6);
  await session.monitor.reset();
  assert.deepEqual((await session.monitor.snapshot()).operators, []);
  await session.dispose();
  await assert.rejects(engine.load(model, { monitor: { operators: -1 } }), insituError('InvalidArgument', /operators/));
  const plain = await engine.load(model);
  await plain.run(image());
  assert.deepEqual((await plain.monitor.snapshot()).operators, []);
  await plain.dispose();
});

test('the stages of a run are measures where one asks for tracks', async () => {
  const tracked = await engine.load(model, { monitor: { tracks: true } });
  const measures = [];
  const observer = new PerformanceObserver((list) => measures.push(...list.getEntries()));
  observer.observe({ type: 'measure' });
  const noticed = () => new Promise((done) => { setTimeout(done, 20); });
  await tracked.run(image(), { startedAt: performance.now() - 5 });
  await noticed();
  assert.equal(performance.getEntriesByType('measure').length, 0, 'the timeline must not grow');
  assert.deepEqual(measures.map(({ name }) => name).sort(),
    ['insitu copyIn', 'insitu copyOut', 'insitu infer', 'insitu preprocess', 'insitu queue']);
  assert(measures.every(({ detail }) => detail.devtools.track === 'insitu'));
  const infer = measures.find(({ name }) => name === 'insitu infer');
  const { latency } = await tracked.monitor.snapshot();
  assert(Math.abs(infer.duration - latency.last.infer) < 1e-6);
  await tracked.run(image(), { startedAt: -1e9 });
  await tracked.run(image(), { startedAt: NaN });
  await tracked.dispose();
  await noticed();
  const before = measures.length;
  const plain = await engine.load(model);
  await plain.run(image());
  await noticed();
  assert.equal(measures.length, before);
  observer.disconnect();
  await plain.dispose();
});

test('a ticket says what moved, and holds no input', async () => {
  const session = await engine.load(model, { monitor: { profile } });
  for (let i = 0; i < 80; i++) {
    const noise = Float32Array.from({ length: 784 }, (_, k) => 0.4 + 0.6 * ((k * (i + 3)) % 7) / 7);
    await session.run({ image: tensor(noise, [1, 1, 28, 28]) });
  }
  const text = await session.monitor.export('ticket');
  const ticket = JSON.parse(text);
  assert.equal(ticket.format, 'insitu-ticket');
  assert.equal(ticket.state, 'drifting');
  assert.match(ticket.model.sha256, /^[0-9a-f]{64}$/);
  assert(ticket.alarm.features.length > 0);
  assert.equal(ticket.moved[0].name, ticket.alarm.features[0].name);
  const [{ profile: was, recent }] = ticket.moved;
  assert.equal(was.quantiles.length, ticket.levels.length);
  assert(recent.count > 0 && recent.examples.length <= 10 && recent.quantiles.length === ticket.levels.length);
  assert(text.length < 20_000, `${text.length}`);
  assert(ticket.latency.infer.count > 0);
  await session.dispose();
});

test('profiles of two devices make one', async () => {
  let state = 3;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const rows = (n, shift) => Float32Array.from({ length: 2 * n }, () => random() + shift);
  const [a, b] = [await engine.createProfile(rows(1000, 0), ['x', 'y']), await engine.createProfile(rows(3000, 1), ['x', 'y'])];
  const merged = await engine.mergeProfiles([a, b]);
  assert.equal(merged.count, 4000);
  assert(Math.abs(merged.features[0].mean - 1.25) < 0.02);
  const other = await engine.createProfile(rows(1000, 0), ['x', 'z']);
  await assert.rejects(engine.mergeProfiles([a, other]), insituError('InvalidArgument', /other features/));
  await assert.rejects(engine.mergeProfiles([]), insituError('InvalidArgument'));
});

test('what is no label, no time and no profile is refused, and the engine goes on', async () => {
  const session = await engine.load(model);
  await session.run(image(), { id: 'a' });
  for (const label of [true, {}, undefined, null]) {
    await assert.rejects(session.monitor.feedback('a', label), insituError('InvalidArgument', /label/));
  }
  await assert.rejects(session.monitor.postprocessed(3n), insituError('InvalidArgument', /ms is a bigint/));
  await assert.rejects(engine.mergeProfiles([undefined]), insituError('InvalidArgument', /a profile is a undefined/));
  await assert.rejects(engine.load(model, { monitor: { falseAlarmEvery: 10n } }), insituError('InvalidArgument', /falseAlarmEvery/));
  await assert.rejects(session.run(image(), { id: 'x'.repeat(200) }), insituError('InvalidArgument', /200 characters/));
  await session.monitor.feedback('a', 3n);
  assert.equal((await session.monitor.snapshot()).accuracy.labelled, 1);
  await session.dispose();
});

test('an id that comes again means the latest run', async () => {
  const session = await engine.load(model);
  const hand = new Hand(11);
  const winner = async (digit) => {
    const drawn = tensor(rasterize(hand.draw(digit)), [1, 1, 28, 28]);
    const [{ data }] = Object.values(await session.run({ image: drawn }, { id: 'same' }));
    return data.indexOf(Math.max(...data));
  };
  const [first, second] = [await winner(3), await winner(7)];
  assert.notEqual(first, second);
  await session.monitor.feedback('same', second);
  assert.equal((await session.monitor.snapshot()).accuracy.correct, 1);
  await assert.rejects(session.monitor.feedback('same', first), insituError('InvalidArgument'));
  await session.dispose();
});

test('times alone, or nothing, are seen where one asks for that; what was refused is not taken for the next', async () => {
  const session = await engine.load(model, { monitor: { quality: 'reject' } });
  const broken = { image: tensor(new Float32Array(784).fill(NaN), [1, 1, 28, 28]) };
  await session.run(image(1));
  await assert.rejects(session.run(broken), insituError('DataQuality'));
  await session.run(broken, { watch: 'latency' });
  await session.run(broken, { watch: false });
  await session.run(image(2));
  const { latency, samples, quality } = await session.monitor.snapshot();
  assert.equal(latency.requests, 4);
  assert.equal(latency.cold.total.count + latency.warm.total.count, 3);
  assert.equal(samples, 2);
  assert.equal(quality.image.checked, 3);
  assert.equal(quality.image.issues.nan, 1);
  await session.dispose();
});

test('nothing is kept where there is no storage', async () => {
  const session = await engine.load(addModel(), { monitor: { persist: 'opfs' } });
  assert.equal((await session.monitor.snapshot()).persistence, 'unavailable');
  await session.dispose();
});
