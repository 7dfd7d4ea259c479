// insitu/evaluate: metrics, intervals and tests against scikit-learn's and SciPy's (metrics.json, which make_metrics.py has made), and
// how outputs and labels are read.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { generator } from '../../support/random.mjs';
import { dist, insituError, tensor } from '../support/insitu.mjs';

const { benjaminiHochberg, evaluate, mcnemar, wilson } = await import(new URL('evaluate.js', dist).href);
const expected = JSON.parse(readFileSync(new URL('metrics.json', import.meta.url), 'utf8'));

/* A model that gives what it is fed with. */
const echo = { outputs: [{ name: 'y', dtype: 'float32', dims: [1, 'n'] }], metadata: {}, run: async ({ y }) => ({ y }) };
const near = (actual, wanted, what) => assert.ok(Math.abs(actual - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted)), `${what}: ${actual} instead of ${wanted}`);
const sampleOf = (row, label, dtype = 'float64') => ({ feeds: { y: tensor(row, [1, row.length], dtype) }, label });

function drawnClasses({ seed, classes, count, steps }) {
  const { next } = generator(seed), whole = (bound) => Math.floor(next() * bound);
  return Array.from({ length: count }, () => {
    const label = whole(classes), row = Array.from({ length: classes }, () => 1 + whole(steps));
    row[label] += whole(steps);
    const sum = row.reduce((a, b) => a + b);
    return { row: row.map((x) => x / sum), label };
  });
}

test('classification: accuracy, top-k, F1, AUC, log loss and calibration are those of scikit-learn', async () => {
  for (const wanted of expected.classification) {
    const drawn = drawnClasses(wanted);
    const { metrics, classes, task, labelled } = await evaluate(echo, drawn.map(({ row, label }) => sampleOf(row, label)));
    assert.deepEqual([task, labelled], ['classification', wanted.count]);
    for (const name of ['accuracy', 'microF1', 'macroF1', 'auc', 'logLoss', 'ece']) near(metrics[name].value, wanted[name], name);
    if (wanted.top5 === null) assert.equal(metrics.top5, undefined);
    else near(metrics.top5.value, wanted.top5, 'top5');
    wanted.perClass.forEach((one, i) => Object.entries(one).forEach(([name, value]) => near(classes[i][name], value, `${name} of class ${i}`)));
    const { low, high } = wilson(Math.round(wanted.accuracy * wanted.count), wanted.count);
    assert.deepEqual([metrics.accuracy.low, metrics.accuracy.high], [low, high]);
  }
});

test('two classes in one number, logits and float32 give the same figures', async () => {
  const [two, seven] = expected.classification;
  const one = await evaluate(echo, drawnClasses(two).map(({ row, label }) => sampleOf([row[1]], label === 1)));
  for (const name of ['accuracy', 'macroF1', 'auc', 'logLoss', 'ece']) near(one.metrics[name].value, two[name], name);
  const drawn = drawnClasses(seven);
  const logits = await evaluate(echo, drawn.map(({ row, label }) => sampleOf(row.map((x) => Math.log(x) + 3), label)));
  assert.equal(logits.scores, 'logits');
  near(logits.metrics.logLoss.value, seven.logLoss, 'logLoss');
  const single = await evaluate(echo, drawn.map(({ row, label }) => sampleOf(row, label, 'float32')));
  assert.ok(Math.abs(single.metrics.logLoss.value - seven.logLoss) < 1e-6);
});

test('regression: errors and R2 are those of scikit-learn, of one number and of several', async () => {
  for (const { seed, width, count, ...wanted } of expected.regression) {
    const { next } = generator(seed), each = (f) => Array.from({ length: width }, (_, i) => f(i));
    const truth = Array.from({ length: count }, () => each(() => next() * 10));
    const samples = truth.map((row) => sampleOf(row.map((x) => x + next() - 0.3), width === 1 ? row[0] : row));
    const { task, metrics, scores } = await evaluate(echo, samples);
    assert.deepEqual([task, scores], ['regression', null]);
    for (const [name, value] of Object.entries(wanted)) near(metrics[name].value, value, name);
    near(metrics.rmse.value, Math.sqrt(wanted.mse), 'rmse');
    assert.ok(metrics.mae.low < wanted.mae && wanted.mae < metrics.mae.high && metrics.mae.high - metrics.mae.low < 0.2);
  }
});

test('intervals and tests are those of SciPy', async () => {
  for (const { k, n, confidence, low, high } of expected.wilson) {
    const interval = wilson(k, n, confidence);
    near(interval.low, low, `low ${k} of ${n}`);
    near(interval.high, high, `high ${k} of ${n}`);
  }
  assert.deepEqual(wilson(0, 0), { low: 0, high: 1 });
  for (const { onlyA, onlyB, p } of expected.mcnemar) near(mcnemar(onlyA, onlyB).p, p, `${onlyA} ${onlyB}`);
  assert.equal(mcnemar(0, 0).p, 1);
  const { p, adjusted } = expected.benjaminiHochberg;
  benjaminiHochberg(p).forEach((value, i) => near(value, adjusted[i], `adjusted ${i}`));
  assert.deepEqual(benjaminiHochberg([]), []);
});

test('the interval of a bootstrap has a tail on either side', async () => {
  const runner = { outputs: [{ name: 'y', dtype: 'float32', dims: [1, 1] }], metadata: {}, run: async ({ y }) => ({ y }) };
  const samples = Array.from({ length: 400 }, (_, i) => ({ feeds: { y: tensor([5 + (i % 2)], [1, 1]) }, label: 5 }));
  const of = async (confidence) => (await evaluate(runner, samples, { confidence })).metrics.mae;
  for (const [confidence, z] of [[0.95, 1.96], [0.8, 1.2816]]) {
    const { value, low, high } = await of(confidence);
    assert.equal(value, 0.5);
    assert.ok(Math.abs(low - (0.5 - z * 0.025)) < 0.005 && Math.abs(high - (0.5 + z * 0.025)) < 0.005, `${low} ${high}`);
  }
});

test('what no metric can be told of is null, and what a model leaves undefined is wrong', async () => {
  const same = await evaluate(echo, [sampleOf([0.9, 0.1], 0), sampleOf([0.2, 0.8], 0)]);
  assert.deepEqual([same.metrics.accuracy.value, same.metrics.auc.value], [0.5, null]);
  const nan = await evaluate(echo, [sampleOf([0.9, 0.1], 0), sampleOf([NaN, NaN], 0), sampleOf([0.9, 0.1], 1)]);
  assert.deepEqual([nan.undefined, nan.metrics.accuracy.value, nan.metrics.auc.value], [1, 1 / 3, 0.5]);
  near(nan.metrics.logLoss.value, -(Math.log(0.9) + Math.log(0.1)) / 2, 'logLoss');
  const constant = await evaluate(echo, [sampleOf([1.5], 2), sampleOf([2.5], 2)]);
  assert.equal(constant.metrics.r2.value, null);
  await assert.rejects(evaluate(echo, [sampleOf([NaN], 2.5)]), insituError('DataQuality', /sample 0 is not finite/));
});

test('classes by index, name and truth value; an output of indices; records', async () => {
  const named = { ...echo, metadata: { labels: '["cat","dog","bird"]' } }, records = [];
  const { classes, scores, samples, labelled } = await evaluate(named, [
    { ...sampleOf([0.7, 0.2, 0.1], 'cat'), name: 'a.png' }, sampleOf([0.1, 0.2, 0.7], 'dog'), sampleOf([0.1, 0.2, 0.7], '2'), sampleOf([1, 0, 0]),
  ], { onRecord: (record) => records.push(record) });
  assert.deepEqual([classes.map(({ name }) => name), scores, samples, labelled], [['cat', 'dog', 'bird'], 'probabilities', 4, 3]);
  assert.deepEqual(records.map(({ loss, ...rest }) => rest), [
    { sample: 0, name: 'a.png', label: 0, prediction: 0, confidence: 0.7, correct: true },
    { sample: 1, name: 'sample 1', label: 1, prediction: 2, confidence: 0.7, correct: false },
    { sample: 2, name: 'sample 2', label: 2, prediction: 2, confidence: 0.7, correct: true },
  ]);
  near(records[1].loss, -Math.log(0.2), 'loss');
  const index = await evaluate(echo, [[2, 2], [0, 1], [5, 5]].map(([y, label]) => ({ feeds: { y: tensor(BigInt64Array.of(BigInt(y)), [1]) }, label })));
  assert.deepEqual([index.scores, index.metrics.accuracy.value, index.metrics.auc, index.calibration], ['index', 2 / 3, undefined, null]);
});

test('what does not fit is refused, by its name', async () => {
  const good = sampleOf([0.4, 0.6], 1);
  for (const [samples, options, pattern, code = 'InvalidArgument'] of [
    [[good], { task: 'detection' }, /the task is "detection"/], [[good], { topK: 0 }, /topK is 0/], [[good], { bins: '15' }, /bins is "15"/], [[good], { confidence: 95 }, /confidence is 95/],
    [[good], { output: 'z' }, /no output "z"/], [[good], { classes: ['a'] }, /1 names for 2 classes/], [[good], { logits: 1 }, /logits is 1/], [[good], { slices: 'all' }, /slices are "all"/],
    [[good], { slices: { bad: { column: 'a', like: 1 } } }, /slice 'bad' has the condition/], [[good], { slices: { bad: { column: 'nowhere', is: 1 } } }, /no column 'nowhere'/],
    [[sampleOf([0.4, 0.6], 2)], {}, /label of sample 0 is 2/], [[sampleOf([0.4, 0.6], 'cat')], {}, /label of sample 0 is "cat"/], [[good, sampleOf([3, 4], 0)], {}, /scores of sample 1 add up to 7.00/],
    [[{ ...good, metadata: { class: 1 } }], {}, /metadata 'class'/], [[{ ...good, metadata: { a: [] } }], {}, /'a' of sample 0/], [[null], {}, /sample 0 is null/], [[], {}, /none of 0 samples/],
    [5, {}, /samples are 5/], ['text', {}, /samples are/], [[sampleOf([2.5], 'high')], { task: 'regression' }, /label of sample 0/],
    [[{ feeds: { y: tensor([1, 2, 3, 4], [2, 2]) }, label: 0 }], {}, /\[2,2\]/, 'ShapeMismatch'],
  ]) await assert.rejects(evaluate(echo, samples, options), insituError(code, pattern), String(pattern));
  await assert.rejects(evaluate({}, [good]), insituError('InvalidArgument', /no session/));
  for (const pair of [[3, 2], [-1, 2], [1.5, 2], ['1', 2]]) assert.throws(() => wilson(...pair), insituError('InvalidArgument', /no proportion/));
  for (const list of [[2], ['0.1'], null, [NaN]]) assert.throws(() => benjaminiHochberg(list), insituError('InvalidArgument', /no p-value/));
  assert.throws(() => mcnemar(1, -1), insituError('InvalidArgument', /-1 is no count/));
});

test('progress is told, and a signal ends it', async () => {
  const abort = new AbortController(), told = [];
  const samples = async function* () {
    for (let i = 0; i < 10; i++) yield sampleOf([0.4, 0.6], 1);
  };
  await assert.rejects(evaluate(echo, samples(), { signal: abort.signal, onProgress: ({ done }) => {
    told.push(done);
    if (done === 3) abort.abort(new Error('enough'));
  } }), insituError('Cancelled', /cancelled/));
  assert.deepEqual(told, [1, 2, 3]);
});
