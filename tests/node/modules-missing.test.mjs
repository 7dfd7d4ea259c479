// Modules that are loaded when they are needed, and cannot be had: what asks for one rejects with an InsituError that names it, and what
// goes on without it does. The folder is a copy of the package without them.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { after, before, test } from 'node:test';
import { folderOf } from './support/command-line.mjs';
import { dist, flavours } from './support/insitu.mjs';

const read = (path) => readFileSync(new URL(path, import.meta.url));
const handwriting = read('../../models/handwriting/handwriting_int8.onnx');
const profile = JSON.parse(read('../../models/handwriting/handwriting.profile.json'));
const here = (name) => fileURLToPath(new URL(name, dist));

/* What a bundle imports when it is needed. */
const importedBy = (bundle) => [...readFileSync(here(bundle), 'utf8').matchAll(/\bimport\("\.\/([^"]+)"\)/g)].map(([, file]) => file);
const bundles = readdirSync(dist).filter((name) => name.endsWith('.js') && name !== 'cli.js');
const onDemand = [...new Set(bundles.flatMap(importedBy))].sort();

const folder = folderOf({ 'package.json': { type: 'module' } });
const from = (name) => import(pathToFileURL(join(folder, name)).href);
let insitu, engine, session;
before(async () => {
  mkdirSync(join(folder, 'insitu'));
  const kept = [...bundles, 'insitu/worker.js', 'flavours.json', `insitu-${flavours[0]}.mjs`, `insitu-${flavours[0]}.wasm`];
  for (const name of kept) if (!onDemand.includes(name)) copyFileSync(here(name), join(folder, name));
  insitu = await from('index.js');
  engine = await insitu.Engine.create({ flavour: flavours[0], worker: true });
  session = await engine.load(handwriting);
});
after(() => engine?.dispose());

const pixels = () => ({ width: 28, height: 28, data: new Uint8ClampedArray(28 * 28 * 4) });
const trusted = { trust: { signature: Uint8Array.of(1), keys: ['key'] } };
const sample = { feeds: { image: { dtype: 'float32', dims: [1, 1, 28, 28], data: new Float32Array(784) } }, label: 1 };

/* By file, the calls that need it. */
const needs = {
  'audio.js': [() => engine.audioTensor({ samples: new Float32Array(9), sampleRate: 8000 })],
  'encryption.js': [() => engine.load(handwriting, { encryption: { key: new Uint8Array(32) } })],
  'gate.js': [async () => (await from('evaluate.js')).gate({}, {})],
  'image.js': [() => engine.imageTensor(pixels(), { width: 9, height: 9 }), () => session.run({ image: insitu.image(pixels()) })],
  'insitu/in-process.js': [() => insitu.Engine.create({ worker: false }), () => insitu.load(handwriting, { worker: false })],
  'kept.js': [() => insitu.listCache(), () => insitu.clearCache()],
  'quantize.js': [() => engine.quantize(handwriting, [])],
  'release.js': [() => session.swap(handwriting), () => session.shadow(handwriting), () => session.canary(handwriting)],
  'slicer.js': [async () => (await from('evaluate.js')).evaluate(session, [sample], { slices: 'auto' })],
  'trust.js': [() => engine.load(handwriting, trusted), () => engine.inspect(handwriting, trusted), () => insitu.verifySignature(Uint8Array.of(1), ['key'])],
  'watches.js': [() => engine.createHistogram(), () => engine.createDetector(profile), () => engine.mergeProfiles([profile])],
};
/* What an effect of React imports, and those without which all goes on. */
const others = ['element.js', 'kept-watch.js', 'resume.js'];

test('each of them is known here', () => assert.deepEqual([...Object.keys(needs), ...others].sort(), onDemand));

for (const [file, calls] of Object.entries(needs)) {
  test(`without ${file} the calls that need it reject with Network, and say what to do`, async () => {
    for (const call of calls) {
      await assert.rejects(call, (thrown) => {
        assert.ok(thrown instanceof insitu.InsituError, `${call}: ${thrown?.stack}`);
        assert.equal(thrown.code, 'Network');
        assert.ok(thrown.message.startsWith(`insitu's ${file} cannot be loaded: `), thrown.message);
        assert.match(thrown.hint, /from one place and of one version/);
        assert.ok(thrown.cause);
        return true;
      });
    }
  });
}

test('a model is loaded without what would keep it, and its session answers after all that', async () => {
  const kept = await engine.load(handwriting, { cache: 'opfs', monitor: { persist: 'opfs' } });
  for (const one of [kept, session]) assert.ok((await one.run(sample.feeds)).probabilities.data.length > 0);
  await kept.dispose();
});

test('what offline pages have to keep is all on the list of docs/how-to/offline.md', () => {
  const text = read('../../docs/how-to/offline.md').toString();
  assert.deepEqual(onDemand.filter((file) => !text.includes(`\`${file.split('/').at(-1)}\``)), []);
});
