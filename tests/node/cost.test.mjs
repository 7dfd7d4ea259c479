// insitu/cost: its formulas by hand, by another evaluation of their texts and by what has to hold for any numbers; break-even at its
// edges; what is not given; what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generator } from '../support/random.mjs';
import { dist, insituError } from './support/insitu.mjs';

const { cost, costFields, costFormulas } = await import(new URL('cost.js', dist).href);
const names = Object.keys(costFields);

/* 100 Wh a day of a server, round prices: every result below was computed by hand. */
const given = {
  requestsPerUserMonth: 400, visitsPerUserMonth: 10, users: 1000, deviceMs: 50, serverMs: 36,
  instancePricePerHour: 2, parallelRequests: 4, utilisation: 0.5, pricePerMillionRequests: 0.2, memoryGb: 2, pricePerGbSecond: 0.0001,
  egressBytes: 1000, egressPricePerGb: 0.1, ingressBytes: 50_000, ingressPricePerGb: 0.02,
  engineBytes: 700_000, modelBytes: 300_000, cacheHitRate: 0.75, cdnPricePerGb: 0.04,
  deviceWatts: 3.6, electricityPricePerKwh: 0.3, batteryWh: 10, serverWatts: 200, deviceGramsPerKwh: 400, serverGramsPerKwh: 100,
};
const byHand = {
  instancesPerRequest: 1e-5,              // 100,000 requests an hour on one, of which 4 at once half of the time: 200,000 for 2
  invocationPerRequest: 2e-7,
  memoryPerRequest: 7.2e-6,               // 2 GB for 36 ms are 0.072 GB s
  egressPerRequest: 1e-7,
  ingressPerRequest: 1e-6,
  cloudPerRequest: 1.85e-5,
  cloudPerUserMonth: 7.4e-3,
  deliveryPerUserMonth: 1e-4,             // 2.5 visits of a megabyte
  deviceWhPerRequest: 5e-5,               // 0.18 J
  electricityPerRequest: 1.5e-8,
  devicePerRequest: 1.5e-8,
  devicePerUserMonth: 1.06e-4,
  breakEvenPerUserMonth: 1e-4 / 1.8485e-5,
  breakEvenPerVisit: 1e-5 / 1.8485e-5,
  savedPerUserMonth: 7.294e-3,
  savedPerMonth: 7.294,
  deviceWhPerUserMonth: 0.02,
  batteriesPerUserMonth: 0.002,
  serverWhPerRequest: 1e-3,               // 7.2 J, of an instance that makes two at once on average
  serverWhPerUserMonth: 0.4,
  deviceGramsPerUserMonth: 0.008,
  serverGramsPerUserMonth: 0.04,
};
const near = (actual, expected, what, tolerance = 1e-12) =>
  assert.ok(Math.abs(actual - expected) <= tolerance * Math.max(Math.abs(expected), 1e-300), `${what}: ${actual} instead of ${expected}`);

test('every result is what it is by hand', () => {
  const { values, lines, leftOut, notGiven, cheaper, breakEven } = cost(given);
  assert.deepEqual(Object.keys(values), Object.keys(byHand));
  for (const [name, value] of Object.entries(byHand)) near(values[name], value, name);
  assert.deepEqual(lines.map(({ name }) => name), costFormulas.map(({ name }) => name));
  assert.deepEqual([leftOut, notGiven, cheaper], [[], [], 'device']);
  assert.deepEqual(breakEven, { kind: 'at', requestsPerUserMonth: values.breakEvenPerUserMonth, requestsPerVisit: values.breakEvenPerVisit });
});

/* Numbers of any size, within the bounds of their fields. */
function anyNumbers({ next }) {
  return Object.fromEntries(names.map((name) => [name, costFields[name].most === 1 ? 0.05 + 0.9 * next() : 10 ** (8 * next() - 4)]));
}

test('what is shown is what is computed: the texts, evaluated by JavaScript itself, and the lines with their numbers', () => {
  const random = generator(1);
  for (let i = 0; i < 50; i++) {
    const numbers = anyNumbers(random);
    const known = { ...numbers };
    const { values, lines } = cost(numbers);
    for (const { name, text } of costFormulas) {
      if (values[name] === undefined) {
        assert.ok(/^breakEven/.test(name) && !(known.cloudPerRequest > known.devicePerRequest), name);
        continue;
      }
      const value = new Function(...Object.keys(known), `return ${text}`)(...Object.values(known));
      near(values[name], value, name);
      known[name] = value;
    }
    const plain = (shown) => new Function(`return ${shown.replaceAll(',', '').replaceAll('×', '*').replaceAll('−', '- ')}`)();
    // A difference of rounded numbers is as exact as they are.
    for (const { name, inserted, value } of lines) if (!/^(saved|breakEven)/.test(name)) near(plain(inserted), value, `${name} = ${inserted}`, 2e-5);
  }
});

test('numbers that were given are shown as they are, and sums hold what is known', () => {
  const lines = Object.fromEntries(cost({ ...given, pricePerGbSecond: 0.00001666667, users: 12_345_678, ingressBytes: undefined, electricityPricePerKwh: undefined })
    .lines.map((line) => [line.name, line]));
  assert.equal(lines.memoryPerRequest.inserted, '0.00001666667 × 2 × 36 / 1,000');
  assert.match(lines.savedPerMonth.inserted, / × 12,345,678$/);
  assert.equal(lines.deliveryPerUserMonth.inserted, '10 × (1 − 0.75) × (700,000 + 300,000) / 1,000,000,000 × 0.04');
  assert.equal(lines.deliveryPerUserMonth.formula, 'visitsPerUserMonth × (1 − cacheHitRate) × (engineBytes + modelBytes) / 1,000,000,000 × cdnPricePerGb');
  assert.equal(lines.cloudPerRequest.formula, 'instancesPerRequest + invocationPerRequest + memoryPerRequest + egressPerRequest');
  assert.deepEqual([lines.devicePerRequest.formula, lines.devicePerRequest.value], ['0', 0]);
});

const inCloud = ['instancePricePerHour', 'pricePerMillionRequests', 'pricePerGbSecond', 'egressPricePerGb', 'ingressPricePerGb'];
const onDevice = ['cdnPricePerGb', 'electricityPricePerKwh'];

test('a higher price makes its own side dearer, and the break-even moves away from it', () => {
  const random = generator(2);
  for (let i = 0; i < 50; i++) {
    const numbers = anyNumbers(random);
    const before = cost(numbers).values;
    for (const [prices, own, other] of [[inCloud, 'cloudPerUserMonth', 'devicePerUserMonth'], [onDevice, 'devicePerUserMonth', 'cloudPerUserMonth']]) {
      for (const price of prices) {
        const { values } = cost({ ...numbers, [price]: 1e6 * numbers[price] });
        assert.ok(values[own] > before[own], `${price} and ${own}`);
        assert.equal(values[other], before[other]);
        if (before.breakEvenPerUserMonth === undefined || values.breakEvenPerUserMonth === undefined) continue;
        const moved = values.breakEvenPerUserMonth - before.breakEvenPerUserMonth;
        assert.ok(prices === inCloud ? moved < 0 : moved > 0, `${price} moves the break-even by ${moved}`);
      }
    }
  }
});

test('at the break-even both cost the same; below it the cloud is cheaper, above it the device', () => {
  const random = generator(3);
  let found = 0;
  for (let i = 0; i < 200; i++) {
    const numbers = anyNumbers(random);
    const { breakEven, values } = cost(numbers);
    if (breakEven.kind !== 'at' || values.cloudPerRequest < 1.001 * values.devicePerRequest || breakEven.requestsPerUserMonth > 1e12) continue;
    found++;
    const at = (times) => cost({ ...numbers, requestsPerUserMonth: times * breakEven.requestsPerUserMonth });
    near(at(1).values.cloudPerUserMonth, at(1).values.devicePerUserMonth, 'cloud and device', 1e-9);
    assert.deepEqual([at(0.99).cheaper, at(1.01).cheaper], ['cloud', 'device']);
    near(breakEven.requestsPerVisit * numbers.visitsPerUserMonth, breakEven.requestsPerUserMonth, 'per visit');
  }
  assert.ok(found > 50, `${found}`);
});

test('always, never, equal, unknown', () => {
  const side = { pricePerMillionRequests: 1, visitsPerUserMonth: 1, cacheHitRate: 0, engineBytes: 1e6, modelBytes: 0, cdnPricePerGb: 1, requestsPerUserMonth: 2000 };
  const kind = (numbers) => cost({ ...side, ...numbers }).breakEven.kind;
  near(cost(side).breakEven.requestsPerUserMonth, 1000, 'a megabyte for a thousandth, requests for a millionth');
  assert.equal(kind({ cdnPricePerGb: 0 }), 'always');
  assert.equal(kind({ cacheHitRate: 1 }), 'always');
  assert.equal(kind({ pricePerMillionRequests: 0 }), 'never');
  assert.equal(kind({ pricePerMillionRequests: 0, cdnPricePerGb: 0 }), 'equal');
  const electricity = { deviceWatts: 3600, deviceMs: 1000, electricityPricePerKwh: 0.001 };  // a Wh a request, for a millionth
  assert.equal(kind(electricity), 'never');
  assert.equal(kind({ ...electricity, cdnPricePerGb: 0 }), 'equal');
  assert.equal(kind({ ...electricity, cdnPricePerGb: 0, pricePerMillionRequests: 0.5 }), 'never');
  const never = cost({ ...side, pricePerMillionRequests: 0 });
  assert.deepEqual([never.cheaper, never.values.breakEvenPerUserMonth, never.leftOut.filter(({ name }) => /^breakEven/.test(name))], ['cloud', undefined, []]);
  assert.equal(cost({ ...side, cdnPricePerGb: 0, pricePerMillionRequests: 0 }).cheaper, 'equal');
  assert.deepEqual(cost({ ...side, pricePerMillionRequests: undefined }).breakEven, { kind: 'unknown', missing: ['cloudPerRequest'] });
  assert.deepEqual(cost({ ...side, cacheHitRate: undefined }).breakEven, { kind: 'unknown', missing: ['deliveryPerUserMonth'] });
  assert.equal(cost({ ...side, requestsPerUserMonth: undefined }).cheaper, null);
  assert.equal(cost({ ...side, requestsPerUserMonth: undefined }).breakEven.kind, 'at');
});

test('nothing has a default: what is not given leaves out what needs it, and is named', () => {
  const nothing = cost({});
  assert.deepEqual(nothing.notGiven, names);
  assert.deepEqual(nothing.values, { devicePerRequest: 0 });
  assert.equal(nothing.leftOut.length, costFormulas.length - 1);
  const textOf = Object.fromEntries(costFormulas.map(({ name, text }) => [name, text.match(/[a-z]\w*/gi)]));
  const sums = ['cloudPerRequest', 'devicePerRequest'];
  const needs = (formula, field) => !sums.includes(formula) && textOf[formula].some((name) => name === field || (name in textOf && needs(name, field)));
  for (const field of names) {
    const { leftOut, notGiven } = cost({ ...given, [field]: undefined });
    assert.deepEqual(notGiven, [field]);
    assert.deepEqual(leftOut.map(({ name }) => name), costFormulas.map(({ name }) => name).filter((name) => needs(name, field)), field);
    for (const { name, missing } of leftOut) assert.ok(missing.length > 0 && missing.every((what) => textOf[name].includes(what)), name);
  }
  assert.deepEqual(cost({ ...given, ...Object.fromEntries(inCloud.map((price) => [price, undefined])) }).leftOut.find(({ name }) => name === 'cloudPerRequest'), {
    name: 'cloudPerRequest', label: 'Cloud', unit: 'money per request', oneIsEnough: true,
    missing: ['instancesPerRequest', 'invocationPerRequest', 'memoryPerRequest', 'egressPerRequest', 'ingressPerRequest'],
  });
});

test('numbers that cannot be are refused, by name', () => {
  for (const name of names) {
    for (const wrong of [-1, NaN, Infinity, '1', null, 1n, [1], true]) assert.throws(() => cost({ [name]: wrong }), insituError('InvalidArgument', new RegExp(`^${name} is `)));
    assert.doesNotThrow(() => cost({ [name]: costFields[name].least }) && cost({ [name]: costFields[name].most }));
  }
  for (const name of ['visitsPerUserMonth', 'parallelRequests', 'utilisation', 'batteryWh']) assert.throws(() => cost({ [name]: 0 }), insituError('InvalidArgument', /is 0: less than/));
  for (const name of ['utilisation', 'cacheHitRate']) assert.throws(() => cost({ [name]: 1.01 }), insituError('InvalidArgument', /is 1.01: more than 1/));
  assert.throws(() => cost({ price: 1 }), insituError('InvalidArgument', /no number 'price'/));
  for (const wrong of [undefined, null, 5, 'a', [1]]) assert.throws(() => cost(wrong), insituError('InvalidArgument', /a comparison is made of/));
  const extremes = Object.fromEntries(names.map((name) => [name, costFields[name].most]));
  assert.ok(Object.values(cost({ ...extremes, parallelRequests: 1e-9, utilisation: 1e-9, visitsPerUserMonth: 1e-9 }).values).every(Number.isFinite));
});
