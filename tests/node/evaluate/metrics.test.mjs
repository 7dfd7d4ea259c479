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

test('one number a sample: a logit, a probability that is NaN, and one that is none', async () => {
  const drawn = drawnClasses(expected.classification[0]), logit = (p) => Math.log(p / (1 - p));
  const of = (value, options) => evaluate(echo, drawn.map(({ row: [, p], label }) => sampleOf([value(p)], label)), options);
  const [one, logits] = [await of((p) => p), await of(logit, { logits: true })];
  assert.deepEqual([logits.task, logits.scores], ['classification', 'logits']);
  for (const name of ['accuracy', 'auc', 'logLoss', 'ece']) near(logits.metrics[name].value, one.metrics[name].value, name);
  assert.equal((await of(logit)).task, 'regression');
  const nan = await evaluate(echo, [sampleOf([0.9], 1), sampleOf([NaN], 1), sampleOf([0.2], 0)]);
  assert.deepEqual([nan.task, nan.undefined, nan.metrics.accuracy.value], ['classification', 1, 2 / 3]);
  await assert.rejects(evaluate(echo, [sampleOf([0.5], 1), sampleOf([1.5], 1)], { task: 'classification' }), insituError('InvalidArgument', /the output of sample 1 is 1\.5, which is no probability/));
});

test('the index of a class is below 2 ** 20', async () => {
  const of = (y, label) => evaluate(echo, [{ feeds: { y: tensor(BigInt64Array.of(BigInt(y)), [1]) }, label }]);
  const last = 2 ** 20 - 1;
  assert.equal((await of(last, 1)).metrics.accuracy.value, 0);
  await assert.rejects(of(last + 1, 1), insituError('InvalidArgument', /'y' of sample 0 is 1048576/));
  await assert.rejects(of(1, last + 1), insituError('InvalidArgument', /the label of sample 0 is 1048576/));
});

test('names of classes are looked for before text is read as a number', async () => {
  const labelled = (row, names, ...labels) => evaluate(echo, labels.map((label) => sampleOf(row, label)), { classes: names });
  const right = async (...given) => (await labelled(...given)).metrics.accuracy.value;
  assert.equal(await right([0.1, 0.2, 0.7], ['2', '010', '0'], '0'), 1);
  assert.equal(await right([0.1, 0.7, 0.2], ['2', '010', '0'], '010', '1', '1.0', '1.000e+00'), 1);
  for (const label of ['01', '0x1']) await assert.rejects(labelled([0.1, 0.7, 0.2], ['a', 'b', 'c'], label), insituError('InvalidArgument', /which is no class/));
  for (const label of ['1.5', '-1', '3']) await assert.rejects(labelled([0.1, 0.7, 0.2], ['a', 'b', 'c'], label), insituError('InvalidArgument', /the label of sample 0 is "/));
  // Of one number a sample as well.
  assert.equal(await right([0.9], ['1', '0'], '0', '0'), 1);
  assert.equal(await right([0.9], ['010', '020'], '020'), 1);
  assert.equal((await labelled([2.5], undefined, '2.5', '3.5')).metrics.mae.value, 0.5);
});

test('probabilities of 8 bits are read as such, and add up to 1', async () => {
  const rows = (...tops) => tops.map((top) => {
    const row = new Array(1000).fill(0);
    row[3] = top;
    for (let i = 10, rest = 0.72 * 256 - top * 256; rest > 0; rest--) row[i++] = 1 / 256;
    return sampleOf(row, 3);
  });
  const of = async (...tops) => evaluate(echo, rows(...tops));
  const [sure, unsure] = [await of(0.5), await of(0.25)], sum = Math.ceil(0.72 * 256 - 128) / 256 + 0.5;
  assert.deepEqual([sure.scores, unsure.scores], ['probabilities', 'probabilities']);
  near(sure.metrics.logLoss.value, -Math.log(0.5 / sum), 'logLoss');
  assert.ok(sure.metrics.logLoss.value < unsure.metrics.logLoss.value);
  const none = await evaluate(echo, [sampleOf(new Array(1000).fill(0), 3)]);
  near(none.metrics.logLoss.value, Math.log(1000), 'all rounded to 0');
  assert.equal((await evaluate(echo, [sampleOf([0.4, 0.58, 0], 1)])).scores, 'logits', 'of few classes bits take less');
  assert.equal((await evaluate(echo, [sampleOf([3, ...new Array(999).fill(0)].map((x) => x / 2), 1)])).scores, 'logits', 'no probability is above 1');
  // What the first row is, the others are.
  await assert.rejects(evaluate(echo, [...rows(0.5), sampleOf(new Array(1000).fill(0.1), 3)]), insituError('InvalidArgument', /scores of sample 1 add up to 100\.00/));
});

test('other labels have another digest', async () => {
  const of = async (...labels) => (await evaluate(echo, labels.map((label) => sampleOf([0.4, 0.6], label)))).labelDigest;
  assert.match(await of(0, 1), /^[0-9a-f]{8}$/);
  assert.equal(await of(0, 1), await of(false, '1'));
  assert.notEqual(await of(0, 1), await of(1, 0));
});

test('what does not fit is refused, by its name', async () => {
  const good = sampleOf([0.4, 0.6], 1);
  for (const [samples, options, pattern, code = 'InvalidArgument'] of [
    [[good], { task: 'detection' }, /the task is "detection"/], [[good], { topK: 0 }, /topK is 0/], [[good], { bins: '15' }, /bins is "15"/], [[good], { confidence: 95 }, /confidence is 95/],
    [[good], { output: 'z' }, /no output "z"/], [[good], { classes: ['a'] }, /1 names for 2 classes/], [[good], { logits: 1 }, /logits is 1/], [[good], { slices: 'all' }, /slices are "all"/],
    [[good], { slices: { bad: { column: 'a', like: 1 } } }, /slice 'bad' has the condition/], [[good], { slices: { bad: { column: 'nowhere', is: 1 } } }, /no column 'nowhere'/],
    [[sampleOf([0.4, 0.6], 2)], {}, /label of sample 0 is 2/], [[sampleOf([0.4, 0.6], 'cat')], {}, /label of sample 0 is "cat"/], [[good, sampleOf([3, 4], 0)], {}, /scores of sample 1 add up to 7.00/],
    [[{ ...good, metadata: { class: 1 } }], {}, /metadata 'class'/], [[{ ...good, metadata: { a: [] } }], {}, /'a' of sample 0/], [[{ ...good, metadata: { a: NaN } }], {}, /'a' of sample 0 is NaN/], [[null], {}, /sample 0 is null/], [[], {}, /none of 0 samples/],
    [5, {}, /samples are 5/], ['text', {}, /samples are/], [[sampleOf([2.5], 'high')], { task: 'regression' }, /label of sample 0/],
    [[{ feeds: { y: tensor([1, 2, 3, 4], [2, 2]) }, label: 0 }], {}, /\[2,2\]/, 'ShapeMismatch'],
  ]) await assert.rejects(evaluate(echo, samples, options), insituError(code, pattern), String(pattern));
  await assert.rejects(evaluate({}, [good]), insituError('InvalidArgument', /no session/));
  for (const pair of [[3, 2], [-1, 2], [1.5, 2], ['1', 2]]) assert.throws(() => wilson(...pair), insituError('InvalidArgument', /no proportion/));
  for (const list of [[2], ['0.1'], null, [NaN], [0.1, undefined], [0.1, , 0.2], 0.1]) assert.throws(() => benjaminiHochberg(list), insituError('InvalidArgument', /no p-value/));
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
