// insitu cost: what it measures, what it makes of prices, as lines, JSON and Markdown, and what it refuses before it measures.
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { model as writeModel } from '../support/onnx-writer.mjs';
import { folderOf, insitu } from './support/command-line.mjs';
import { dist, flavours } from './support/insitu.mjs';

const { cost } = await import(new URL('cost.js', dist).href);
const model = fileURLToPath(new URL('../../models/handwriting/handwriting_int8.onnx', import.meta.url));
const flavour = ['--flavour', flavours[0], '--runs', '3'];
const prices = {
  currency: 'EUR', requestsPerUserMonth: 300, visitsPerUserMonth: 10, serverMs: 20, instancePricePerHour: 0.36, parallelRequests: 2,
  utilisation: 0.5, cacheHitRate: 0.8, cdnPricePerGb: 0.05, deviceWatts: 3,
};
const folder = folderOf({
  'prices.json': prices, 'example.json': { ...prices, example: true }, 'own.json': { ...prices, deviceMs: 12.5, engineBytes: 600_000, modelBytes: 400_000 },
});
const file = (name) => join(folder, name);

test('without prices: what is measured, and what is missing', async () => {
  const { status, stdout, stderr } = await insitu('cost', model, ...flavour, '--json', file('plain.json'));
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^measured:\n {2}deviceMs +[\d.]+ {2}median of 3 runs under Node, .*; p95 needs 130 runs\n/);
  assert.match(stdout, /\nnot given:\n {2}requestsPerUserMonth, visitsPerUserMonth, users,/);
  assert.match(stdout, /\nNo break-even: what a request costs in the cloud and what delivery to the device costs cannot be told from what is given\.\n$/);
  assert.doesNotMatch(stdout, /computed|left out/);
  const { measured, given, breakEven, ...rest } = JSON.parse(readFileSync(file('plain.json'), 'utf8'));
  const bytes = readFileSync(model);
  const engine = ['index.js', 'insitu/worker.js', `insitu-${flavours[0]}.mjs`, `insitu-${flavours[0]}.wasm`].map((name) => fileURLToPath(new URL(name, dist)));
  assert.equal(measured.modelBytesRaw, bytes.length);
  assert.equal(measured.modelBytes, brotliCompressSync(bytes).length);
  assert.equal(measured.engineBytesRaw, engine.reduce((sum, path) => sum + statSync(path).size, 0));
  assert.ok(measured.engineBytes > 100_000 && measured.engineBytes < measured.engineBytesRaw / 2);
  assert.ok(measured.deviceMs > 0 && measured.p95Ms === null);
  assert.deepEqual(given, { deviceMs: measured.deviceMs, modelBytes: measured.modelBytes, engineBytes: measured.engineBytes });
  assert.equal(breakEven.kind, 'unknown');
  assert.deepEqual([rest.model, rest.flavour, rest.runs, rest.currency, rest.example], [model, flavours[0], 3, '', false]);
});

test('with prices: each formula with its numbers, the same in all forms', async () => {
  const { status, stdout, stderr } = await insitu('cost', model, ...flavour, '--prices', file('own.json'), '--json', file('own.out'), '--markdown', file('own.md'));
  assert.equal(status, 0, stderr);
  assert.match(stdout, /\n {2}instancesPerRequest 0\.000002 EUR per request\n {4}= instancePricePerHour \/ 3,600,000 × serverMs \/ \(parallelRequests × utilisation\)\n {4}= 0\.36 \/ 3,600,000 × 20 \/ \(2 × 0\.5\)\n/);
  assert.match(stdout, /\n {2}deliveryPerUserMonth 0\.0001 EUR per user and month\n.*\n {4}= 10 × \(1 − 0\.8\) × \(600,000 \+ 400,000\) \/ 1,000,000,000 × 0\.05\n/);
  assert.match(stdout, /\nleft out:\n(.*\n)* {2}electricityPerRequest +needs electricityPricePerKwh\n/);
  assert.match(stdout, /\nThe device is cheaper from 50 requests per user and month on, 5 per visit\.\nAt 300 requests .* the cloud costs 0\.0006 EUR per user and month, the device 0\.0001 EUR\.\n$/);
  assert.doesNotMatch(stdout, /example/);
  const { given, lines, values, leftOut, notGiven, breakEven, cheaper } = JSON.parse(readFileSync(file('own.out'), 'utf8'));
  assert.equal(given.deviceMs, 12.5);
  assert.deepEqual({ given, lines, values, leftOut, notGiven, breakEven, cheaper }, cost(given));
  const text = readFileSync(file('own.md'), 'utf8');
  assert.match(text, /^# What it costs\n\nThe device is cheaper from 50 requests/);
  for (const { name, formula, inserted } of lines) assert.ok(text.includes(`| ${formula} | ${inserted} |`), name);
  for (const { name, missing } of leftOut) assert.ok(text.includes(`| ${name} | needs ${missing.join(', ')} |`), name);
  const columns = text.split('\n').filter((line) => line.startsWith('|')).map((line) => line.split('|').length);
  assert.deepEqual([...new Set(columns)].sort(), [4, 5, 7]);
});

test('what is measured stands in for what is not typed, and an example says that it is one', async () => {
  const { stdout } = await insitu('cost', model, ...flavour, '--prices', file('example.json'));
  assert.match(stdout, /\ngiven, as an example:\n/);
  assert.match(stdout, /\nThe prices are an example: invented, not anybody's\.\n/);
  const [, packed] = /modelBytes +([\d,]+)/.exec(stdout);
  assert.match(stdout, new RegExp(`= 10 × \\(1 − 0\\.8\\) × \\([\\d,]+ \\+ ${packed}\\) / `));
  const { stdout: markdown, stderr } = await insitu('cost', model, ...flavour, '--prices', file('example.json'), '--markdown', '-');
  assert.match(markdown, /^# What it costs\n\nThe prices are an example/);
  assert.equal(stderr, '');
});

test('external data counts as part of the model', async () => {
  const weights = Buffer.from(Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i)).buffer);
  const bytes = writeModel({
    nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
    inputs: [{ name: 'x', dtype: 'float32', dims: [1000] }], outputs: [{ name: 'y', dtype: 'float32', dims: [1000] }],
    initializers: [{ name: 'w', dtype: 'float32', dims: [1000], external: { location: 'w.data', offset: 0, length: weights.length } }],
  });
  const beside = folderOf({ 'model.onnx': bytes, 'w.data': weights, 'other.data': weights });
  const { stdout, stderr } = await insitu('cost', beside, ...flavour, '--json', '-');
  assert.equal(stderr, '');
  const { measured } = JSON.parse(stdout);
  assert.equal(measured.modelBytesRaw, bytes.length + weights.length);
  assert.equal(measured.modelBytes, brotliCompressSync(bytes).length + brotliCompressSync(weights).length);
});

test('wrong uses and wrong prices are refused before anything is measured, and nothing is written over what is read', async () => {
  const wrong = folderOf({
    'negative.json': { cdnPricePerGb: -1 }, 'text.json': { users: '5' }, 'unknown.json': { price: 1 }, 'list.json': [1], 'broken.json': '{', 'currency.json': { currency: 'a|b' },
    'example.json': { example: 'yes' },
  });
  const cases = [
    ['negative.json', /^InvalidArgument: cdnPricePerGb is -1: less than 0\n/], ['text.json', /users is "5": not a number/], ['unknown.json', /no number 'price'/],
    ['list.json', /is no JSON object/], ['broken.json', /cannot read .*broken\.json/], ['currency.json', /the currency of .* is "a\|b"/], ['example.json', /"example" of .* is "yes"/],
    ['none.json', /cannot read .*none\.json/],
  ];
  for (const [name, pattern] of cases) {
    const { status, stdout, stderr } = await insitu('cost', 'no-model.onnx', '--prices', join(wrong, name));
    assert.deepEqual([status, stdout], [1, ''], name);
    assert.match(stderr, pattern);
  }
  const missing = await insitu('cost', join(wrong, 'no-model.onnx'));
  assert.deepEqual([missing.status, missing.stdout], [1, '']);
  for (const [args, pattern] of [
    [['cost'], /pass one MODEL/], ...['cost', 'bench'].map((command) => [[command, model, '--runs', '1'.padEnd(23, '0')], /--runs wants 1,000,000 or fewer, not 10+$/m]), [['cost', model, '--runs', '0'], /--runs wants a whole number/],
    [['cost', model, '--json', '-', '--markdown', '-'], /cannot both have standard output/],
    [['cost', model, '--prices', file('prices.json'), '--json', file('prices.json')], /--json names the file of --prices itself/],
    [['cost', model, '--markdown', model], /--markdown names MODEL itself/], [['cost', model, '--markdown', file('x'), '--json', file('x')], /names the file of --json/],
  ]) {
    const { status, stderr } = await insitu(...args);
    assert.equal(status, 2, stderr);
    assert.match(stderr, pattern);
  }
  assert.deepEqual(JSON.parse(readFileSync(file('prices.json'), 'utf8')), prices);
});
