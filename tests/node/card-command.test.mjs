// insitu card: what it writes is CycloneDX 1.6 as its official schema has it, and says what the model, the data and the evaluation say.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { folderOf, insitu } from './support/command-line.mjs';
import { flavours } from './support/insitu.mjs';
import { model } from '../support/onnx-writer.mjs';
import { sha256 } from '../support/signer.mjs';

const digits = readFileSync(new URL('../../models/handwriting/handwriting_int8.onnx', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const wrongIn = (text) => new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text);

const evaluation = (change = {}) => ({
  format: 'insitu-evaluation/1', model: { name: 'digits.onnx', sha256: sha256(digits) }, task: 'classification', samples: 3,
  metrics: { accuracy: { value: 0.5, low: 0.25, high: 0.75 }, auc: { value: null }, ece: { value: 0.125 }, odd: 'x', list: [1] },
  slices: { metric: 'accuracy', slices: [{ name: 'hand=left', value: 0.25, low: null, high: 1 }, { value: 1 }, null, { name: 'n', value: 1, low: 0.5, high: 1 }] },
  more: {}, ...change,
});

const folderWith = (given = evaluation()) => folderOf({ 'digits.onnx': digits, 'evaluation.json': given, 'data/a': 'a', 'labels.csv': 'x' });

test('a card with everything is valid, says it all, and comes out the same again', async () => {
  const cards = [];
  for (const folder of [folderWith(), folderWith()]) {
    const at = (name) => join(folder, name);
    const { status, stdout, stderr } = await insitu('card', at('digits.onnx'), '--name', 'digits', '--version', '1.1.0', '--description', 'reads digits', '--license', 'Apache-2.0 OR MIT',
      '--task', 'image classification', '--approach', 'supervised', '--family', 'convolutional network', '--architecture', 'six layers',
      '--data', `training=${at('data')}`, '--data', `evaluation=${at('labels.csv')}`, '--evaluation', at('evaluation.json'), '--user', 'readers', '--use-case', 'a demonstration',
      '--limitation', 'no letters', '--limitation', 'no words', '--tradeoff', 'small, so less accurate', '--risk', 'wrong digits=the watch', '--when', '2026-01-31T12:00:00Z',
      '--flavour', flavours[0]);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, `written to ${at('digits.onnx.cdx.json')}\n`);
    cards.push(readFileSync(at('digits.onnx.cdx.json'), 'utf8'));
  }
  assert.equal(cards[0], cards[1]);
  assert.equal(await wrongIn(cards[0]), null);
  const { bomFormat, specVersion, serialNumber, metadata, components } = JSON.parse(cards[0]);
  assert.deepEqual([bomFormat, specVersion, metadata.timestamp], ['CycloneDX', '1.6', '2026-01-31T12:00:00Z']);
  assert.match(serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(metadata.tools.components, [{ type: 'application', name: 'insitu', version }]);
  const { component } = metadata;
  assert.deepEqual([component.type, component.name, component.version, component.description], ['machine-learning-model', 'digits', '1.1.0', 'reads digits']);
  assert.deepEqual([component.hashes, component.licenses], [[{ alg: 'SHA-256', content: sha256(digits) }], [{ expression: 'Apache-2.0 OR MIT' }]]);
  assert.deepEqual(component.modelCard, {
    modelParameters: {
      approach: { type: 'supervised' }, task: 'image classification', architectureFamily: 'convolutional network', modelArchitecture: 'six layers',
      datasets: [{ ref: 'data-1' }, { ref: 'data-2' }],
      inputs: [{ format: 'image: float32 [batch,1,28,28]' }], outputs: [{ format: 'probabilities: float32 [batch,11]' }],
    },
    quantitativeAnalysis: {
      performanceMetrics: [
        { type: 'accuracy', value: '0.5', confidenceInterval: { lowerBound: '0.25', upperBound: '0.75' } }, { type: 'ece', value: '0.125' },
        { type: 'accuracy', value: '0.25', slice: 'hand=left' },
        { type: 'accuracy', value: '1', slice: 'n', confidenceInterval: { lowerBound: '0.5', upperBound: '1' } },
      ],
    },
    considerations: {
      users: ['readers'], useCases: ['a demonstration'], technicalLimitations: ['no letters', 'no words'], performanceTradeoffs: ['small, so less accurate'],
      ethicalConsiderations: [{ name: 'wrong digits', mitigationStrategy: 'the watch' }],
    },
  });
  const property = (name) => component.properties.find((one) => one.name === `insitu:${name}`).value;
  assert.deepEqual([property('bytes'), property('opset:ai.onnx'), property('parameters')], [String(digits.length), '17', '44395']);
  assert.match(property('operators'), /^Conv 6|, Conv 6/);
  assert.deepEqual(components.map(({ type, name, hashes: [{ content }], data: [{ type: kind }], 'bom-ref': ref }) => [type, name, content, kind, ref]), [
    ['data', 'data', sha256(`${sha256('a')}  a\n`), 'dataset', 'data-1'], ['data', 'labels.csv', sha256('x'), 'dataset', 'data-2']]);
});

test('a card of a model alone is valid; external data has its digests', async () => {
  const value = (name) => ({ name, dtype: 'float32', dims: [2] });
  const external = Buffer.from(model({
    nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }], inputs: [value('x')], outputs: [value('y')],
    initializers: [{ ...value('w'), external: { location: 'w.bin', offset: 0, length: 8 } }],
  }));
  const folder = folderOf({ 'm.onnx': external, 'w.bin': Buffer.alloc(8) });
  const { status, stdout, stderr } = await insitu('card', join(folder, 'm.onnx'), '-o', '-', '--flavour', flavours[0]);
  assert.equal(status, 0, stderr);
  assert.equal(await wrongIn(stdout), null);
  const { metadata, components } = JSON.parse(stdout);
  assert.equal(components, undefined);
  assert.equal(metadata.timestamp, undefined);
  assert.deepEqual(metadata.component.components, [{ type: 'file', name: 'w.bin', hashes: [{ alg: 'SHA-256', content: sha256(Buffer.alloc(8)) }] }]);
  assert.deepEqual(Object.keys(metadata.component.modelCard), ['modelParameters']);
});

test('an evaluation that says no model, as evaluate() gives it, is taken', async () => {
  const folder = folderWith(evaluation({ model: undefined }));
  const { status, stdout, stderr } = await insitu('card', join(folder, 'digits.onnx'), '--evaluation', join(folder, 'evaluation.json'), '-o', '-', '--flavour', flavours[0]);
  assert.equal(status, 0, stderr);
  assert.equal(JSON.parse(stdout).metadata.component.modelCard.quantitativeAnalysis.performanceMetrics[0].value, '0.5');
});

test('the schema is strict about what is not CycloneDX', async () => {
  const folder = folderWith();
  await insitu('card', join(folder, 'digits.onnx'), '--flavour', flavours[0]);
  const bill = JSON.parse(readFileSync(join(folder, 'digits.onnx.cdx.json'), 'utf8'));
  bill.metadata.component.modelCard.modelParameters.input = [];
  assert.notEqual(await wrongIn(JSON.stringify(bill)), null);
});

test('what does not fit is refused', async () => {
  const folder = folderWith(evaluation({ model: { sha256: sha256('another') } }));
  const at = (name) => join(folder, name);
  writeFileSync(at('other.json'), JSON.stringify({ format: 'insitu-evaluation/2' }));
  for (const [args, status, pattern] of [
    [[], 2, /pass one MODEL/], [[at('none.onnx')], 1, /none\.onnx/], [[at('digits.onnx'), '--approach', 'guessing'], 2, /--approach is 'guessing'/],
    [[at('digits.onnx'), '--evaluation', at('evaluation.json')], 1, /evaluation\.json is of another model/],
    [[at('digits.onnx'), '--evaluation', at('other.json')], 1, /other\.json is no evaluation/], [[at('digits.onnx'), '--evaluation', at('labels.csv')], 1, /labels\.csv is no evaluation/],
    [[at('digits.onnx'), '--evaluation', at('none.json')], 1, /cannot read .*none\.json/], [[at('digits.onnx'), '-o', at('digits.onnx')], 2, /-o names MODEL itself/],
    [[at('digits.onnx'), '--risk', 'x'], 2, /--risk wants NAME=VALUE/], [[at('digits.onnx'), '--data', 'x=y'], 2, /--data wants training=DIR/],
  ]) {
    const got = await insitu('card', ...args);
    assert.equal(got.status, status, got.stdout + got.stderr);
    assert.match(got.stderr, pattern);
  }
});
