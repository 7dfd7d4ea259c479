// insitu/monitor: the watch without a model, over the engine that load() shares; and that engine, Engine.shared().
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { addModel } from '../support/onnx-writer.mjs';
import { generator } from '../support/random.mjs';
import { dist, Engine, flavours, insituError, load } from './support/insitu.mjs';

const { compareWindow, createDetector, createHistogram, createProfile, mergeProfiles } = await import(new URL('monitor.js', dist).href);

const options = { flavour: flavours[0] };
const { next } = generator(3);
const rows = (count, shift = 0) => Float32Array.from({ length: 2 * count }, () => next() + shift);

after(async () => (await Engine.shared(options)).dispose());

test('latencies, profiles, detectors and windows need no model', async () => {
  const histogram = await createHistogram(options);
  await histogram.record(new Float64Array(100).fill(5));
  const [median] = await histogram.quantiles([0.5]);
  assert.ok(Math.abs(median - 5) < 0.1, `${median}`);

  const halves = [await createProfile(rows(2000), ['a', 'b'], options), await createProfile(rows(2000), ['a', 'b'], options)];
  const profile = await mergeProfiles(halves, options);
  assert.equal(profile.count, 4000);
  const detector = await createDetector(profile, { ...options, falseAlarmEvery: 1000 });
  assert.equal((await detector.update(rows(20))).alarmAt, null);
  assert.ok((await detector.update(rows(100, 2))).alarmAt < 50);
  await assert.rejects(createDetector(profile, { ...options, falseAlarmEvery: -1 }), insituError('InvalidArgument'));

  const same = await compareWindow(profile, rows(200), options);
  const moved = await compareWindow(profile, rows(200, 2), options);
  assert.ok(moved.features[0].ks.adjusted < 1e-6 && same.features[0].ks.adjusted > 1e-4, JSON.stringify([same, moved]));
});

test('callers with the same options share an engine, until it is disposed', async () => {
  const engine = await Engine.shared(options);
  assert.equal(await Engine.shared({ ...options, onProgress: () => {} }), engine);
  assert.notEqual(await Engine.shared({ ...options, threads: 1 }), engine);
  const session = await load(addModel(), options);
  await engine.dispose();
  await assert.rejects(session.explain(), insituError('Disposed', /Engine/));
  assert.notEqual(await Engine.shared(options), engine);
  await (await load(addModel(), options)).dispose();
});

test('who stops waiting for the shared engine leaves it to the others', async () => {
  const stop = new AbortController();
  const other = { ...options, threads: 1, worker: false };
  const stopped = Engine.shared({ ...other, signal: stop.signal });
  const waited = Engine.shared(other);
  stop.abort();
  await assert.rejects(stopped, insituError('Cancelled'));
  await (await waited).dispose();
});
