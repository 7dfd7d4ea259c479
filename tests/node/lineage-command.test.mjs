// insitu lineage: the tree of what a version was made from, whatever the registry names.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { folderOf, insitu } from './support/command-line.mjs';
import { shiftModel } from '../support/onnx-writer.mjs';
import { integrityOf, sha256 } from '../support/signer.mjs';

const folder = folderOf({
  'base.onnx': Buffer.from(shiftModel(1)), 'float.onnx': Buffer.from(shiftModel(2)), 'int8.onnx': Buffer.from(shiftModel(3)), 'data/a': 'aa', 'data/b': 'b', 'few/c': 'c', 'gate.json': { passed: true },
});
const at = (name) => join(folder, name);
const bytes = (name) => `${readFileSync(at(name)).length} bytes`;
const digest = (name) => integrityOf(readFileSync(at(name)));
const listOf = (...names) => sha256(names.map((name) => `${sha256(readFileSync(at(name)))}  ${name.split('/')[1]}\n`).join(''));
const file = ['--registry', at('models.json')];
const run = async (...args) => {
  const got = await insitu(...args, ...file);
  assert.equal(got.status, 0, got.stderr);
  return got.stdout;
};
const lineage = (...args) => run('lineage', ...args);

before(async () => {
  await run('registry', 'add', at('base.onnx'), '--name', 'strokes', '--version', '7', '--parent', `${integrityOf(Buffer.from('x'))}=converted`);
  await run('registry', 'add', at('float.onnx'), '--name', 'digits', '--version', '1.9.0', '--parent', 'strokes@7=fine-tuned', '--data', `training=${at('data')}`, '--code', '4f2c1a9', '--tool', 'trainer=2.0');
  await run('registry', 'add', at('int8.onnx'), '--name', 'digits', '--version', '1.10.0', '--parent', '1.9.0=quantized', '--parent', `${at('float.onnx')}=distilled`,
    '--data', `calibration=${at('few')}`, '--gate', at('gate.json'), '--when', '2026-01-31T12:00:00Z');
  await run('registry', 'promote', 'digits', '1.10.0');
});

test('the tree', async () => {
  const tree = `digits 1.10.0 (stable): ${bytes('int8.onnx')}, ${digest('int8.onnx')}
├─ calibration data few: 1 file, 1 bytes, ${listOf('few/c')}
├─ gate gate.json: passed, 2026-01-31T12:00:00Z
├─ quantized from digits 1.9.0: ${bytes('float.onnx')}, ${digest('float.onnx')}
│  ├─ code 4f2c1a9
│  ├─ tool trainer 2.0
│  ├─ training data data: 2 files, 3 bytes, ${listOf('data/a', 'data/b')}
│  └─ fine-tuned from strokes 7: ${bytes('base.onnx')}, ${digest('base.onnx')}
│     └─ converted from ${integrityOf(Buffer.from('x'))}, which is not in the registry
└─ distilled from digits 1.9.0, as above
`;
  for (const wanted of ['digits', 'digits@stable', 'digits@1.10.0']) assert.equal(await lineage(wanted), tree);
  assert.match(await lineage('strokes'), /^strokes 7: \d+ bytes/);
});

test('as JSON', async () => {
  const { model, version, channels, gates, data, parents: [first, second] } = JSON.parse(await lineage('digits', '--json', '-'));
  assert.deepEqual([model, version, channels, gates[0].verdict, data[0].kind], ['digits', '1.10.0', ['stable'], 'passed', 'calibration']);
  assert.deepEqual([first.how, first.from.version, first.from.code, first.from.tools, first.from.channels], ['quantized', '1.9.0', '4f2c1a9', { trainer: '2.0' }, []]);
  assert.deepEqual(first.from.parents[0].from.parents, [{ how: 'converted', from: { integrity: integrityOf(Buffer.from('x')), parents: [] } }]);
  assert.deepEqual([second.from.version, second.from.above, second.from.parents], ['1.9.0', true, []]);
});

test('a parent that was changed is not shown as what a version was made from', async () => {
  const { stdout } = await insitu('lineage', 'digits', ...file);
  const document = JSON.parse(readFileSync(at('models.json'), 'utf8'));
  document.models.digits.versions['1.9.0'].integrity = integrityOf(Buffer.from('forced'));
  writeFileSync(at('changed.json'), JSON.stringify(document));
  const changed = await insitu('lineage', 'digits', '--registry', at('changed.json'));
  assert.match(stdout, /quantized from digits 1\.9\.0/);
  assert.match(changed.stdout, new RegExp(`quantized from ${digest('float.onnx').replaceAll('+', '\\+')}, which is not in the registry`));
});

test('a registry in a circle ends', async () => {
  const document = JSON.parse(readFileSync(at('models.json'), 'utf8'));
  const { versions } = document.models.digits;
  versions['1.9.0'].provenance.parents = [{ how: 'quantized', integrity: versions['1.10.0'].integrity, model: 'digits', version: '1.10.0' }];
  writeFileSync(at('circle.json'), JSON.stringify(document));
  const { status, stdout } = await insitu('lineage', 'digits', '--registry', at('circle.json'));
  assert.equal(status, 0);
  assert.match(stdout, /quantized from digits 1\.10\.0 \(stable\), as above/);
});

test('what is not there is refused', async () => {
  for (const [args, status, pattern] of [
    [[], 2, /pass one NAME/], [['letters'], 1, /has no model 'letters'.*\n.*digits, strokes/], [['digits@2'], 1, /no version '2' of digits.*\n.*1\.9\.0, 1\.10\.0/],
    [['digits', '--json', at('models.json')], 2, /--json names the registry itself/],
  ]) {
    const got = await insitu('lineage', ...args, ...file);
    assert.equal(got.status, status, got.stderr);
    assert.match(got.stderr, pattern);
  }
  await run('registry', 'add', at('int8.onnx'), '--name', 'strokes', '--version', '8');
  assert.match((await insitu('lineage', 'strokes', ...file)).stderr, /has no stable version of strokes.*\n.*strokes@VERSION.*7, 8/);
});
