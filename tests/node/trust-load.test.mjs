// load() with `trust`: what it fetches is what was signed, name by name, and everything else is refused before it is parsed.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { bufferBytes } from './support/memory.mjs';
import { folderOf } from './support/command-line.mjs';
import { Engine, flavours, insituError, tensor } from './support/insitu.mjs';
import { model, shiftModel } from '../support/onnx-writer.mjs';
import { integrityOf, signer } from '../support/signer.mjs';

const value = (name) => ({ name, dtype: 'float32', dims: [2] });
const [weights, others] = [[3, 4], [5, 6]].map((numbers) => Buffer.from(Float32Array.from(numbers).buffer));
const withWeights = (location) => Buffer.from(model({
  nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }], inputs: [value('x')], outputs: [value('y')],
  initializers: [{ ...value('w'), external: { location, offset: 0, length: 8 } }],
}));
const files = {
  'model.onnx': withWeights('weights.bin'), 'weights.bin': weights, 'shift.onnx': Buffer.from(shiftModel(7)),
  'old/model.onnx': Buffer.from(shiftModel(1)), 'deep/in.onnx': withWeights('weights.bin'), 'deep/weights.bin': others,
};

const ours = signer();
const signature = ours.sign(files);
const trust = { signature, keys: [ours.pem] };
const folder = folderOf({ ...files, 'a b%20c.onnx': files['shift.onnx'] });
const at = (name) => join(folder, name);
const refused = (pattern) => insituError('Integrity', pattern);

let engine;
before(async () => { engine = await Engine.create({ flavour: flavours[0] }); });
after(() => engine.dispose());

const feeds = { x: tensor([1, 1], [2]) };
const sum = async (session) => {
  const { y } = await session.run(feeds);
  await session.dispose();
  return [...y.data];
};
const external = { externalData: { 'weights.bin': at('weights.bin') } };

test('a model with external data that is signed loads; a byte of either that is changed is refused before it is parsed', async () => {
  assert.deepEqual(await sum(await engine.load(at('deep/in.onnx'), { externalData: { 'weights.bin': at('deep/weights.bin') }, trust })), [6, 7]);
  const phases = [];
  const onProgress = ({ phase }) => phases.push(phase);
  const load = (bytes, data) => engine.load(new File([bytes], 'in.onnx'), { externalData: { 'weights.bin': data }, trust, onProgress });
  assert.deepEqual(await sum(await load(files['deep/in.onnx'], others)), [6, 7]);
  const held = await bufferBytes(engine);
  for (const changes of [[0, undefined], [50, undefined], [undefined, 0], [undefined, 7]]) {
    const [one, two] = [files['deep/in.onnx'], others].map((bytes, i) => {
      const changed = Buffer.from(bytes);
      if (changes[i] !== undefined) changed[changes[i]] ^= 1;
      return changed;
    });
    phases.length = 0;
    await assert.rejects(load(one, two), refused(changes[0] === undefined ? /SHA-256 of 'weights\.bin'/ : /SHA-256 of the model/));
    assert(!phases.includes('parse'), phases.join());
  }
  await assert.rejects(load(files['deep/in.onnx'].subarray(1), others), refused(/SHA-256 of the model/));
  assert.equal(await bufferBytes(engine), held);
});

test('a model is found by the last part of its address or by trust.name, its external files from there', async () => {
  const named = async (source, name, options) => sum(await engine.load(source, { trust: { ...trust, name }, ...options }));
  const shift = files['shift.onnx'];
  const four = async (source, name) => {
    const session = await engine.load(source, { trust: { ...trust, name } });
    const { y } = await session.run({ x: tensor([0, 0, 0, 0], [1, 4]) });
    await session.dispose();
    return y.data[0];
  };
  assert.equal(await four(at('shift.onnx')), 7);
  assert.equal(await four(pathToFileURL(at('shift.onnx'))), 7);
  assert.equal(await four(shift, 'shift.onnx'), 7);
  assert.equal(await four(at('old/model.onnx'), 'old/model.onnx'), 1);
  await assert.rejects(named(at('deep/in.onnx'), undefined, external), refused(/SHA-256 of 'weights\.bin'/));
  await assert.rejects(named(at('model.onnx'), undefined, external), refused(/several files/));
  assert.deepEqual(await named(at('model.onnx'), 'model.onnx', external), [4, 5]);
  await assert.rejects(named(at('old/model.onnx'), 'model.onnx'), refused(/SHA-256 of the model/));
  await assert.rejects(four(shift), refused(/trust\.name/));
  await assert.rejects(four(shift, 'other.onnx'), refused(/'other\.onnx' is not among the files that were signed. Those are: model\.onnx,/));
  await assert.rejects(four('file:///%zz.onnx'), refused(/'%zz\.onnx', is not among/));
  await assert.rejects(four(at('a b%20c.onnx')), refused(/'a b%20c\.onnx', is not among/));
  await assert.rejects(four(`data:,${'x'.repeat(1e6)}`), (thrown) => refused(/not among/)(thrown) && thrown.message.length < 1000);
  const spaced = { signature: ours.sign({ 'a b%20c.onnx': shift }), keys: [ours.pem] };
  for (const source of [at('a b%20c.onnx'), pathToFileURL(at('a b%20c.onnx'))]) {
    await (await engine.load(source, { trust: spaced })).dispose();
  }
});

test('external files that were not signed are refused, and names with ./ are those without', async () => {
  const load = (externalData) => engine.load(at('model.onnx'), { externalData, trust: { ...trust, name: 'model.onnx' } });
  await assert.rejects(load({ 'weights.bin': weights, 'other.bin': weights }), refused(/'other\.bin' is not among/));
  await assert.rejects(load({ '../weights.bin': weights }), refused(/'\.\.\/weights\.bin' is not among/));
  await assert.rejects(load({ './weights.bin': Buffer.alloc(8) }), refused(/SHA-256/));
});

test('integrity and trust both hold', async () => {
  const load = (options) => engine.load(at('model.onnx'), { ...external, trust: { ...trust, name: 'model.onnx' }, ...options });
  const [good, other] = [integrityOf(files['model.onnx']), integrityOf('other')];
  const both = { integrity: good, externalIntegrity: { 'weights.bin': integrityOf(weights) } };
  assert.deepEqual(await sum(await load(both)), [4, 5]);
  await assert.rejects(load({ integrity: other }), refused(/the model is signed with another digest/));
  await assert.rejects(load({ integrity: 'sha256-' }), refused(/another digest/));
  await assert.rejects(load({ externalIntegrity: { 'weights.bin': other } }), refused(/'weights\.bin' is signed with another digest/));
  await assert.rejects(load({ externalIntegrity: { 'no.bin': good } }), insituError('InvalidArgument', /'no\.bin'/));
});

test('a signature that does not hold is refused before the model is asked for', async () => {
  const load = (changes) => engine.load('/no/such/model.onnx', { trust: { ...trust, ...changes } });
  await assert.rejects(load({ keys: [signer().pem] }), refused(/no key that is pinned/));
  await assert.rejects(load({ signature: signer().sign(files) }), refused(/no key that is pinned/));
  await assert.rejects(load({ keys: [] }), insituError('InvalidArgument', /no key/));
  await assert.rejects(load({ name: 5 }), insituError('InvalidArgument', /trust\.name is a number/));
  await assert.rejects(load({ signature: at('none.sig') }), insituError('Network', /none\.sig/));
  for (const wrong of [null, true, {}, 'model.sig']) {
    await assert.rejects(engine.load(at('model.onnx'), { trust: wrong }), insituError('InvalidArgument'));
  }
  const signal = AbortSignal.abort();
  await assert.rejects(engine.load(at('model.onnx'), { trust, signal }), insituError('Cancelled'));
});

test('a profile that is named by its address must be signed; one at hand need not', async () => {
  const text = readFileSync(new URL('../../models/handwriting/handwriting.profile.json', import.meta.url));
  const bytes = readFileSync(new URL('../../models/handwriting/handwriting_int8.onnx', import.meta.url));
  const here = folderOf({ 'm.onnx': bytes, 'm.profile.json': text, 'other.json': text, 'no.json': 'no', 'null.json': 'null' });
  const signed = { signature: ours.sign({ 'm.onnx': bytes, 'm.profile.json': text, 'no.json': 'no', 'null.json': 'null' }), keys: [ours.pem] };
  const watched = async (profile) => {
    const session = await engine.load(join(here, 'm.onnx'), { trust: signed, monitor: { profile } });
    const { drift } = await session.monitor.snapshot();
    await session.dispose();
    return drift.profile.modelMatches;
  };
  for (const profile of [join(here, 'm.profile.json'), pathToFileURL(join(here, 'm.profile.json')), JSON.parse(text)]) {
    assert.equal(typeof await watched(profile), 'boolean');
  }
  await assert.rejects(watched('model'), insituError('InvalidArgument', /profile/));  // this model holds none
  await assert.rejects(watched(join(here, 'other.json')), refused(/the profile, 'other\.json', is not among[^]*\. Sign it under the name that it has in its address, and no other file of that name\. Those are: /));
  for (const name of ['no.json', 'null.json']) await assert.rejects(watched(join(here, name)), insituError('InvalidArgument', /json' is no JSON/));
  writeFileSync(join(here, 'm.profile.json'), String(text).replace(/\d/, (digit) => (digit === '1' ? '2' : '1')));
  await assert.rejects(watched(join(here, 'm.profile.json')), refused(/SHA-256 of 'm\.profile\.json'/));
});

test('what takes the place of a signed model must be signed, too, unless the page says otherwise', async () => {
  const [one, two, three] = [shiftModel(1), shiftModel(2), shiftModel(3)].map((bytes) => Buffer.from(bytes));
  const release = { signature: ours.sign({ 'one.onnx': one, 'two.onnx': two }), keys: [ours.pem] };
  const session = await engine.load(new File([one], 'one.onnx'), { trust: release });
  await session.swap(new File([two], 'two.onnx'));
  assert.equal(session.metadata.by, '2');
  await assert.rejects(session.swap(new File([three], 'three.onnx')), refused(/'three\.onnx', is not among/));
  await assert.rejects(session.swap(new File([three], 'two.onnx')), refused(/SHA-256 of the model/));
  await assert.rejects(session.shadow(new File([three], 'three.onnx')), refused(/not among/));
  assert.equal(session.metadata.by, '2');
  await session.swap(new File([three], 'three.onnx'), { trust: { ...release, signature: ours.sign({ 'three.onnx': three }) } });
  assert.equal(session.metadata.by, '3');
  await session.swap(new File([one], 'one.onnx'), { trust: undefined });
  assert.equal(session.metadata.by, '1');
  await session.dispose();
});

test('what the caller changes while a load is on its way changes nothing', async () => {
  const externalData = { 'weights.bin': at('weights.bin') };
  const loading = engine.load(at('model.onnx'), { externalData, trust: { ...trust, name: 'model.onnx' } });
  externalData['weights.bin'] = others;
  externalData['never.bin'] = at('never.bin');
  assert.deepEqual(await sum(await loading), [4, 5]);
});

test('inspect() holds a model to its signature, too', async () => {
  assert.equal((await engine.inspect(at('shift.onnx'), { trust })).runnable, true);
  await assert.rejects(engine.inspect(files['shift.onnx'], { trust: { ...trust, name: 'old/model.onnx' } }), refused(/SHA-256/));
});

test('sources without a name are refused as they are without a signature', async () => {
  for (const source of [null, 5, undefined]) {
    await assert.rejects(engine.load(source, { trust }), insituError('Integrity', /'', is not among the files/));
    await assert.rejects(engine.load(source, { trust: { ...trust, name: 'shift.onnx' } }), insituError('InvalidArgument', /is no model source/));
  }
});
