// Corrections of insitu/evaluate: inputs paired with labels that come later, as samples and as lines that the commands read.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Corrections, evaluate } from '../../../dist/evaluate.js';
import { model } from '../../support/onnx-writer.mjs';
import { Hand, rasterize } from '../../models/second-generator.mjs';
import { folderOf, insitu } from '../support/command-line.mjs';
import { Engine, flavours, insituError, tensor } from '../support/insitu.mjs';

const file = fileURLToPath(new URL('../../../models/handwriting/handwriting_int8.onnx', import.meta.url));
const one = (value) => ({ x: tensor([value], [1]) });
const idsOf = (corrections) => [...corrections].map(({ name }) => name);

let engine;
before(async () => (engine = await Engine.create({ flavour: flavours[0] })));
after(() => engine.dispose());

test('an input is held as it was, and its label may come later and change', () => {
  const corrections = new Corrections();
  const numbers = Float32Array.of(0.1);
  corrections.hold('a', { x: tensor(numbers, [1]) });
  numbers[0] = 9;
  corrections.hold('b', one(2));
  assert.equal(corrections.size, 0);
  corrections.label('b', 'two');
  corrections.label('a', 1, { hand: 'left' });
  corrections.label('b', 2);
  assert.deepEqual([...corrections], [
    { feeds: { x: { dtype: 'float32', dims: [1], data: Float32Array.of(0.1) } }, label: 1, name: 'a', metadata: { hand: 'left' } },
    { feeds: { x: { dtype: 'float32', dims: [1], data: Float32Array.of(2) } }, label: 2, name: 'b' },
  ]);
  corrections.clear();
  assert.equal(corrections.size, 0);
  assert.equal(corrections.toJsonLines(), '');
  assert.throws(() => corrections.label('a', 1), insituError('InvalidArgument', /'a' is not held/));
});

test('of inputs without a label the latest are held, and of those with one, too', () => {
  const corrections = new Corrections({ most: 2, waiting: 3 });
  for (const id of ['a', 'b', 'c', 'd']) corrections.hold(id, one(1));
  assert.throws(() => corrections.label('a', 1), insituError('InvalidArgument', /the latest 3/));
  for (const id of ['b', 'c', 'd']) corrections.label(id, 1);
  assert.deepEqual(idsOf(corrections), ['c', 'd']);
});

test('what no file could hold is refused when it comes', () => {
  const corrections = new Corrections();
  const refused = (call, pattern) => assert.throws(call, insituError('InvalidArgument', pattern));
  refused(() => new Corrections({ most: 0 }), /most is 0/);
  refused(() => new Corrections({ waiting: '8' }), /waiting is 8/);
  refused(() => corrections.hold('a', { x: null }), /'x' is no tensor/);
  refused(() => corrections.hold('a', { x: [tensor([1], [1])] }), /'x' is no tensor/);
  refused(() => corrections.hold('a', { x: tensor([1, NaN], [2]) }), /'x' holds NaN at 1/);
  refused(() => corrections.hold('a', { x: tensor(BigInt64Array.of(2n ** 60n), [1]) }), /holds 1152921504606846976 at 0/);
  corrections.hold('a', one(1));
  for (const label of [undefined, null, NaN, {}, [], ['1']]) refused(() => corrections.label('a', label), /the label is/);
});

test('evaluate() takes them, and insitu evaluate says the same of the file', async () => {
  const corrections = new Corrections();
  const session = await engine.load(file, { monitor: false });
  for (let i = 0; i < 40; i++) {
    const { digit, strokes } = new Hand(i).next();
    corrections.hold(`${i}`, { image: tensor(rasterize(strokes), [1, 1, 28, 28]) });
    corrections.label(`${i}`, i % 8 === 0 ? (digit + 1) % 10 : digit);
  }
  const { metrics } = await evaluate(session, corrections);
  assert(metrics.accuracy.value >= 0.8 && metrics.accuracy.value <= 0.875);
  const folder = folderOf({ 'corrections.jsonl': corrections.toJsonLines() });
  const { status, stdout, stderr } = await insitu('evaluate', file, '--data', join(folder, 'corrections.jsonl'), '--json', '-', '--flavour', flavours[0]);
  assert.equal(status, 0, stderr);
  assert.deepEqual(JSON.parse(stdout).metrics, JSON.parse(JSON.stringify(metrics)));
  await session.dispose();
});

test('strings and 64-bit integers come back as they were', async () => {
  const echo = model({
    nodes: [{ op: 'Identity', inputs: ['words'], outputs: ['said'] }, { op: 'Cast', inputs: ['number'], outputs: ['y'], attributes: { to: 1 } }],
    inputs: [{ name: 'words', dtype: 'string', dims: ['n'] }, { name: 'number', dtype: 'int64', dims: [1] }],
    outputs: [{ name: 'y', dtype: 'float32', dims: [1] }, { name: 'said', dtype: 'string', dims: ['n'] }],
  });
  const corrections = new Corrections();
  corrections.hold('a', { words: tensor(['7', 'b']), number: tensor(BigInt64Array.of(7n), [1]) });
  corrections.label('a', 7);
  const folder = folderOf({ 'echo.onnx': echo, 'corrections.jsonl': corrections.toJsonLines() });
  const { status, stdout, stderr } = await insitu('evaluate', join(folder, 'echo.onnx'), '--data', join(folder, 'corrections.jsonl'), '--json', '-', '--flavour', flavours[0]);
  assert.equal(status, 0, stderr);
  assert.equal(JSON.parse(stdout).metrics.mae.value, 0);
});
