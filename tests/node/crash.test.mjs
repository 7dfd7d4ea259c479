// A broken instance: its calls reject with Crashed, its sessions too, and the next load() starts a new one.
// The instance of all tests but the last is a make-believe one, whose run() breaks as a WebAssembly trap does, but for models with
// the dim 'steady'.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { dist, Engine, flavours, insituError, tensor } from './support/insitu.mjs';

const folder = mkdtempSync(join(tmpdir(), 'insitu-crash-'));
after(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'insitu-simd-st.wasm'), Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
writeFileSync(join(folder, 'insitu-simd-st.mjs'), `
let instances = 0;
const info = (name) => ({ name, dtype: 'float32', dims: [1] });
export default async () => {
  const version = String(++instances);
  const steady = new Set();
  let sessions = 0;
  return {
    wasmMemory: new WebAssembly.Memory({ initial: 1 }),
    start: () => ({ ok: { version, cancelAddress: 0 } }),
    uploadBegin: () => ({ ok: 1 }), uploadReserve: () => ({ ok: 64 }), uploadCommit: () => ({ ok: undefined }), uploadDiscard() {},
    load(upload, external, { dims }) {
      const session = ++sessions;
      if (dims.steady) steady.add(session);
      return { ok: { session, inputs: [info('x')], outputs: [info('y')], metadata: {} } };
    },
    stage: () => ({ ok: 64 }), clear() {},
    run(session) {
      if (!steady.has(session)) throw new WebAssembly.RuntimeError('unreachable');
      return { ok: [] };
    },
    disposeSession() {}, monitorSnapshot: () => ({ error: { code: 'InvalidArgument', message: 'no monitor' } }), memory: () => ({}),
    createHistogram: () => ({ ok: 1 }), histogramRecord: () => ({ ok: undefined }), disposeWatch() {},
    histogramQuantiles: (_, qs) => ({ ok: qs.map(() => null) }),
  };
};
`);

const steady = { monitor: false, dims: { steady: 1 } };
const start = () => Engine.create({ worker: false, flavour: 'simd-st', assets: pathToFileURL(folder) });

test('an audit log has a crash once, and no end that was asked for', async () => {
  const { AuditLog } = await import(new URL('audit.js', dist).href);
  const log = await AuditLog.open();
  const options = { monitor: false, audit: log };
  const engine = await start();
  const [session] = [await engine.load(new Uint8Array(8), options), await engine.load(new Uint8Array(8), options)];
  await assert.rejects(session.run({ x: tensor([1]) }), insituError('Crashed'));
  await engine.load(new Uint8Array(8), options);
  await engine.dispose();
  const entries = (await log.export()).trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(entries.map(({ event }) => event), ['load', 'load', 'crash', 'load']);
  assert.match(entries[2].details.message, /unreachable/);
});

test('a crash rejects everything under way, and load() recovers', async () => {
  const engine = await start();
  const first = Number(engine.info.version);
  const options = { monitor: false };
  const [a, b] = [await engine.load(new Uint8Array(8), options), await engine.load(new Uint8Array(8), options)];
  const feed = { x: tensor([1]) };
  const crashed = insituError('Crashed', /unreachable.*Load the model again/);
  await Promise.all([a.run(feed), b.run(feed)].map((call) => assert.rejects(call, crashed)));
  await assert.rejects(b.run(feed), crashed);
  await a.dispose();
  const again = await engine.load(new Uint8Array(8), options);
  assert.equal(Number(engine.info.version), first + 1);
  assert.equal(again.inputs[0].name, 'x');
  await assert.rejects(b.run(feed), crashed, 'sessions of the old instance stay broken');
  await engine.dispose();
});

test('a swap whose golden run crashes rejects, and the next swap brings the session back', async () => {
  const engine = await start();
  after(() => engine.dispose());
  const session = await engine.load(new Uint8Array(8), steady);
  const feed = { x: tensor([1]) };
  await session.run(feed);
  const crashing = session.swap(new Uint8Array(8), { dims: {}, golden: [{ feeds: feed, outputs: { y: feed.x } }] });
  await Promise.all([
    assert.rejects(crashing, insituError('Crashed')),
    assert.rejects(session.swap(new Uint8Array(8), { dims: {}, golden: [{ feeds: feed, outputs: { y: feed.x } }] }), insituError('Crashed')),
  ]);
  await assert.rejects(session.run(feed), insituError('Crashed'));
  await session.swap(new Uint8Array(8));
  assert.deepEqual(await session.run(feed), {});
});

test('a candidate that crashes ends its trial, and everything settles', async () => {
  const engine = await start();
  after(() => engine.dispose());
  const feed = { x: tensor([1]) };
  const session = await engine.load(new Uint8Array(8), steady);
  const canary = await session.canary(new Uint8Array(8), { dims: {}, share: 1 });
  const told = new Promise((resolve) => { canary.addEventListener('rollback', ({ detail }) => resolve(detail)); });
  const runs = [session.run(feed), session.run(feed)];
  await Promise.all(runs.map((run) => assert.rejects(run, insituError('Crashed', /unreachable/))));
  const { reason, because, candidate } = await told;
  assert.equal(reason, 'crashed');
  assert.match(because, /unreachable/);
  assert.equal(candidate.infer.p50, null);
  await session.swap(new Uint8Array(8));
  const shadow = await session.shadow(new Uint8Array(8), { dims: {} });
  assert.deepEqual(await session.run(feed), {}, 'the caller has been answered before');
  await shadow.settled();
  assert.deepEqual((await shadow.report()).candidate.failures, { Crashed: 1 });
  await shadow.stop();
  await assert.rejects(session.run(feed), insituError('Crashed'));
  await session.dispose();
});

test('a worker that ends is noticed, and load() recovers', async () => {
  const workers = [];
  const collect = (worker) => workers.push(worker);
  process.on('worker', collect);
  const engine = await Engine.create({ worker: true, flavour: flavours[0], threads: 1 });
  after(() => engine.dispose());
  process.off('worker', collect);
  const model = new URL('demo/models/handwriting.int8.onnx', dist);
  const session = await engine.load(model);
  const feed = { image: tensor(new Float32Array(784), [1, 1, 28, 28]) };
  const expected = await session.run(feed);
  const profile = session.profile(feed, 1e6);
  void workers[0].terminate();
  const gone = insituError('Crashed', /gone without a word.*Load the model again/);
  await assert.rejects(profile, gone);
  await assert.rejects(session.run(feed), gone);
  assert.deepEqual(await (await engine.load(model)).run(feed), expected);
});

test('who wants to be told of the end of an engine is told soon where it has ended already', async () => {
  const engine = await Engine.create({ flavour: flavours[0] });
  let client;
  const loading = async (_, { audit, ...options }, open) => {
    const model = await open(options);
    ({ client } = model);
    return model;
  };
  await engine.load(new URL('demo/models/handwriting.int8.onnx', dist), { audit: { loading } });
  const told = [];
  client.whenBroken(() => told.push('before'));
  client.whenBroken(() => told.push('never'))();
  await engine.dispose();
  assert.deepEqual(told, ['before']);
  client.whenBroken(() => told.push('after'));
  assert.deepEqual(told, ['before']);
  await undefined;
  assert.deepEqual(told, ['before', 'after']);
});
