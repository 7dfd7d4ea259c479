// gate(): every kind of threshold passes and fails once, what is missing fails by name, and thresholds that are none are refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dist, insituError, tensor } from '../support/insitu.mjs';

const { evaluate, gate } = await import(new URL('evaluate.js', dist).href);

/* Answers by a table: of sample i the class that `answers` has. */
const runner = (answers) => ({
  outputs: [{ name: 'y', dtype: 'float32', dims: [1, 2] }], metadata: {},
  run: async ({ x: { data: [i] } }) => ({ y: tensor(answers[i] === 1 ? [0.2, 0.8] : [0.8, 0.2], [1, 2]) }),
});
const count = 1000;
const labels = Array.from({ length: count }, (_, i) => i % 2);
const samples = labels.map((label, i) => ({ feeds: { x: tensor([i], [1]) }, label, metadata: { site: i < 100 ? 'a' : i < 990 ? 'b' : 'c' } }));
const slices = Object.fromEntries(['a', 'b', 'c'].map((is) => [is, { column: 'site', is }]));
/* Wrong for those. */
async function evaluated(wrong, options = { slices }) {
  const records = [], evaluation = await evaluate(runner(labels.map((label, i) => (wrong(i) ? 1 - label : label))), samples, { ...options, onRecord: (record) => records.push(record) });
  return { evaluation, records };
}
const good = await evaluated((i) => i % 50 === 0);                   // 98 %
const lost = await evaluated((i) => i % 50 === 0 || i % 67 === 3);   // 1.5 points less
const inA = await evaluated((i) => i % 50 === 0 || (i < 100 && i % 10 === 5));
const against = (one, other = good) => ({ evaluation: one.evaluation, records: one.records, baseline: other.evaluation, baselineRecords: other.records });
/* A regression whose errors are those. */
async function errors(by, count = labels.length, options = { slices }) {
  const answering = { outputs: [{ name: 'y', dtype: 'float32', dims: [1, 1] }], metadata: {}, run: async ({ x: { data: [i] } }) => ({ y: tensor([3 * i + 2 + by(i)], [1, 1]) }) };
  const records = [], its = samples.slice(0, count).map((sample, i) => ({ ...sample, label: 3 * i + 2 }));
  return { evaluation: await evaluate(answering, its, { ...options, onRecord: (record) => records.push(record) }), records };
}
const verdicts = ({ checks }) => checks.map(({ verdict }) => verdict);
const only = async (thresholds, evidence) => {
  const { passed, checks } = await gate(thresholds, evidence);
  assert.equal(checks.length, 1, JSON.stringify(checks));
  assert.equal(passed, ['passed', 'skipped'].includes(checks[0].verdict));
  return checks[0];
};

test('a loss of 1.5 points fails, the same model passes', async () => {
  assert.deepEqual([good, lost].map(({ evaluation }) => evaluation.metrics.accuracy.value), [0.98, 0.965]);
  const thresholds = { metrics: { accuracy: { min: 0.97, minRatio: 0.99, maxLoss: 0.01, nonInferior: { margin: 0.01 }, mcnemar: {} } } };
  const same = await gate(thresholds, against(good)), worse = await gate(thresholds, against(lost));
  assert.deepEqual([same.passed, worse.passed], [true, false]);
  assert.deepEqual(verdicts(same), new Array(5).fill('passed'));
  assert.deepEqual(verdicts(worse), new Array(5).fill('failed'));
  assert.deepEqual(worse.checks[2], { kind: 'metric', check: 'accuracy', wanted: "at most 0.01 worse than the baseline's", measured: "0.015 (0.965, the baseline's 0.98)", verdict: 'failed' });
  assert.equal((await only({ metrics: { accuracy: { maxLoss: 0.015 } } }, against(lost))).verdict, 'passed', 'what is allowed exactly');
  assert.equal(JSON.stringify(await gate(thresholds, against(lost))), JSON.stringify(worse));
});

test('more is better, or less', async () => {
  const { metrics } = good.evaluation;
  for (const name of ['accuracy', 'microF1', 'macroF1', 'auc']) {
    for (const [by, verdict] of [[-1e-6, 'passed'], [1e-6, 'failed']]) assert.equal((await only({ metrics: { [name]: { min: metrics[name].value + by } } }, good)).verdict, verdict, name);
    assert.equal((await only({ metrics: { [name]: { minRatio: 1.0001 } } }, against(good))).verdict, 'failed', name);
  }
  for (const name of ['ece', 'logLoss']) {
    for (const [by, verdict] of [[1e-6, 'passed'], [-1e-6, 'failed']]) assert.equal((await only({ metrics: { [name]: { max: metrics[name].value + by } } }, good)).verdict, verdict, name);
    assert.equal((await only({ metrics: { [name]: { maxRatio: 0.9999 } } }, against(good))).verdict, 'failed', name);
    assert.equal((await only({ metrics: { [name]: { maxRatio: 1 } } }, against(good))).verdict, 'passed', name);
  }
  assert.deepEqual([(await only({ metrics: { logLoss: { maxLoss: 0.001 } } }, against(lost))).verdict, (await only({ metrics: { logLoss: { maxLoss: 0.001 } } }, against(good, lost))).verdict], ['failed', 'passed']);
});

test('non-inferiority takes samples, and is shown by enough of them', async () => {
  const part = (one, n) => ({ ...one.evaluation, labelled: n, metrics: { accuracy: { value: one.records.slice(0, n).filter(({ correct }) => correct).length / n } }, classes: [] });
  const asked = (n, margin) => only({ metrics: { accuracy: { nonInferior: { margin } } } }, {
    evaluation: part(good, n), baseline: part(good, n), records: good.records.slice(0, n), baselineRecords: good.records.slice(0, n),
  });
  // Of no differences Tango's bound is z^2 / (n + z^2): 0.01 takes 268 samples.
  assert.deepEqual([(await asked(267, 0.01)).verdict, (await asked(268, 0.01)).verdict], ['failed', 'passed']);
  assert.equal((await asked(268, 0.01)).measured, '0, at most 0.00999441 (268 pairs)');
  const strict = await only({ metrics: { accuracy: { nonInferior: { margin: 0.01, confidence: 0.999 } } } }, against(good));
  assert.equal(strict.verdict, 'passed');
  assert.match(strict.wanted, /99\.9 % sure$/);
  // Bounds of Tango's score test with the likelihood maximised numerically (Python), without the closed form.
  const first = await evaluated((i) => i < 20), second = await evaluated((i) => i >= 500 && i < 512);
  assert.equal((await only({ metrics: { accuracy: { nonInferior: { margin: 0.02 } } } }, against(first, second))).measured, '0.008, at most 0.0179219 (1000 pairs)');
  assert.equal((await only({ metrics: { accuracy: { nonInferior: { margin: 0.02 } } } }, against(lost))).measured, '0.015, at most 0.0227568 (1000 pairs)');
});

test("McNemar's test fails only where the model is the worse one", async () => {
  const thresholds = { metrics: { accuracy: { mcnemar: { alpha: 0.001 } } } };
  assert.deepEqual([(await only(thresholds, against(lost))).verdict, (await only(thresholds, against(good, lost))).verdict], ['failed', 'passed']);
  assert.equal((await only({ metrics: { accuracy: { mcnemar: { alpha: 0.00001 } } } }, against(lost))).measured, 'p 0.0000610352: the baseline alone right 15, the model alone 0');
});

test('regression: errors, and the paired bootstrap', async () => {
  const [base, worse] = [await errors((i) => i % 3), await errors((i) => (i % 3) + 0.5)];
  for (const [metric, limit] of [['mae', 1], ['mse', 2], ['rmse', 1.3]]) {
    assert.deepEqual([(await only({ metrics: { [metric]: { max: limit } } }, base)).verdict, (await only({ metrics: { [metric]: { max: limit } } }, worse)).verdict], ['passed', 'failed'], metric);
  }
  const thresholds = { metrics: { mae: { maxRatio: 1.1, maxLoss: 0.1, nonInferior: { margin: 0.1 } }, mse: { nonInferior: { margin: 0.6 } } } };
  assert.deepEqual(verdicts(await gate(thresholds, against(base, base))), new Array(4).fill('passed'));
  assert.deepEqual(verdicts(await gate(thresholds, against(worse, base))), new Array(4).fill('failed'));
  // Losses of 0 and 0.4 in turns: their mean is 0.2, and its bound 0.2 + 1.645 x 0.2 / sqrt(1000) = 0.2104.
  const varied = against(await errors((i) => (i % 3) + (i % 2 ? 0.4 : 0)), base);
  for (const [margin, verdict] of [[0.205, 'failed'], [0.215, 'passed']]) assert.equal((await only({ metrics: { mae: { nonInferior: { margin } } } }, varied)).verdict, verdict);
  assert.deepEqual(verdicts(await gate({ slices: { max: 1.2, maxLoss: 0.2 } }, against(worse, base))), ['failed', 'failed', 'failed', 'failed', 'skipped']);
  assert.deepEqual(verdicts(await gate({ slices: { max: 1.2, maxLoss: 0.2 } }, against(base, base))), ['passed', 'passed', 'passed', 'passed', 'skipped']);
  assert.match((await only({ slices: { min: 0.5 } }, base)).why, /'min' is not for slices of mae/);
  assert.equal((await only({ metrics: { r2: { min: 0.9 } } }, base)).verdict, 'passed');
});

test('a paired test of what an evaluation does not have shows nothing', async () => {
  const base = await errors((i) => i % 3);
  for (const [name, its, evidence, why] of [
    ['accuracy', { nonInferior: { margin: 0.5 } }, against(base, base), /^the evaluation has no accuracy; it has mae, mse, rmse, r2$/],
    ['accuracy', { mcnemar: {} }, against(base, base), /^the evaluation has no accuracy; it has mae/], ['mae', { nonInferior: { margin: 0.5 } }, against(good), /^the evaluation has no mae; it has accuracy/],
  ]) {
    const check = await only({ metrics: { [name]: its } }, evidence);
    assert.equal(check.verdict, 'unmeasured', name);
    assert.match(check.why, why);
  }
});

test('a bootstrap takes 30 pairs', async () => {
  const thresholds = { metrics: { mae: { nonInferior: { margin: 0.1, confidence: 0.99 } } } };
  const of = async (count) => only(thresholds, against(await errors((i) => i % 3, count), await errors((i) => i % 3, count)));
  assert.deepEqual([(await of(29)).verdict, (await of(29)).why, (await of(30)).verdict], ['unmeasured', 'there are 29 pairs, 30 are needed', 'passed']);
});

test('scores that are NaN leave what is made of scores unmeasured', async () => {
  const partly = { ...runner(labels), run: async (feeds) => (feeds.x.data[0] === 7 ? { y: tensor([NaN, NaN], [1, 2]) } : runner(labels).run(feeds)) };
  const evaluation = await evaluate(partly, samples);
  for (const [name, its] of [['auc', { min: 0.1 }], ['logLoss', { max: 9 }], ['ece', { max: 1 }]]) {
    const { verdict, why } = await only({ metrics: { [name]: its } }, { evaluation });
    assert.deepEqual([verdict, why], ['unmeasured', `the evaluation has 1 outputs of NaN, which no ${name} is made of`]);
    assert.match((await only({ metrics: { [name]: { maxLoss: 9 } } }, { evaluation: good.evaluation, baseline: evaluation })).why, /^the evaluation of the baseline has 1 outputs of NaN/);
  }
  assert.equal((await only({ metrics: { accuracy: { min: 0.999 } } }, { evaluation })).verdict, 'passed');
});

test('where no slice is worse than the rest, all samples stand for each', async () => {
  const auto = { slices: 'auto' }, [right, wrong] = [await evaluated(() => false, auto), await evaluated(() => true, auto)];
  assert.deepEqual(wrong.evaluation.slices.slices, []);
  const { verdict, measured } = await only({ slices: { min: 0.6 } }, right);
  assert.equal(verdict, 'passed');
  assert.match(measured, /^\d+ slices examined, none worse than the rest; of all samples 1$/);
  assert.deepEqual(verdicts(await gate({ slices: { min: 0.6, maxLoss: 0.5 } }, against(wrong, right))), ['failed', 'failed']);
  assert.match((await only({ slices: { maxLoss: 0.5 } }, { evaluation: right.evaluation })).why, /there is no baseline/);
  const half = await errors(() => 0.5, count, auto);
  assert.deepEqual([half.evaluation.slices.slices, (await only({ slices: { max: 0.4 } }, half)).verdict, (await only({ slices: { max: 0.6 } }, half)).verdict], [[], 'failed', 'passed']);
});

test('slices: absolute, against the same slice of the baseline, and those that are too small', async () => {
  const { checks, passed } = await gate({ slices: { min: 0.95, maxLoss: 0.05 } }, against(inA));
  assert.equal(passed, false);
  assert.deepEqual(checks.map(({ check, verdict }) => [check, verdict]).sort(), [["accuracy of 'a'", 'failed'], ["accuracy of 'a'", 'failed'], ["accuracy of 'b'", 'passed'],
    ["accuracy of 'b'", 'passed'], ["accuracy of 'c'", 'skipped']]);
  assert.match(checks.find(({ verdict }) => verdict === 'skipped').why, /10 samples, fewer than 20/);
  assert.equal((await gate({ slices: { min: 0.9, maxLoss: 0.05 } }, against(good))).passed, true);
  const small = await evaluated(() => false, { slices: { c: slices.c } });
  assert.deepEqual(verdicts(await gate({ slices: { min: 0.5 } }, small)), ['skipped', 'unmeasured'], 'nothing was shown');
  assert.match((await only({ slices: { maxLoss: 0.5 } }, { ...against(await evaluated(() => false, { slices: { a: slices.a } })), baseline: small.evaluation })).why, /does not have this slice/);
  const moved = await evaluated(() => false, { slices: { a: { not: slices.a } } });
  assert.match((await only({ slices: { maxLoss: 0.5 } }, { ...against(await evaluated(() => false, { slices: { a: slices.a } })), baseline: moved.evaluation })).why, /does not have this slice/);
  const found = await evaluated((i) => i < 100 && i % 2 === 0, { slices: 'auto' });
  assert.equal((await gate({ slices: { min: 0.6 } }, found)).passed, false);
  assert.match((await only({ slices: { min: 0.6 } }, await evaluated(() => false, {}))).why, /no slices/);
});

test('latency: estimates, ratios, and enough runs; no clock in the checks', async () => {
  const model = Array.from({ length: 200 }, (_, i) => 1 + i / 1000), baseline = model.map((ms) => ms / 1.5);
  // Of 200 runs 4 may be above the 95 % quantile (P(Bin(200, 0.05) <= 3) = 0.9 %): the third highest.
  const at = { p95: { maxMs: 1.197, maxRatio: 1.51 }, p50: { maxMs: 2, maxRatio: 1.4 } };
  const report = await gate({ latency: at }, { times: { model, baseline } });
  assert.deepEqual(verdicts(report), ['passed', 'passed', 'passed', 'failed']);
  assert.deepEqual(report.checks.map(({ measured }) => measured), [null, null, null, null]);
  assert.equal(report.times[0], '1.197 ms (estimate of 200 runs)');
  assert.match(report.times[1], /^1\.5 \(1\.189 ms, the baseline's 0\.793 ms\)$/);
  assert.equal((await only({ latency: { p95: { maxMs: 1.196 } } }, { times: { model } })).verdict, 'failed');
  assert.match((await only({ latency: { p95: { maxMs: 9 } } }, { times: { model: model.slice(0, 129) } })).why, /129 runs were timed, 130 are needed/);
  assert.equal((await only({ latency: { p95: { maxMs: 9 } } }, { times: { model: model.slice(0, 130) } })).verdict, 'passed');
  assert.match((await only({ latency: { p95: { maxRatio: 9 } } }, { times: { model } })).why, /runs of the baseline were not timed/);
  assert.equal((await gate({ metrics: { accuracy: { min: 0.5 } } }, good)).times, undefined);
});

test('a clock that is too coarse shows nothing', async () => {
  const zeros = new Array(200).fill(0), mostly = [...new Array(195).fill(0), 1, 1, 1, 1, 1], fine = new Array(200).fill(1);
  for (const [its, times, whose] of [[{ maxMs: 9 }, { model: zeros }, 'model'], [{ maxRatio: 9 }, { model: zeros, baseline: zeros }, 'model'], [{ maxRatio: 9 }, { model: fine, baseline: zeros }, 'baseline']]) {
    assert.equal((await only({ latency: { p95: its } }, { times })).why, `the clock is too coarse for runs of the ${whose}`);
  }
  // The third highest is 1, the percentile itself 0.
  assert.match((await only({ latency: { p95: { maxRatio: 0.5 } } }, { times: { model: mostly, baseline: fine } })).why, /too coarse for runs of the model/);
});

test('size, drift and conformance', async () => {
  const bytes = { bytes: { raw: 100, brotli: 50 }, baselineBytes: { raw: 400, brotli: 60 } };
  assert.deepEqual(verdicts(await gate({ size: { raw: { max: 100, maxRatio: 0.25 }, brotli: { max: 49, maxRatio: 0.8 } } }, bytes)), ['passed', 'passed', 'failed', 'failed']);
  assert.match((await only({ size: { raw: { maxRatio: 1 } } }, { bytes: bytes.bytes })).why, /baseline is not known/);
  const feature = (name, p, psi, count = 50) => ({ name, count, ks: { adjusted: p }, chiSquare: { adjusted: 0.5 }, psi });
  const drift = { count: 50, features: [feature('a', 0.4, 0.01), feature('b', 0.02, 0.3)] };
  assert.deepEqual(verdicts(await gate({ drift: { alpha: 0.04, maxPsi: 0.3 } }, { drift })), ['passed', 'passed']);
  const moved = await gate({ drift: { alpha: 0.041, maxPsi: 0.29 } }, { drift });
  assert.deepEqual(moved.checks.map(({ verdict, measured }) => [verdict, measured]), [['failed', "least p 0.04, of 'b'"], ['failed', "largest 0.3, of 'b'"]]);
  assert.match((await only({ drift: { maxPsi: 1 } }, { drift: { features: [feature('a', 1, 0), feature('gone', 1, 0, 0)] } })).why, /the data have no 'gone'/);
  const cases = (passed, failed, skipped) => ({ conformance: { passed, failed, skipped, failures: failed > 0 ? ['x/case'] : [] } });
  for (const [evidence, conformance, verdict] of [[cases(2, 0, 0), {}, 'passed'], [cases(2, 1, 0), {}, 'failed'], [cases(2, 0, 1), {}, 'failed'], [cases(2, 0, 1), { allowSkipped: true }, 'passed'],
    [cases(2, 1, 1), { allowSkipped: true }, 'failed'], [cases(0, 0, 1), { allowSkipped: true }, 'failed'], [cases(0, 0, 0), {}, 'unmeasured'], [{}, {}, 'unmeasured']]) {
    assert.equal((await only({ conformance }, evidence)).verdict, verdict, JSON.stringify([evidence, conformance]));
  }
  assert.equal((await only({ conformance: {} }, cases(2, 1, 0))).why, 'failed: x/case');
});

test('what is missing, of another model or of other data fails by name', async () => {
  const min = { metrics: { accuracy: { min: 0.5 } } }, ratio = { metrics: { accuracy: { minRatio: 0.5 } } }, both = { metrics: { accuracy: { mcnemar: {} } } };
  const of = (evaluation, sha256, data) => ({ ...evaluation, model: { sha256 }, ...(data && { data: { sha256: data } }) });
  for (const [thresholds, evidence, why] of [
    [min, {}, /there is no evaluation/], [min, { missing: { evaluation: 'Network: gone' } }, /^Network: gone$/], [min, { evaluation: { format: 'insitu-evaluation/2' } }, /none of the format/], [min, { evaluation: 7 }, /none of the format/],
    [min, { evaluation: of(good.evaluation, 'aa'), sha256: 'bb' }, /of another model, aa/], [min, { evaluation: good.evaluation, sha256: 'bb' }, /does not say which model/],
    [ratio, { evaluation: good.evaluation }, /there is no baseline/], [ratio, { evaluation: good.evaluation, baseline: of(good.evaluation, 'aa'), baselineSha256: 'bb' }, /baseline is of another model/],
    [ratio, { evaluation: of(good.evaluation, 'a', '1'), baseline: of(good.evaluation, 'a', '2') }, /evaluated on other data/],
    [ratio, { evaluation: good.evaluation, baseline: { ...good.evaluation, labelled: 999 } }, /on other labels/], [ratio, { evaluation: good.evaluation, baseline: { ...good.evaluation, classes: [] } }, /on other labels/],
    [{ metrics: { mae: { max: 1 } } }, good, /has no mae; it has accuracy/], [{ metrics: { auc: { min: 0.5 } } }, { evaluation: { ...good.evaluation, metrics: { auc: { value: null } } } }, /auc cannot be told/],
    [both, { ...against(good), records: undefined }, /each sample is not known of the model/], [both, { ...against(good), baselineRecords: undefined }, /not known of the baseline/],
    [both, { ...against(good), records: lost.records }, /records of the model are not those/], [both, { ...against(good), records: good.records.slice(1) }, /records of the model are not those/],
    [both, { ...against(good), records: good.records.toReversed() }, /of other samples/],
    [both, { ...against(good), baselineRecords: good.records.map((one) => ({ ...one, sample: one.sample + 1 })) }, /of other samples/],
  ]) {
    const check = await only(thresholds, evidence);
    assert.deepEqual([check.verdict, check.measured], ['unmeasured', null], String(why));
    assert.match(check.why, why);
  }
});

test('evaluations by different outputs or of different labels are not compared', async () => {
  const ratio = { metrics: { accuracy: { minRatio: 0.5 } } };
  assert.match((await only(ratio, { evaluation: good.evaluation, baseline: { ...good.evaluation, output: 'z' } })).why, /^the baseline was evaluated by another output, 'z'$/);
  // As many of each class.
  const baseline = await evaluate(runner(labels), samples.map((sample) => ({ ...sample, label: 1 - sample.label })));
  assert.deepEqual(baseline.classes.map(({ support }) => support), good.evaluation.classes.map(({ support }) => support));
  assert.match((await only(ratio, { evaluation: good.evaluation, baseline })).why, /on other labels/);
});

test('thresholds that are none are refused by their path', async () => {
  for (const [thresholds, pattern] of [
    [{}, /^thresholds is empty/], [null, /^thresholds is null, not an object/], [{ metric: {} }, /^thresholds\.metric is not known; known are metrics, /], [{ metrics: {} }, /metrics is empty/],
    [{ metrics: { accuracy: {} } }, /accuracy is empty/], [{ metrics: { acuracy: { min: 1 } } }, /acuracy is no metric/], [{ metrics: { accuracy: { min: 97 } } }, /accuracy\.min is 97, not a number from 0 to 1/],
    [{ metrics: { accuracy: { min: '0.9' } } }, /accuracy\.min is "0\.9"/], [{ metrics: { accuracy: { min: NaN } } }, /min is NaN/], [{ metrics: { accuracy: { max: 0.9 } } }, /accuracy\.max is not known/], [{ metrics: { ece: { min: 0.1 } } }, /ece\.min is not known/],
    [{ metrics: { accuracy: { nonInferior: {} } } }, /nonInferior\.margin is missing/], [{ metrics: { accuracy: { nonInferior: { margin: 0 } } } }, /margin is 0/], [{ metrics: { mse: { nonInferior: { margin: 1, confidence: 0.995 } } } }, /confidence is 0\.995, not a number from 0\.5 to 0\.99: it is of 1,000 drawings/], [{ metrics: { macroF1: { mcnemar: {} } } }, /mcnemar is not known/],
    [{ latency: { p42: { maxMs: 1 } } }, /p42 is not known/], [{ latency: { p95: {} } }, /p95 is empty/], [{ size: { raw: { max: Infinity } } }, /raw\.max is Infinity/], [{ drift: {} }, /drift is empty/],
    [{ drift: { alpha: 1 } }, /alpha is 1/], [{ conformance: { allowSkipped: 1 } }, /allowSkipped is 1/], [{ slices: { min: 2 } }, /slices\.min is 2/], [{ slices: [] }, /slices is \[\]/],
  ]) await assert.rejects(gate(thresholds, good), insituError('InvalidArgument', pattern));
  await assert.rejects(gate({ conformance: {} }), insituError('InvalidArgument', /the evidence is undefined/));
});
