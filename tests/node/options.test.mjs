// Options are what a plain object of the caller says when the call is made: what is inherited is refused, so that it is not passed over,
// and what the caller changes later changes nothing. Terms of a release are looked at before anything is opened.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { folderOf } from './support/command-line.mjs';
import { Engine, flavours, image, insituError, load, tensor } from './support/insitu.mjs';
import { shiftModel } from '../support/onnx-writer.mjs';
import { integrityOf, signer } from '../support/signer.mjs';

const [flavour] = flavours;
const refused = (pattern) => insituError('InvalidArgument', pattern);
const feeds = { x: tensor([0, 0, 0, 0], [1, 4]) };
const [one, two] = [1, 2].map((shift) => Buffer.from(shiftModel(shift)));
const wrong = integrityOf(one);  // of what is loaded here in its place
const releases = ['swap', 'shadow', 'canary'];

let engine, session;
before(async () => {
  engine = await Engine.create({ flavour });
  session = await engine.load(one);
});
after(() => engine.dispose());

/* What a copy of such an object would not have. */
const inheriting = (own) => [
  Object.create(own), Object.assign(Object.create(Object.create(null)), own), new Map(Object.entries(own)),
  Object.create(Object.assign(Object.create(null), own)),
  new (class { constructor() { for (const name in own) Object.defineProperty(Object.getPrototypeOf(this), name, { get: () => own[name], configurable: true }); } })(),
];

test('what inherits is no plain object, and is refused wherever a check depends on it', async () => {
  const plain = refused(/^options is no plain object\. Pass a plain object/);
  for (const options of inheriting({ integrity: wrong, flavour })) {
    for (const call of [
      () => load(two, options), () => engine.load(two, options), () => engine.inspect(two, options), () => Engine.create(options), () => Engine.shared(options),
      () => session.run(feeds, options), ...releases.map((name) => () => session[name](two, options)),
    ]) await assert.rejects(call(), plain, String(call));
    assert.throws(() => image({ data: new Uint8Array(3), width: 1, height: 1 }, options), plain);
  }
  const ours = signer();
  for (const trust of inheriting({ signature: ours.sign({ 'one.onnx': one }), keys: [ours.pem] })) {
    for (const call of [engine.load.bind(engine), ...releases.map((name) => session[name].bind(session))]) {
      await assert.rejects(call(two, { trust }), refused(/^trust is no plain object/));
    }
  }
  for (const encryption of inheriting({ key: new Uint8Array(32) })) await assert.rejects(engine.load(two, { encryption }), refused(/^encryption is no plain object/));
  for (const name of ['externalIntegrity', 'externalData', 'dims']) {
    for (const value of inheriting({ w: wrong })) await assert.rejects(engine.load(two, { [name]: value }), refused(new RegExp(`^${name} is an object\\. Pass plain object`)));
  }
  for (const limits of inheriting({ nodes: 1 })) await assert.rejects(Engine.create({ flavour, limits }), refused(/^limits is an object/));
});

test('plain objects of every page are taken, also without a prototype; feeds and addresses may be objects of a class', async () => {
  const foreign = runInContext('({ backend: "reference" })', createContext());
  for (const options of [foreign, Object.assign(Object.create(null), { backend: 'reference' }), new Proxy({ backend: 'reference' }, {}), Object.freeze({})]) {
    await (await engine.load(two, options)).dispose();
  }
  await assert.rejects(engine.load(two, runInContext(`({ integrity: '${wrong}' })`, createContext())), insituError('Integrity'));
  class Feeds { x = feeds.x; }
  assert.equal((await session.run(new Feeds())).y.data[0], 1);
});

test('what the caller changes after the call changes nothing', async () => {
  const ours = signer(), others = signer();
  for (const name of releases) {
    const options = { integrity: wrong };
    const asked = session[name](two, options);
    delete options.integrity;
    await assert.rejects(asked, insituError('Integrity', /SHA-256/), name);

    const trust = { signature: ours.sign({ 'one.onnx': one, 'two.onnx': two }), keys: [others.pem] };
    const trusting = [session[name](new File([two], 'two.onnx'), { trust }), engine.load(new File([two], 'two.onnx'), { trust })];
    trust.keys[0] = ours.pem;
    trust.keys = [ours.pem];
    await Promise.all(trusting.map((asked) => assert.rejects(asked, insituError('Integrity', /no key that is pinned/), name)));

    const golden = [{ feeds, outputs: { y: tensor([9, 9, 9, 9], [1, 4]) } }];
    const checked = session[name](two, { golden });
    golden[0].outputs.y = tensor([2, 2, 2, 2], [1, 4]);
    golden.length = 0;
    await assert.rejects(checked, insituError('InvalidModel', /golden vector 0/), name);
  }
  assert.equal((await session.run(feeds)).y.data[0], 1);
});

test('the trust of a session is what it was when it was loaded', async () => {
  const [ours, others] = [signer(), signer()];
  const path = join(folderOf({ 'all.sig': ours.sign({ 'one.onnx': one }) }), 'all.sig');
  const trust = { signature: path, keys: [ours.pem] };
  const held = await engine.load(new File([one], 'one.onnx'), { trust });
  trust.keys.push(others.pem);
  writeFileSync(path, others.sign({ 'two.onnx': two }));
  await assert.rejects(held.swap(new File([two], 'two.onnx')), insituError('Integrity', /no key that is pinned/));
  await held.dispose();
});

test('terms of a release that say nothing are refused before anything is opened', async () => {
  const never = new ReadableStream({ pull() { throw new Error('it was opened'); } }, { highWaterMark: 0 });
  const y = tensor([2, 2, 2, 2], [1, 4]);
  const vectors = [
    [{}, /golden is an object/], [null, /golden is null/], [[null], /golden\[0\] has no feeds/], [[{}], /golden\[0\] has no feeds/], [[{ feeds }], /golden\[0\] has no outputs/],
    [[{ feeds, outputs: {} }], /golden\[0\] has no outputs/], [[{ feeds, outputs: { y } }, { feeds, outputs: new Map([['y', y]]) }], /golden\[1\] has no outputs/],
    [[{ feeds, output: { y } }], /'golden\[0\]\.output' is unknown/], [[{ feeds: 5, outputs: { y } }], /golden\[0\]\.feeds is a number/],
    ...[undefined, 5, {}, { ...y, data: undefined }, [undefined]].map((value) => [[{ feeds, outputs: { y: value } }], /golden\[0\]\.outputs\.y is no value/]),
    ...[NaN, -1].map((rtol) => [[{ feeds, outputs: { y }, rtol }], /golden\[0\]\.rtol is (NaN|-1)/]), [[{ feeds, outputs: { y }, atol: '1' }], /golden\[0\]\.atol is '1'/],
  ].map(([golden, pattern]) => [{ golden }, pattern]);
  const terms = {
    swap: vectors,
    shadow: [...vectors, ...[0, 1.5, NaN].map((every) => [{ every }, /^every is /]), [{ every: '1' }, /^every is '1'/], [{ every: null }, /^every is null/],
      [{ rtol: NaN }, /^rtol is NaN/], [{ atol: -1 }, /^atol is -1/], [{ atol: '0' }, /^atol is '0'/], [{ share: 0.5 }, /'share' is unknown/]],
    canary: [...vectors, ...[NaN, -0.1, 1.1].map((share) => [{ share }, /^share is /]), [{ share: null }, /^share is null/], [{ share: '1' }, /^share is '1'/],
      [{ failures: NaN }, /^failures is NaN/], [{ failures: '0' }, /^failures is '0'/], [{ failures: -1 }, /^failures is -1/], [{ salt: 5 }, /^salt is a number/],
      [{ slo: null }, /^slo is null/], [{ slo: Object.create({ p95Ms: 1 }) }, /^slo is an object/], [{ every: 2 }, /'every' is unknown/]],
  };
  for (const [name, wrongs] of Object.entries(terms)) {
    for (const [options, pattern] of wrongs) await assert.rejects(session[name](never, options), refused(pattern), `${name} ${pattern}`);
  }
  const canary = await session.canary(two, { share: 1, failures: Infinity, salt: '', slo: { p95Ms: 1e6 }, golden: [{ feeds, outputs: { y }, rtol: 0, atol: 0 }] });
  assert.equal((await session.run(feeds)).y.data[0], 2);
  await canary.rollback();
});
