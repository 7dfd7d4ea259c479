// insitu/privacy: what rounded scores hide; randomised labels, whose likelihoods keep to epsilon exactly, and as answers and sequences
// of answers as they come; memory and budget; the estimate of a server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dist, insituError, tensor } from './support/insitu.mjs';
import { generator } from '../support/random.mjs';
import { excess, sequences } from './support/likelihood.mjs';

const { estimate, labelReporter, rounded } = await import(new URL('privacy.js', dist).href);

/* 64 bits from a seeded generator. */
function seeded(seed) {
  const { next } = generator(seed);
  const half = () => BigInt(Math.floor(next() * 2 ** 32));
  return (into) => into.forEach((_, i) => { into[i] = (half() << 32n) | half(); });
}

const storeOf = (kept = new Map()) => ({ kept, getItem: (name) => kept.get(name) ?? null, setItem: (name, text) => void kept.set(name, text) });
const question = { key: 'a' };

test('rounded scores tell no more than their decimals, in which order they come neither', () => {
  const scores = tensor([0.004, 0.3349, 0.3351, NaN, 0.3049, -0.001], [1, 6]);
  assert.deepEqual(rounded(scores, { topK: 3 }), [{ index: 2, score: 0.34 }, { index: 1, score: 0.33 }, { index: 4, score: 0.3 }]);
  assert.deepEqual(rounded(scores, { digits: 1, topK: 9 }).map(({ index, score }) => [index, score]), [[1, 0.3], [2, 0.3], [4, 0.3], [0, 0], [5, 0]]);
  assert.ok(rounded(scores, { digits: 1, topK: 9 }).every(({ score }) => !Object.is(score, -0)));
  assert.deepEqual(rounded(tensor([1, 2, 9, 3], [2, 2]), { row: 1, labels: ['cat', 'dog'] }), [{ index: 0, score: 9, label: 'cat' }]);
  const other = tensor([0.001, 0.3351, 0.3399, NaN, 0.2951, 0.002], [1, 6]);
  assert.notDeepEqual(rounded(scores, { digits: 4, topK: 5 }), rounded(other, { digits: 4, topK: 5 }));
  assert.deepEqual(rounded(scores, { digits: 1, topK: 5 }), rounded(other, { digits: 1, topK: 5 }));
  assert.throws(() => rounded(scores, { digits: 1.5 }), insituError('InvalidArgument', /digits is 1.5/));
  assert.throws(() => rounded(scores, { topK: 0 }), insituError('InvalidArgument', /k is 0/));
  for (const nothing of [undefined, null, {}, tensor(['a'])]) assert.throws(() => rounded(nothing), insituError('InvalidArgument', /no tensor of numbers/));
  assert.deepEqual(rounded(scores, null), rounded(scores));
  assert.throws(() => rounded(scores, { digits: 1n }), insituError('InvalidArgument', /digits is "1n"/));
});

/* e^x * 2^160, rounded down, for an x whose binary digits end at the 62nd behind the point, as those of doubles from 0.001 do. */
function exponential(x) {
  const one = 1n << 160n, scaled = BigInt(x * 2 ** 62) << 98n;
  let sum = one, term = one;
  for (let n = 1n; term > 0n; n++) sum += term = (term * scaled / one) / n;
  return sum;
}

/* The first of 2^64 outcomes that is answered otherwise than those before, by `answer`. */
async function change(answer) {
  let [low, high] = [0n, 1n << 64n];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (await answer(middle)) low = middle;
    else high = middle;
  }
  return high;
}

for (const [classes, epsilon] of [[2, 0.001], [2, 1], [2, 20], [3, 0.5], [11, 1], [1000, 4], [65_536, 0.001], [65_536, 20]]) {
  test(`outcomes of ${classes} classes keep to epsilon ${epsilon}, counted exactly`, async () => {
    const answered = (outcome, label) =>
      labelReporter({ classes, epsilon, budget: epsilon, store: storeOf(), random: (into) => into.fill(outcome) }).report(label, question);
    const last = classes - 1;
    const others = await change(async (outcome) => await answered(outcome, last) !== last);
    const each = await change(async (outcome) => await answered(outcome, last) === 0);
    assert.equal(each * BigInt(last), others);
    assert.equal(await answered(others - 1n, last), last - 1);
    assert.equal(await answered(each - 1n, 0), 1);
    const truth = (1n << 64n) - others;
    assert.ok(truth << 160n <= exponential(epsilon) * each, 'more likely than epsilon allows');
    assert.ok(truth << 160n > exponential(epsilon - 1e-9) * each, 'more than 1e-9 away from epsilon');
  });
}

/* `count` times what reporters that nobody has asked before answer to the labels, as one text. */
async function asked(count, options, labels, periods = () => '') {
  const tally = new Map();
  for (let i = 0; i < count; i++) {
    const reporter = labelReporter({ budget: Infinity, store: storeOf(), ...options }), answers = [];
    for (const [at, label] of labels.entries()) answers.push(await reporter.report(label, { ...question, period: periods(at) }));
    tally.set(answers.join(), (tally.get(answers.join()) ?? 0) + 1);
  }
  return tally;
}

for (const [classes, epsilon] of [[2, 0.5], [2, 3], [3, 1], [5, 0.5], [5, 2]]) {
  test(`answers to any two of ${classes} labels differ by e^${epsilon} at most, and by no less`, async () => {
    const options = { classes, epsilon, random: seeded(classes * 100 + epsilon) };
    const tallies = [];
    for (let label = 0; label < classes; label++) tallies.push(await asked(10_000, options, [label]));
    const { above, below } = excess(tallies, epsilon);
    assert.deepEqual([above, below], [0, 0]);
  });
}

test('a sequence of answers to one question costs epsilon once, whatever the labels become', async () => {
  const options = { classes: 3, epsilon: 1, random: seeded(7) };
  const tallies = [];
  for (const labels of sequences(3, 3)) tallies.push(await asked(3000, options, labels));
  assert.ok(tallies.every((tally) => [...tally.keys()].every((answers) => new Set(answers.split(',')).size === 1)));
  const { above, below } = excess(tallies, 1);
  assert.deepEqual([above, below], [0, 0]);
});

test('two periods cost twice epsilon', async () => {
  const options = { classes: 2, epsilon: 0.7, random: seeded(8) };
  const tallies = [];
  for (const labels of sequences(2, 2)) tallies.push(await asked(10_000, options, labels, String));
  assert.deepEqual(excess(tallies, 1.4), { above: 0, below: 0 });
  assert.ok(excess(tallies, 0.7).above > 0, 'what would be one period too little is not noticed');
});

test('the comparison notices what is wrong with a mechanism', async () => {
  const tallyOf = async (label, answer) => {
    const tally = new Map();
    for (let i = 0; i < 10_000; i++) {
      const given = await answer(label);
      tally.set(String(given), (tally.get(String(given)) ?? 0) + 1);
    }
    return tally;
  };
  const { next } = generator(9);
  const reporter = (epsilon) => (label) => labelReporter({ classes: 3, epsilon, budget: 9, store: storeOf(), random: seeded(next() * 2 ** 32) }).report(label, question);
  const broken = {
    'a larger epsilon': reporter(1.3), 'a smaller epsilon': reporter(0.7),
    'now and then the truth': (label) => (next() < 0.1 ? label : reporter(1)(label)),
    'never the next label': async (label) => (await reporter(1)(label).then((given) => (given === (label + 1) % 3 ? label : given))),
    'nothing, for one label': async (label) => (label === 2 && next() < 0.5 ? null : reporter(1)(label)),
  };
  for (const [name, answer] of Object.entries({ sound: reporter(1), ...broken })) {
    const tallies = [];
    for (const label of [0, 1, 2]) tallies.push(await tallyOf(label, answer));
    const { above, below } = excess(tallies, 1);
    assert.equal(above + below > 0, name !== 'sound', name);
  }
});

test('the same question has the same answer, and costs once, on the next visit too', async () => {
  const store = storeOf();
  const open = (seed, options) => labelReporter({ classes: 100, epsilon: 0.1, budget: 0.3, store, random: seeded(seed), ...options });
  const first = await open(1).report(3, question);
  assert.deepEqual(await Promise.all(Array.from({ length: 50 }, (_, i) => open(i).report(i, question))), Array(50).fill(first));
  assert.equal(await open(2).spent(), 0.1);
  const second = await open(2).report(3, { key: 'a', period: '2' });
  await open(3).report(3, { key: '__proto__' });
  assert.deepEqual([await open(4).spent('a'), await open(4).spent('__proto__'), await open(4).spent('b')], [0.2, 0.1, 0]);
  for (const key of ['b', 'a']) assert.equal(await open(5).report(3, { key, period: '3' }), null);
  assert.deepEqual([await open(6).report(9, question), await open(6).report(9, { key: 'a', period: '2' })], [first, second]);
  assert.ok(![...store.kept.values()].join().includes('label":'), 'a label is kept');
});

test('reporters in memory that are made anew, as by a component that mounts, answer and spend as the one before', async () => {
  const mount = (seed, options) => labelReporter({ classes: 1000, epsilon: 1, budget: 2, name: 'mounted', random: seeded(seed), ...options });
  const first = await mount(1).report(3, question);
  for (let seed = 2; seed < 20; seed++) assert.equal(await mount(seed).report(3, question), first);
  assert.equal(await mount(20).spent(), 1);
  const answers = await Promise.all(Array.from({ length: 9 }, (_, i) => mount(i).report(3, { key: `${i}` })));
  assert.equal(answers.filter((answer) => answer !== null).length, 1);
  assert.equal(await mount(21, { name: 'another' }).spent(), 0);
});

test('when the budget is used up there is no answer, whatever the label', async () => {
  for (let label = 0; label < 4; label++) {
    const reporter = labelReporter({ classes: 4, epsilon: 1, budget: 3.5, keyBudget: 2, store: storeOf(), random: seeded(label) });
    const answers = [];
    for (const [key, period] of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) answers.push(await reporter.report(label, { key, period }) === null);
    assert.deepEqual(answers, [false, false, true, false, true, true]);
  }
});

test('with another epsilon old answers are not given again, and what was spent stays spent', async () => {
  const store = storeOf(), base = { classes: 2, budget: 3, store };
  await labelReporter({ ...base, epsilon: 2 }).report(1, question);
  const careful = labelReporter({ ...base, epsilon: 1 });
  assert.notEqual(await careful.report(1, question), null);
  assert.equal(await careful.spent('a'), 3);
  assert.equal(await careful.report(1, { key: 'b' }), null);
  assert.equal(await labelReporter({ ...base, epsilon: 1, name: 'else' }).spent(), 0);
});

test('two mechanisms of one name remember each its own answers, and neither question is drawn or paid twice', async () => {
  const store = storeOf(), base = { classes: 1000, budget: 100, store };
  const make = (more) => (seed) => labelReporter({ ...base, ...more, random: seeded(seed) }).report(3, question);
  const kinds = [make({ epsilon: 1 }), make({ epsilon: 2 }), make({ epsilon: 1, classes: 999 })];
  const first = await Promise.all(kinds.map((ask, i) => ask(i)));
  for (let seed = 3; seed < 30; seed++) assert.equal(await kinds[seed % 3](seed), first[seed % 3]);
  const reporter = labelReporter({ ...base, epsilon: 2 });
  assert.deepEqual([await reporter.spent(), await reporter.spent('a')], [4, 4]);
  const { mechanisms } = JSON.parse(store.kept.get('labels'));
  assert.deepEqual(mechanisms.map(([classes, epsilon, keys]) => [classes, epsilon, keys.length]).sort(), [[1000, 1, 1], [1000, 2, 1], [999, 1, 1]]);
  store.kept.set('labels', JSON.stringify({ format: 'insitu-labels', version: 1, classes: 1000, epsilon: 2, keys: [] }));
  await assert.rejects(reporter.report(3, question), insituError('InvalidArgument', /damaged/));
});

test('questions that are asked at once by two reporters over one slow store share its budget', async () => {
  const { kept, ...fast } = storeOf();
  const later = (work) => new Promise((resolve) => { setTimeout(() => resolve(work()), 1); });
  const store = { getItem: (name) => later(() => fast.getItem(name)), setItem: (name, text) => later(() => fast.setItem(name, text)) };
  const reporters = [1, 2].map(() => labelReporter({ classes: 2, epsilon: 1, budget: 3, store }));
  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => reporters[i % 2].report(0, { key: String(i) })));
  assert.equal(answers.filter((answer) => answer !== null).length, 3);
  assert.equal(await reporters[0].spent(), 3);
});

test('an answer that cannot be kept is not given; a damaged store is not taken for an empty one', async () => {
  const store = storeOf();
  let full = true;
  const failing = { ...store, setItem: (name, text) => (full ? assert.fail('no room') : store.setItem(name, text)) };
  const reporter = labelReporter({ classes: 2, epsilon: 1, budget: 1, store: failing });
  await assert.rejects(reporter.report(0, question), insituError('Network', /no room/));
  assert.equal(await reporter.spent(), 0);
  full = false;
  assert.notEqual(await reporter.report(0, question), null);
  const kept = store.kept.get('labels');
  for (const damaged of [kept.slice(1), '{}', 'null', kept.replace(/\["a",1,/, '["a",null,'), kept.replace('[[2,1,', '[[2,null,'), kept.replace(/\[\["",[01]\]\]/, '[["",7]]')]) {
    assert.notEqual(damaged, kept);
    store.kept.set('labels', damaged);
    await assert.rejects(reporter.report(0, question), insituError('InvalidArgument', /damaged/), damaged);
  }
});

test('without a source of its own it draws from the platform', async () => {
  const answers = new Set();
  for (let i = 0; i < 200; i++) answers.add(await labelReporter({ classes: 2, epsilon: 0.001, budget: 1, store: storeOf() }).report(0, question));
  assert.deepEqual([...answers].sort(), [0, 1]);
});

test('options and labels of wrong kinds are refused', async () => {
  const good = { classes: 3, epsilon: 1, budget: 2, store: storeOf() };
  for (const [bad, pattern] of [[{ classes: 1 }, /classes is 1/], [{ classes: 2.5 }, /classes/], [{ classes: '3' }, /classes/], [{ epsilon: 0 }, /epsilon is 0/],
    [{ epsilon: NaN }, /epsilon/], [{ epsilon: '1' }, /epsilon/], [{ budget: 0.5 }, /budget is 0.5/], [{ budget: undefined }, /budget/], [{ keyBudget: '2' }, /keyBudget/],
    [{ store: {} }, /store/], [{ store: null }, /store/], [{ store: 'disk' }, /store/], [{ name: '../x' }, /name/],
    [{ classes: 3n }, /classes is "3n"/], [{ epsilon: Symbol('e') }, /epsilon is Symbol/], [{ name: 1n }, /name is "1n"/], [{ store: Object.create(null) }, /store/], [{ random: 5 }, /random is a number/], [{ random: null }, /random/],
    [{ keybudget: 1 }, /'keybudget' is unknown\. Known: classes, /]]) {
    assert.throws(() => labelReporter({ ...good, ...bad }), insituError('InvalidArgument', pattern), String(pattern));
  }
  for (const nothing of [undefined, null, 5, Object.create(good)]) assert.throws(() => labelReporter(nothing), insituError('InvalidArgument', /^options is /));
  const reporter = labelReporter(good);
  for (const label of [-1, 3, 0.5, '1', NaN, 1n, Symbol('1'), Object.create(null)]) await assert.rejects(reporter.report(label, question), insituError('InvalidArgument', /the label is/));
  for (const bad of [undefined, {}, { key: 1 }, { key: 'x'.repeat(101) }, { key: 'a', period: new Date() }]) {
    await assert.rejects(reporter.report(0, bad), insituError('InvalidArgument', /the (key|period) is/));
  }
  assert.equal(await reporter.spent(), 0);
});

test('the estimate is unbiased, and its interval holds the truth as often as it says', async () => {
  const shares = [0.5, 0.3, 0.15, 0.05, 0], epsilon = 1, people = 2000, rounds = 300;
  const random = seeded(11), { next } = generator(12);
  const truth = Math.exp(epsilon) / (Math.exp(epsilon) + 4), other = (1 - truth) / 4;
  const sums = shares.map(() => 0), inside = shares.map(() => 0);
  // The mechanism itself, which the tests above have compared with its formula: reporters would take minutes.
  const into = new BigUint64Array(1);
  const report = (label) => {
    random(into);
    const u = Number(into[0] >> 11n) / 2 ** 53;
    if (u < truth) return label;
    const at = Math.min(3, Math.floor((u - truth) / other));
    return at < label ? at : at + 1;
  };
  for (let round = 0; round < rounds; round++) {
    const counts = shares.map(() => 0);
    for (let i = 0; i < people; i++) {
      const u = next();
      let label = 0;
      for (let sum = shares[0]; u >= sum && label < 3; sum += shares[label]) label++;
      counts[report(label)]++;
    }
    estimate(counts, { epsilon }).forEach(({ share, low, high }, label) => {
      sums[label] += share;
      inside[label] += Number(low <= shares[label] && shares[label] <= high);
    });
  }
  shares.forEach((share, label) => {
    const reported = other + share * (truth - other);
    const error = Math.sqrt(reported * (1 - reported) / people / rounds) / (truth - other);
    assert.ok(Math.abs(sums[label] / rounds - share) < 4 * error, `${label}: ${sums[label] / rounds} instead of ${share}`);
    assert.ok(inside[label] / rounds > 0.91 && (share === 0 || inside[label] / rounds < 0.985), `${label}: ${inside[label]} of ${rounds}`);
  });
});

test('the interval is that of Wilson, at any confidence', () => {
  // Of 100 reports 30: Wilson's 95 % interval is 0.2189 to 0.3958; with a great epsilon next to nothing is taken back.
  const [{ share, low, high }] = estimate([30, 70], { epsilon: 20 });
  for (const [actual, expected] of [[share, 0.3], [low, 0.21895], [high, 0.39585]]) assert.ok(Math.abs(actual - expected) < 1e-4, `${actual}`);
  const [wide] = estimate([30, 70], { epsilon: 20, confidence: 0.99 });  // z = 2.5758
  assert.ok(Math.abs(wide.low - 0.19746) < 1e-4 && Math.abs(wide.high - 0.42743) < 1e-4, JSON.stringify(wide));
  assert.ok(estimate([0, 100], { epsilon: 0.5 })[0].share < 0);
  const counts = [[], [3], [0, 0], [1.5, 2], [-1, 2], ['1', 2], null, undefined, 5, '12', new Set([1, 2]), { 0: 1, 1: 2, length: 2 }, [1, , 2], [1n, 2n], BigInt64Array.of(1n, 2n), [1e308, 1e308]];
  for (const bad of counts) assert.throws(() => estimate(bad, { epsilon: 1 }), insituError('InvalidArgument', /counts/));
  assert.deepEqual(estimate(Uint32Array.of(30, 70), { epsilon: 1 }), estimate([30, 70], { epsilon: 1 }));
  for (const nothing of [undefined, null]) assert.throws(() => estimate([1, 2], nothing), insituError('InvalidArgument', /epsilon is undefined/));
  for (const epsilon of [0, NaN, Infinity, undefined, '1', 1n, Symbol('1')]) assert.throws(() => estimate([1, 2], { epsilon }), insituError('InvalidArgument', /epsilon/));
  assert.throws(() => estimate([1, 2], { epsilon: 1, confidence: 95 }), insituError('InvalidArgument', /confidence/));
});
