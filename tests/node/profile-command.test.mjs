// insitu profile: a profile from a folder of data, with what labels tell, and several merged.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Hand, rasterize } from '../models/second-generator.mjs';
import { model as writeModel } from '../support/onnx-writer.mjs';
import { cli, Engine, flavours } from './support/insitu.mjs';

const model = fileURLToPath(new URL('../../models/handwriting/handwriting_int8.onnx', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'insitu-profile-'));
after(() => rmSync(folder, { recursive: true }));

const samples = 2_000;
const names = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'none'];
const drawn = Array.from({ length: samples }, (_, i) => i).map((i) => {
  const { digit, strokes } = new Hand(i).next();
  return { digit, image: rasterize(strokes) };
});

function npy(descr, shape, data) {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const header = `${text.padEnd(117)}\n`;
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), Buffer.from([header.length, 0]), Buffer.from(header), Buffer.from(data.buffer)]);
}

function insitu(...args) {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], (error, stdout, stderr) => resolve({ status: error ? error.code : 0, stdout, stderr }));
  });
}

test('from stacked samples and labels by name', async () => {
  const data = join(folder, 'data');
  mkdirSync(data);
  const all = new Float32Array(samples * 784);
  drawn.forEach(({ image }, i) => all.set(image, i * 784));
  writeFileSync(join(data, 'image.npy'), npy('<f4', [samples, 1, 28, 28], all));
  writeFileSync(join(folder, 'labels.txt'), `${drawn.map(({ digit }) => names[digit]).join('\n')}\n`);
  writeFileSync(join(folder, 'classes.json'), JSON.stringify(names));
  const to = join(folder, 'one.json');
  const { status, stdout, stderr } = await insitu('profile', model, '--data', data, '--labels', join(folder, 'labels.txt'),
    '--classes', join(folder, 'classes.json'), '-o', to, '--flavour', flavours[0]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^2000 samples, \d+ features$/m);
  const profile = JSON.parse(readFileSync(to, 'utf8'));
  assert.equal(profile.count, samples);
  assert.match(profile.model.sha256, /^[0-9a-f]{64}$/);
  assert.equal(profile.accuracy.count, samples);
  assert(profile.accuracy.accuracy > 0.98, `${profile.accuracy.accuracy}`);
  assert.deepEqual(profile.accuracy.labels, names);
  const mean = drawn.reduce((sum, { image }) => sum + image.reduce((a, b) => a + b, 0) / 784, 0) / samples;
  assert(Math.abs(profile.features.find(({ name }) => name === 'image.mean').mean - mean) < 1e-6);
  const engine = await Engine.create({ flavour: flavours[0] });
  const session = await engine.load(model, { monitor: { profile } });
  assert.equal((await session.monitor.snapshot()).drift.profile.modelMatches, true);
  await engine.dispose();
});

test('names of classes are those that the model says', async () => {
  const says = join(folder, 'says.onnx'), scores = { name: 'x', dtype: 'float32', dims: [1, 3] };
  writeFileSync(says, writeModel({
    nodes: [{ op: 'Softmax', inputs: ['x'], outputs: ['y'] }], inputs: [scores], outputs: [{ ...scores, name: 'y' }], metadata: { labels: '["cat","dog","bird"]' },
  }));
  mkdirSync(join(folder, 'scores'));
  writeFileSync(join(folder, 'scores/x.npy'), npy('<f4', [samples, 3], Float32Array.from({ length: 3 * samples }, (_, i) => Math.sin(i * i))));
  writeFileSync(join(folder, 'said.txt'), Array.from({ length: samples }, (_, i) => ['cat', '1', 'bird'][i % 3]).join('\n'));
  const { status, stderr } = await insitu('profile', says, '--data', join(folder, 'scores'), '--labels', join(folder, 'said.txt'), '-o', join(folder, 'says.json'), '--flavour', flavours[0]);
  assert.equal(status, 0, stderr);
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'says.json'), 'utf8')).accuracy.labels, ['cat', 'dog', 'bird']);
});

test('merged with another one', async () => {
  const one = join(folder, 'one.json'), to = join(folder, 'merged.json');
  const { status, stderr } = await insitu('profile', '--merge', one, '--merge', one, '-o', to);
  assert.equal(status, 0, stderr);
  const [a, b] = [one, to].map((file) => JSON.parse(readFileSync(file, 'utf8')));
  assert.equal(stderr, '');
  writeFileSync(join(folder, 'other.json'), JSON.stringify({ ...a, model: { sha256: '0'.repeat(64) } }));
  const mixed = await insitu('profile', '--merge', one, '--merge', join(folder, 'other.json'), '-o', join(folder, 'mixed.json'));
  assert.match(mixed.stderr, /^the profiles are not all of one model: the merged one names none/);
  assert.deepEqual([mixed.status, JSON.parse(readFileSync(join(folder, 'mixed.json'), 'utf8')).model], [0, undefined]);
  assert.equal(b.count, 2 * samples);
  b.features.forEach(({ mean, knots }, i) => {
    assert(Math.abs(mean - a.features[i].mean) < 1e-6 * (1 + Math.abs(mean)));
    assert.equal(knots[0], a.features[i].knots[0]);
  });
});

test('what is wrong with the data is said', async () => {
  const refused = async (pattern, ...args) => {
    const { status, stderr } = await insitu('profile', ...args);
    assert.equal(status, pattern.source.includes('wants') ? 2 : 1, stderr);
    assert.match(stderr, pattern);
  };
  const few = join(folder, 'few');
  mkdirSync(few);
  await refused(/wants --data/, model);
  await refused(/no folder/, model, '--data', join(folder, 'nowhere'));
  await refused(/holds no data for .*image/, model, '--data', few);
  writeFileSync(join(few, 'a.npy'), npy('<f4', [1, 1, 28, 28], drawn[0].image));
  await refused(/holds 1 samples.*\n.*2,000/, model, '--data', few);
  writeFileSync(join(folder, 'short.json'), '[1]');
  await refused(/has 1 labels for 2000 samples/, model, '--data', join(folder, 'data'), '--labels', join(folder, 'short.json'));
  await refused(/cannot read/, '--merge', join(folder, 'nowhere.json'));
});

test('like a profile of before: its features, with its tolerances', async () => {
  const before = JSON.parse(readFileSync(model.replace('_int8.onnx', '.profile.json'), 'utf8'));
  const [like, to] = [join(folder, 'before.json'), join(folder, 'alike.json')];
  const [kept, bare] = [before.features[0], { ...before.features[9], tolerance: undefined }];
  writeFileSync(like, JSON.stringify({ ...before, features: [bare, kept] }));
  const { status, stderr } = await insitu('profile', model, '--data', join(folder, 'data'), '--like', like, '-o', to);
  assert.equal(status, 0, stderr);
  const made = JSON.parse(readFileSync(to, 'utf8'));
  assert.deepEqual(made.features.map(({ name, tolerance }) => [name, tolerance]), [[bare.name, undefined], [kept.name, kept.tolerance]]);
  assert.notDeepEqual(made.features[1].knots, kept.knots, 'the numbers are those of these data');
  assert.equal(made.count, samples);
  await engineTakes(made);

  for (const [features, pattern] of [[[{ ...kept, name: 'sound.mean' }], /a feature 'sound\.mean', which this model/], [undefined, /has no features/]]) {
    writeFileSync(like, JSON.stringify({ ...before, features }));
    const refused = await insitu('profile', model, '--data', join(folder, 'data'), '--like', like, '-o', to);
    assert.notEqual(refused.status, 0);
    assert.match(refused.stderr, pattern);
  }
});

/* A watch can be made of it. */
async function engineTakes(profile) {
  const engine = await Engine.create({ flavour: flavours[0] });
  const session = await engine.load(readFileSync(model), { monitor: { profile } });
  assert.equal((await session.monitor.snapshot()).drift.features.length, profile.features.length);
  await engine.dispose();
}
