// insitu/evaluate: two models on the same samples, and latency in MLPerf's scenarios.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Hand, rasterize } from '../../models/second-generator.mjs';
import { dist, Engine, flavours, insituError, tensor } from '../support/insitu.mjs';

const { compare, measureLatency, wilson } = await import(new URL('evaluate.js', dist).href);

const echo = { outputs: [{ name: 'y', dtype: 'float32', dims: [1, 'n'] }], metadata: {}, run: async ({ y }) => ({ y }) };
const turned = (from) => ({ ...echo, run: async ({ y }) => ({ y: from(y) }) });
const sampleOf = (row, label) => ({ feeds: { y: tensor(row, [1, row.length], 'float64') }, label });
const near = (actual, wanted) => assert.ok(Math.abs(actual - wanted) <= 1e-9, `${actual} instead of ${wanted}`);
const swapped = turned(({ data: [a, b], dims }) => tensor(a > 0.6 ? [b, a] : [a, b], dims, 'float64'));

test('figures of two models that differ on some samples', async () => {
  const rows = [[[0.9, 0.1], 0], [[0.8, 0.2], 1], [[0.55, 0.45], 0], [[0.3, 0.7], 1], [[0.7, 0.3], 0]];
  const result = await compare(echo, swapped, rows.map((row) => sampleOf(...row)), { worst: 2 });
  assert.deepEqual(result.disagreement, { count: 3, of: 5, value: 0.6, ...wilson(3, 5) });
  near(result.outputs.y.maxAbsDifference, 0.8);
  assert.deepEqual([result.outputs.y.compared, result.outputs.y.agreed, result.outputs.y.top1], [5, 2, { rows: 5, agreed: 2 }]);
  near(result.meanAbsDifference, (0.8 + 0.6 + 0.4) / 5);
  const kl = (p, q) => p * Math.log(p / q) + q * Math.log(q / p);
  near(result.divergence.max, kl(0.9, 0.1));
  near(result.divergence.mean, (kl(0.9, 0.1) + kl(0.8, 0.2) + kl(0.7, 0.3)) / 5);
  assert.deepEqual(result.worst.map(({ name, disagree }) => [name, disagree]), [['sample 0', true], ['sample 1', true]]);
  assert.deepEqual([result.labels.accuracyA.count, result.labels.accuracyB.count, result.labels.mcnemar.onlyA, result.labels.mcnemar.onlyB], [4, 3, 2, 1]);
  near(result.labels.mcnemar.p, 1);
  assert.equal(result.inferRatio, null);
});

test('numbers disagree beyond the tolerance; what cannot be compared is the worst; labels may be missing', async () => {
  const shifted = turned(({ data: [y] }) => tensor([y === 2 ? NaN : y + 0.01], [1, 1], 'float64'));
  const result = await compare(echo, shifted, [1, 2, 3].map((y) => sampleOf([y])), { rtol: 0.005, atol: 0 });
  assert.deepEqual([result.disagreement.count, result.outputs.y.unlike, result.divergence, result.labels], [2, 1, null, null]);
  assert.deepEqual(result.worst.map(({ sample, disagree }) => [sample, disagree]), [[1, true], [0, true], [2, false]]);
  assert.equal(result.worst[0].maxAbsDifference, null);
});

test('rows of NaN name no class, and a first one does not decide what scores are', async () => {
  const gone = turned(({ data: [a, b], dims }) => tensor(a > 0.6 ? [NaN, b] : [a, b], dims, 'float64'));
  const { disagreement, outputs, divergence } = await compare(echo, gone, [[0.9, 0.1], [0.4, 0.6]].map((row) => sampleOf(row)));
  assert.deepEqual([disagreement.count, outputs.y.top1, divergence], [1, { rows: 2, agreed: 1 }, { mean: 0, max: 0 }]);
  const rows = [[NaN, NaN], [0.9, 0.1]].map((row) => sampleOf(row));
  const { divergence: { max }, disagreement: { count } } = await compare(echo, swapped, rows);
  near(max, 0.8 * Math.log(9));
  assert.equal(count, 1);
});

test('whole numbers agree where they are equal', async () => {
  const index = (from) => ({ ...echo, run: async ({ y: { data: [y] } }) => ({ y: tensor(BigInt64Array.of(BigInt(from(y))), [1]) }) });
  const { disagreement, outputs } = await compare(index((y) => y), index((y) => y + (y > 5000 ? 1 : 0)), [5000, 5001].map((y) => sampleOf([y])));
  assert.deepEqual([disagreement.count, outputs.y.agreed, outputs.y.maxAbsDifference], [1, 1, 1]);
});

test('both get the same feeds, in turns which is first; times are asked for', async () => {
  const order = [];
  const noted = (name) => ({ ...echo, run: async ({ y }) => (order.push(name + y.data[0]), { y }) });
  await compare(noted('a'), noted('b'), [0, 1].map((y) => sampleOf([y, 1 - y])));
  assert.deepEqual(order, ['a0', 'b0', 'b1', 'a1']);
  const { inferRatio: { value, low, high, warmUp } } = await compare(echo, swapped, Array.from({ length: 30 }, () => sampleOf([0.5, 0.5])), { latency: true });
  assert.ok(low <= value && value <= high && low > 0 && warmUp === 10, `${low} ${value} ${high}`);
  await assert.rejects(compare(echo, { ...echo, outputs: [{ name: 'z' }] }, [sampleOf([1])]), insituError('InvalidArgument', /no output 'y'/));
  for (const [options, pattern] of [[{ rtol: -1 }, /rtol is -1/], [{ worst: 1.5 }, /worst is 1.5/], [{ latency: 1 }, /latency is a number/]]) {
    await assert.rejects(compare(echo, echo, [sampleOf([1])], options), insituError('InvalidArgument', pattern));
  }
  await assert.rejects(compare(echo, echo, []), insituError('InvalidArgument', /no samples/));
});

test('the ratio of times is that of the medians of B over A, without the runs to warm up, with its bootstrap interval', async () => {
  const { now } = performance;
  let clock = 0, runs = 0;
  performance.now = () => clock;
  const taking = (ms) => ({ ...echo, run: async (feeds) => { clock += runs++ < 20 ? 1e6 : ms(feeds.y.data[1]); return echo.run(feeds); } });
  const timed = (options) => (clock = runs = 0, compare(taking(() => 2), taking((i) => 4 + (i * 7919) % 101), Array.from({ length: 101 }, (_, i) => sampleOf([0, i])), { latency: true, ...options }));
  try {
    const { inferRatio: { value, low, high, warmUp } } = await timed();
    assert.deepEqual([value, warmUp, runs], [(4 + 50) / 2, 10, 20 + 202]);
    // The median of 101 of 4 to 104: by order statistics from the 41st to the 61st, 95 %.
    assert.ok(Math.abs(low - (4 + 40) / 2) < 2 && Math.abs(high - (4 + 60) / 2) < 2, `${low} ${high}`);
    const half = (await timed({ confidence: 0.5 })).inferRatio, other = (await timed({ seed: 2 })).inferRatio;
    assert.ok(half.low > low + 2 && half.high < high - 2, JSON.stringify(half));
    assert.notDeepEqual([other.low, other.high], [low, high]);
  } finally {
    performance.now = now;
  }
});

test('no ratio of times where the clock says 0', async () => {
  const { now } = performance;
  let clock = 0;
  performance.now = () => clock;
  const taking = (ms) => ({ ...echo, run: async (feeds) => { clock += ms(feeds.y.data[1]); return echo.run(feeds); } });
  const timed = async (a, b) => (await compare(taking(a), taking(b), Array.from({ length: 30 }, (_, i) => sampleOf([0, i])), { latency: true })).inferRatio;
  const [none, some, each] = [() => 0, (i) => (i % 2), () => 1];
  try {
    for (const pair of [[none, none], [none, each], [each, none], [some, each], [each, some]]) assert.equal(await timed(...pair), null, String(pair));
    assert.equal((await timed(each, each)).value, 1);
  } finally {
    performance.now = now;
  }
});

test('the handwriting model and its int8 twin', async () => {
  const engine = await Engine.create({ flavour: flavours[0] });
  const [float, int8] = await Promise.all(['fp32', 'int8'].map((name) => engine.load(readFileSync(new URL(`../../../models/handwriting/handwriting_${name}.onnx`, import.meta.url)))));
  const samples = Array.from({ length: 200 }, (_, i) => new Hand(i).next()).map(({ digit, strokes }) => ({ feeds: { image: tensor(rasterize(strokes), [1, 1, 28, 28]) }, label: digit }));
  const result = await compare(float, int8, samples), again = await compare(float, int8, samples);
  assert.deepEqual(result, again);
  assert.ok(result.disagreement.value < 0.03 && result.labels.accuracyA.value > 0.97 && result.divergence.mean > 0 && result.divergence.mean < 0.05, JSON.stringify(result.disagreement));
  assert.equal((await float.monitor.snapshot()).requests ?? 0, 0);
  await engine.dispose();
});

test('no percentile without the queries that MLPerf asks for, and how many are missing', async () => {
  const feeds = [sampleOf([1]).feeds];
  let runs = 0;
  const counted = { ...echo, run: async (given) => (runs++, echo.run(given)) };
  const few = await measureLatency(counted, feeds, { queries: 63, warmUp: 7 });
  assert.equal(runs, 70);
  assert.deepEqual(few.latency, { percentile: 0.9, estimateMs: null, estimateMissing: 1, valueMs: null, valueMissing: 23_886 - 63 });
  const { queries, latency } = await measureLatency(counted, feeds);
  assert.ok(queries === 64 && latency.estimateMs > 0 && latency.estimateMissing === 0 && latency.valueMs === null, JSON.stringify(latency));
  const enough = await measureLatency(echo, feeds, { queries: 23_886 });
  assert.ok(enough.latency.valueMs > 0 && enough.latency.valueMissing === 0 && enough.latency.estimateMs >= enough.latency.valueMs);
  runs = 0;
  const multi = await measureLatency(counted, feeds, { scenario: 'multi-stream', warmUp: 0 });
  assert.deepEqual([runs, multi.queries, multi.samplesPerQuery, multi.latency.percentile, multi.latency.valueMissing], [662 * 8, 662, 8, 0.99, 262_742 - 662]);
  assert.equal((await measureLatency(echo, feeds, { scenario: 'multi-stream', queries: 661 })).latency.estimateMissing, 1);
  const offline = await measureLatency(echo, feeds, { scenario: 'offline', queries: 50 });
  assert.ok(offline.latency === null && offline.samplesPerQuery === 50 && offline.throughput > 0);
  for (const [options, pattern] of [[{ scenario: 'server' }, /scenario is "server"/], [{ queries: 0 }, /queries is 0/], [{ warmUp: -1 }, /warmUp is -1/]]) {
    await assert.rejects(measureLatency(echo, feeds, options), insituError('InvalidArgument', pattern));
  }
  await assert.rejects(measureLatency(echo, []), insituError('InvalidArgument', /no feeds/));
});

test('the early-stopping estimate leaves out the t - 1 highest latencies', async () => {
  // 100 queries of p90: P(Bin(100, 0.1) <= 3) = 0.8 %, <= 4 = 2.4 %, so that t is 3 and the third highest is reported.
  const { now } = performance, times = [];
  let clock = 0, step = 0;
  performance.now = () => clock;
  try {
    const timed = { ...echo, run: async () => { clock += ++step; return {}; } };
    const { latency: { estimateMs } } = await measureLatency(timed, [sampleOf([1]).feeds], { queries: 100, warmUp: 0 });
    times.push(estimateMs);
  } finally {
    performance.now = now;
  }
  assert.deepEqual(times, [98]);
});
