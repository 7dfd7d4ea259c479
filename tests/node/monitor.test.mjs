// The watch through the API: latency by stage, drift events, profiles, and the standalone objects.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Engine, flavours, insituError, tensor } from './support/insitu.mjs';
import { addModel } from '../support/onnx-writer.mjs';

let engine;
let state = 7;
/* Uniform in [0, 1), the same on every run. */
function random() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}
const sample = (shift = 0) => ({ x: tensor(Array.from({ length: 4 }, () => random() + shift), [1, 4]) });

before(async () => (engine = await Engine.create({ flavour: flavours[0] })));
after(() => engine.dispose());

test('latency is kept by stage, the first run apart, percentiles withheld', async () => {
  const session = await engine.load(addModel());
  assert.equal((await session.monitor.snapshot()).latency.last, null);
  for (let i = 0; i < 11; i++) await session.run(sample());
  await session.run(sample(), { watch: false });
  const { latency, drift, memory } = await session.monitor.snapshot();
  assert.equal(latency.requests, 11);
  assert.equal(latency.cold.total.count, 1);
  assert.equal(latency.warm.total.count, 10);
  assert.equal(typeof latency.warm.total.p50, 'number');
  assert.equal(latency.warm.total.p99, null);
  assert.equal(latency.warm.total.need.p99, 662);
  for (const stage of ['queue', 'copyIn', 'infer', 'copyOut', 'total']) assert(latency.last[stage] >= 0, stage);
  assert.equal(drift.state, 'off');
  assert(memory.heapBytes > 0);
  await session.monitor.reset();
  assert.equal((await session.monitor.snapshot()).latency.requests, 0);
  await session.dispose();
  await assert.rejects(session.monitor.snapshot(), insituError('Disposed'));
});

test('a profile is learnt, exported, and raises the alarm on a shift', async () => {
  const learner = await engine.load(addModel(), { monitor: { profile: { learn: 2000 } } });
  await assert.rejects(learner.monitor.exportProfile(), insituError('InvalidArgument'));
  for (let i = 0; i < 2000; i++) await learner.run(sample());
  const profile = await learner.monitor.exportProfile();
  assert.equal(profile.count, 2000);
  await learner.dispose();

  const session = await engine.load(addModel(), { monitor: { profile, falseAlarmEvery: 1000 } });
  const events = [];
  for (const type of ['drift', 'recovered']) {
    session.monitor.addEventListener(type, ({ detail }) => events.push({ type, detail }));
  }
  for (let i = 0; i < 50; i++) await session.run(sample());
  assert.equal((await session.monitor.snapshot()).drift.state, 'calm');
  for (let i = 0; i < 100; i++) await session.run(sample(2));
  const { drift } = await session.monitor.snapshot();
  assert.equal(drift.state, 'drifting');
  assert.equal(drift.meter, 1);
  assert.equal(events[0].type, 'drift');
  assert(events[0].detail.features.length > 0);
  await session.dispose();
});

test('a profile that is none is refused', async () => {
  await assert.rejects(engine.load(addModel(), { monitor: { profile: { format: 'no' } } }), insituError('InvalidArgument'));
  await assert.rejects(engine.load(addModel(), { monitor: { profile: { learn: 5 } } }), insituError('InvalidArgument', /2,000/));
  const session = await engine.load(addModel(), { monitor: false });
  await session.run(sample());
  await assert.rejects(session.monitor.snapshot(), insituError('InvalidArgument', /no monitor/));
  await session.dispose();
});

test('histograms record, merge and refuse percentiles they cannot know', async () => {
  const [a, b] = [await engine.createHistogram(), await engine.createHistogram()];
  await a.record(Float64Array.from({ length: 50 }, (_, i) => i + 1));
  await b.record(Float64Array.from({ length: 50 }, (_, i) => i + 51));
  await a.merge(b);
  const [p50, p99] = await a.quantiles([0.5, 0.99]);
  assert(Math.abs(p50 - 50) < 1, `${p50}`);
  assert.equal(p99, null);
  assert.equal((await a.toJSON()).count, 100);
  await b.dispose();
  await assert.rejects(a.merge(b), insituError('Disposed'));
  const other = await Engine.create({ flavour: flavours[0] });
  await assert.rejects(a.merge(await other.createHistogram()), insituError('InvalidArgument', /another Engine/));
  await other.dispose();
});

test('every method of detection finds a shift, and only known ones are taken', async () => {
  const rows = (n, shift) => Float32Array.from({ length: 2 * n }, () => random() + shift);
  const profile = await engine.createProfile(rows(10_000, 0), ['a', 'b']);
  for (const method of ['auto', 'esr', 'cusum', 'ks']) {
    const detector = await engine.createDetector(profile, { method, correlated: false });
    assert.equal((await detector.update(rows(100, 0))).alarmAt, null, method);
    const { alarmAt } = await detector.update(rows(200, 0.8));
    assert(alarmAt !== null && alarmAt < 110, `${method}: ${alarmAt}`);
    await detector.dispose();
  }
  await assert.rejects(engine.createDetector(profile, { method: 'psi' }), insituError('InvalidArgument', /auto, esr, cusum, ks/));
});

test('rows that resemble their neighbours are no drift, unless one says that they are independent', async () => {
  const profile = await engine.createProfile(Float32Array.from({ length: 20_000 }, random), ['a', 'b']);
  const frames = Float32Array.from({ length: 2 * 3000 }, (_, i) => 0.5 + 0.5 * Math.sin((i >> 1) / 40 + (i & 1)));
  const thinned = await engine.createDetector(profile);
  const plain = await engine.createDetector(profile, { correlated: false });
  assert.notEqual((await plain.update(frames)).alarmAt, null);
  assert.equal((await thinned.update(frames)).alarmAt, null);
});

test('a window is compared with a profile', async () => {
  const rows = (n, shift) => Float32Array.from({ length: 2 * n }, (_, i) => random() + (i % 2) * shift);
  const profile = await engine.createProfile(rows(10_000, 0), ['a', 'b']);
  const { count, features: [a, b] } = await engine.compareWindow(profile, rows(500, 0.3));
  assert.equal(count, 500);
  assert.equal(a.name, 'a');
  assert(a.ks.p > 0.001 && a.chiSquare.p > 0.001 && a.psi < 0.1 && a.jensenShannon < 0.03 && a.wasserstein < 0.15, JSON.stringify(a));
  assert(b.ks.adjusted < 1e-6 && b.chiSquare.adjusted < 1e-6, JSON.stringify(b));
  assert(Math.abs(b.ks.statistic - 0.3) < 0.08 && Math.abs(b.wasserstein - 0.3 * Math.sqrt(12)) < 0.15, JSON.stringify(b));
  await assert.rejects(engine.compareWindow(profile, rows(5, 0)), insituError('InvalidArgument', /20 rows/));
});

test('a detector is calm on its own data and alarms on other', async () => {
  const rows = (n, shift) => Float32Array.from({ length: 2 * n }, () => random() + shift);
  const profile = await engine.createProfile(rows(5000, 0), ['a', 'b']);
  const detector = await engine.createDetector(profile, { falseAlarmEvery: 10_000 });
  assert.deepEqual(await detector.update(rows(100, 0)), { alarmAt: null, state: 'calm' });
  const { alarmAt, state: now } = await detector.update(rows(200, 0.8));
  assert(alarmAt !== null && alarmAt < 100);
  assert.equal(now, 'drifting');
  await detector.reset();
  assert.equal((await detector.update(rows(10, 0))).state, 'calm');
  await assert.rejects(detector.update(Float32Array.of(1, 2, 3)), insituError('ShapeMismatch', /2 features/));
  await assert.rejects(engine.createProfile(rows(3, 0), ['a', 'b']), insituError('InvalidArgument'));
});

test('inputs that look wrong are refused where one asks for it, and the session goes on', async () => {
  const session = await engine.load(addModel(), { monitor: { quality: 'reject' } });
  await session.run(sample());
  const broken = { x: tensor([1, NaN, 2, 3], [1, 4]) };
  await assert.rejects(session.run(broken), insituError('DataQuality', /looks wrong: nan.*'x'/));
  await session.run(broken, { watch: false });
  await session.run(sample());
  const { quality, latency } = await session.monitor.snapshot();
  assert.equal(quality.x.issues.nan, 1);
  assert.equal(quality.x.checked, 3);
  assert.equal(latency.failures.DataQuality, 1);
  await session.dispose();
  await assert.rejects(engine.load(addModel(), { monitor: { quality: 'perfect' } }), insituError('InvalidArgument', /log or warn or reject/));
});

test('slices, features of one\'s own and the service level objective', async () => {
  const session = await engine.load(addModel(), { monitor: { slo: { p95Ms: 1e-9 } } });
  let slow;
  session.monitor.addEventListener('slow', ({ detail }) => (slow = detail));
  for (let i = 0; i < 150; i++) {
    await session.run(sample(), { slice: { os: 'b', device: i % 2 ? 'phone' : 'desk' }, features: { battery: 0.5, camera: 'front' } });
  }
  const { slices, slo } = await session.monitor.snapshot();
  assert.deepEqual(slices.all.map(({ name, requests }) => [name, requests]), [['device=desk,os=b', 75], ['device=phone,os=b', 75]]);
  assert.equal(slices.all[0].drift, null);
  assert.deepEqual(slices.worst, { latency: null, drift: null, quality: null });
  assert.equal(slo.state, 'burning');
  assert.equal(slow.state, 'burning');
  assert.equal(slo.errorBudget, 0.05);
  await assert.rejects(session.run(sample(), { features: { battery: true } }), insituError('InvalidArgument', /battery/));
  await session.dispose();
  await assert.rejects(engine.load(addModel(), { monitor: { slo: { errorBudget: 2 } } }), insituError('InvalidArgument', /errorBudget/));
});

test('a profile comes from the metadata of the model', async () => {
  const profile = await engine.createProfile(Float32Array.from({ length: 3000 }, random), ['x.mean']);
  const session = await engine.load(addModel({ 'insitu.profile': JSON.stringify(profile) }), { monitor: { profile: 'model' } });
  await session.run(sample());
  assert.equal((await session.monitor.snapshot()).drift.profile.count, 3000);
  await session.dispose();
  await assert.rejects(engine.load(addModel(), { monitor: { profile: 'model' } }), insituError('InvalidArgument', /insitu.profile/));
});

test('exports: Prometheus, OTLP and a trace of what was run', async () => {
  const session = await engine.load(addModel());
  const before = Date.now();
  for (let i = 0; i < 20; i++) await session.run(sample());
  const prometheus = await session.monitor.export('prometheus');
  for (const line of prometheus.trimEnd().split('\n')) {
    assert.match(line, /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+)$/);
  }
  assert.match(prometheus, /^insitu_stage_seconds_count\{stage="total",phase="warm"\} 19$/m);
  const otlp = JSON.parse(await session.monitor.export('otlp-json'));
  const [{ metrics: [requests] }] = otlp.resourceMetrics[0].scopeMetrics;
  assert.equal(requests.sum.dataPoints[0].asInt, '20');
  assert(Math.abs(Number(requests.sum.dataPoints[0].timeUnixNano) / 1e6 - Date.now()) < 60_000);
  const { traceEvents } = JSON.parse(await session.monitor.export('chrome-trace'));
  assert.equal(traceEvents.filter(({ name }) => name === 'request').length, 20);
  assert(traceEvents.every(({ ts, dur }) => ts >= (before - 1) * 1000 && dur >= 0));
  await assert.rejects(session.monitor.export('csv'), insituError('InvalidArgument', /prometheus, otlp-json, chrome-trace/));
  await session.dispose();
});
