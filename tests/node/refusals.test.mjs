// What a caller gets wrong is refused as InvalidArgument that names it: options that are misspelt or of another kind, missing arguments,
// data that are no numbers, files and profiles that are none.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { folderOf } from './support/command-line.mjs';
import { dist, Engine, flavours, image, insituError, load, tensor } from './support/insitu.mjs';
import { addModel, model } from '../support/onnx-writer.mjs';

const { argmaxMask, nms, softmax, topK } = await import(new URL('post.js', dist).href);
const { audioTensor, imageTensor } = await import(new URL('index.js', dist).href);
const [flavour] = flavours;
const refused = (pattern) => insituError('InvalidArgument', pattern);
const picture = { data: new Uint8Array(3), width: 1, height: 1 };
const feeds = { x: tensor([1, 2, 3, 4], [1, 4]) };
const pictures = model({
  nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  inputs: [{ name: 'x', dtype: 'float32', dims: [1, 3, 1, 1] }], outputs: [{ name: 'y', dtype: 'float32', dims: [1, 3, 1, 1] }],
});

let engine, session;
before(async () => {
  engine = await Engine.create({ flavour });
  session = await engine.load(addModel());
});
after(() => engine.dispose());

test('options of load() that are misspelt are refused, whoever loads', async () => {
  const misspelt = refused(/^the option 'integrty' is unknown\. Known: .*integrity/);
  const options = { integrty: 'sha256-x' };
  for (const call of [
    () => load(addModel(), options), () => engine.load(addModel(), options), () => engine.inspect(addModel(), options),
    () => session.swap(addModel(), options), () => session.shadow(addModel(), options), () => session.canary(addModel(), options),
  ]) await assert.rejects(call(), misspelt, String(call));
  await assert.rejects(Engine.create({ flavour, thread: 4 }), refused(/'thread' is unknown/));
  await assert.rejects(engine.load(addModel(), { threads: 4 }), refused(/'threads' is unknown/));
  await assert.rejects(engine.load(addModel(), { trust: { signature: 'm.sig', key: [] } }), refused(/'trust\.key' is unknown/));
  await assert.rejects(engine.load(addModel(), { encryption: { keys: new Uint8Array(32) } }), refused(/'encryption\.keys' is unknown/));
  assert.equal((await engine.inspect(addModel(), { backend: 'reference' })).runnable, true);
  for (const name of ['constructor', 'toString', '__proto__']) {
    await assert.rejects(engine.load(addModel(), Object.fromEntries([[name, 1]])), refused(/is unknown/));
  }
  await (await load(addModel(), { integrty: undefined, flavour, threads: 1, signal: null, backend: 'reference', externalData: null })).dispose();
});

test('options of load() of other kinds are refused', async () => {
  const wrong = {
    backend: ['gpu', 5, null, ['auto']], cache: ['disk', true], cacheBytes: ['1'], dims: [5, null, [1]], externalData: [5, 'x', [1]],
    externalIntegrity: [5], warmUp: [0, 'no'], monitor: ['x', true, null, 5], signal: [{}, 5], onProgress: [5, {}], trust: [5, null],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const named = refused(new RegExp(`^${name} is .*Pass `));
      await assert.rejects(engine.load(addModel(), { [name]: value }), named, `${name}: ${JSON.stringify(value)}`);
      await assert.rejects(load(addModel(), { [name]: value }), named);
    }
  }
  for (const options of [null, 5, 'x', []]) {
    await assert.rejects(load(addModel(), options), refused(/^options is /));
    await assert.rejects(engine.load(addModel(), options), refused(/^options is /));
    await assert.rejects(Engine.create(options), refused(/^options is /));
    await assert.rejects(Engine.shared(options), refused(/^options is /));
  }
  for (const options of [{ worker: 'no' }, { assets: 5 }, { assets: 'http://[' }, { signal: {} }, { onProgress: 5 }]) {
    await assert.rejects(Engine.create({ flavour, ...options }), refused(new RegExp(`^${Object.keys(options)[0]} is `)));
  }
});

test('options of the monitor are held to what there is', async () => {
  for (const [monitor, pattern] of [
    [{ bogus: 1 }, /'monitor\.bogus' is unknown/], [{ slo: 5 }, /monitor\.slo is a number/], [{ slo: { p95: 5 } }, /'slo\.p95' is unknown/],
    [{ slo: { p95Ms: '5' } }, /slo\.p95Ms is '5'/], [{ persist: 'disk' }, /monitor\.persist is 'disk'\. Pass none or opfs/],
    [{ quality: 'loud' }, /monitor\.quality/], [{ profile: null }, /monitor\.profile is null/], [{ profile: 5 }, /monitor\.profile/],
    [{ sample: '2' }, /monitor\.sample/], [{ tracks: 1 }, /monitor\.tracks/], [{ operators: '2' }, /monitor\.operators/],
  ]) await assert.rejects(engine.load(addModel(), { monitor }), refused(pattern));
});

test('what run() is given is looked at', async () => {
  for (const none of [undefined, null, 5, []]) await assert.rejects(session.run(none), refused(/^feeds is /));
  await assert.rejects(session.run(feeds, null), refused(/^options is null/));
  for (const [name, value] of Object.entries({
    signal: {}, transfer: 1, outputs: 'y', into: [], watch: 'x', slice: null, features: 5, startedAt: 'now',
  })) await assert.rejects(session.run(feeds, { [name]: value }), refused(new RegExp(`^${name} is `)));
  await assert.rejects(session.run(feeds, { output: ['y'] }), refused(/'output' is unknown/));
  await session.run(feeds, { signal: AbortSignal.timeout(60_000), outputs: ['y'], id: 'a', key: 'b', startedAt: 1, watch: 'latency' });
  assert.throws(() => session.stream(), refused(/^options is undefined/));
  assert.throws(() => session.stream({}), refused(/^state is undefined/));
  for (const call of ['swap', 'shadow', 'canary']) await assert.rejects(session[call](addModel(), null), refused(/^options is null/));
  const canary = await session.canary(addModel(), { share: 0 });
  await assert.rejects(session.run(feeds, null), refused(/^options is null/));
  await assert.rejects(session.run(), refused(/^feeds is undefined/));
  await canary.rollback();
});

test('options of images are held to what there is', async () => {
  await assert.rejects(engine.imageTensor(picture), refused(/how large/));
  await assert.rejects(imageTensor(picture), refused(/how large/));
  await assert.rejects(imageTensor(picture, { width: 1, height: 1, fitt: 'fill' }), refused(/'fitt' is unknown/));
  await assert.rejects(engine.imageTensor(picture, { width: 1, height: 1, quantization: 5 }), refused(/quantization is a number/));
  assert.throws(() => image(picture, 5), refused(/^options is a number/));
  await assert.rejects(audioTensor(new Float32Array(9), null), refused(/^options is null/));
  await assert.rejects(engine.audioTensor(new Float32Array(9), null), refused(/^options is null/));
  const looker = await engine.load(pictures);
  await assert.rejects(looker.run({ x: image(picture, { means: 1 }) }), refused(/'means' is unknown/));
  await looker.run({ x: image(picture, { mean: 1 }) });
  await looker.dispose();
  assert.deepEqual((await imageTensor(picture, { flavour, width: 1, height: 1, signal: undefined })).dims, [1, 3, 1, 1]);
});

test('options of quantize() are held to what there is', async () => {
  await assert.rejects(engine.quantize(addModel(), [], { too: 'int4' }), refused(/'too' is unknown/));
  for (const [options, pattern] of [
    [{ onProgress: 1 }, /^onProgress is a number/], [null, /^options is null/], [new Map([['to', 'int4']]), /^options is no plain object/],
    [{ to: 'int4', externalIntegrity: new Map() }, /^externalIntegrity is an object/],
  ]) await assert.rejects(engine.quantize(addModel(), [], options), refused(pattern));
  await assert.rejects(engine.quantize(addModel(), [], { to: 'int4', exclude: { node: ['x'] } }), refused(/'exclude\.node' is unknown/));
});

test('missing arguments are refused', async () => {
  const tensors = refused(/no tensor/);
  for (const call of [topK, softmax, argmaxMask, nms]) for (const none of [undefined, null, 5, {}]) assert.throws(() => call(none), tensors);
  assert.throws(() => nms(tensor([0, 0, 1, 1], [1, 4])), refused(/^scores is no tensor/));
  await assert.rejects(engine.createProfile(), refused(/^rows is a undefined/));
  await assert.rejects(engine.createProfile(5, ['x']), refused(/^rows is a number/));
  await assert.rejects(engine.createProfile(new Float32Array(256)), refused(/^features is/));
  await assert.rejects(engine.mergeProfiles(), refused(/^profiles is/));
  await assert.rejects(engine.mergeProfiles([null]), refused(/^a profile is null/));
  await assert.rejects(engine.createDetector(), refused(/^a profile is/));
  await assert.rejects(engine.compareWindow(), refused(/^a profile is/));
  await assert.rejects(engine.load(), refused(/no model source/));
});

test('what is no number makes no tensor, and the message says which it is', () => {
  for (const [data, pattern] of [
    [[[1, 2], [3, 4]], /^data\[0\] is an array/], [[1, 'a'], /^data\[1\] is 'a'/], [[1, undefined], /^data\[1\] is undefined/],
    [[true, false], /^data\[0\] is a boolean/], [[1, null], /^data\[1\] is null/], [[1, , 3], /^data\[1\] is undefined/], // eslint-disable-line no-sparse-arrays
    [[1, 2n], /^data\[1\] is a bigint/], [[{}], /^data\[0\] is an object/], [[Symbol('x')], /^data\[0\] is a symbol/],
  ]) {
    for (const dtype of [undefined, 'float32', 'float64', 'int32', 'int64', 'bool']) {
      assert.throws(() => tensor(data, undefined, dtype), refused(pattern), String(dtype));
    }
  }
  assert.throws(() => tensor(['5'], [1], 'float32'), refused(/^data\[0\] is '5'/));
  assert.throws(() => tensor([1, 300], [2], 'uint8'), refused(/^data\[1\] is 300, not a value of uint8/));
  for (const data of [undefined, null, 5, 'x', {}]) {
    for (const dtype of [undefined, 'float32', 'int64', 'string']) assert.throws(() => tensor(data, undefined, dtype), refused(/cannot become a tensor/));
  }
  assert.throws(() => tensor([1], 1), refused(/^dims is a number/));
  const odd = [NaN, Infinity, -Infinity, -0, 0.1];
  assert.deepEqual(tensor(odd).data, Float32Array.from(odd));
  assert.deepEqual(tensor(odd, [5], 'float64').data, Float64Array.from(odd));
  assert.deepEqual(tensor([0, 2 ** 53 - 1], [2], 'uint64').data, BigUint64Array.of(0n, 2n ** 53n - 1n));
});

test('a folder is no model, and what is at the address of a profile is called a profile', async () => {
  const folder = folderOf({ 'no.json': 'hello' });
  await assert.rejects(engine.load(folder), insituError('Network', new RegExp(`cannot read ${folder}.*EISDIR`)));
  const site = createServer((request, answer) => {
    answer.setHeader('content-type', request.url === '/page' ? 'text/html' : 'application/json');
    answer.statusCode = request.url === '/none' ? 404 : 200;
    answer.end('<!doctype html>');
  });
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${site.address().port}`;
  try {
    const withProfile = (profile) => engine.load(addModel(), { monitor: { profile } });
    await assert.rejects(withProfile(`${base}/page`), insituError('Network', /\/page answered with a web page, not a profile\..*of the profile/));
    await assert.rejects(withProfile(`${base}/none`), insituError('Network', /\/none answered 404\..*of the profile/));
    await assert.rejects(withProfile(`${base}/text`), refused(/the profile http.*\/text is not JSON/));
    await assert.rejects(withProfile(`${folder}/no.json`), refused(/the profile .*no\.json is not JSON/));
    await assert.rejects(engine.load(`${base}/page`), insituError('Network', /not a model/));
  } finally {
    site.close();
  }
});

test('an engine whose worker cannot be had says so', async () => {
  for (const assets of ['https://other.invalid/', 'file:///nowhere/']) {
    await assert.rejects(Engine.create({ flavour, worker: true, assets }), insituError('Network', /the worker did not start.*own origin/));
  }
});
