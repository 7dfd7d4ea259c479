// Options of load() and create() that are odd, and what a load that is refused leaves open.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { folderOf } from './support/command-line.mjs';
import { Engine, flavours, insituError, load, tensor } from './support/insitu.mjs';
import { addModel, model } from '../support/onnx-writer.mjs';
import { integrityOf } from '../support/signer.mjs';

const [flavour] = flavours;
const value = (name) => ({ name, dtype: 'float32', dims: [2] });
const weights = Buffer.from(Float32Array.of(3, 4).buffer);
const withWeights = (location) => Buffer.from(model({
  nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }], inputs: [value('x')], outputs: [value('y')],
  initializers: [{ ...value('w'), external: { location, offset: 0, length: 8 } }],
}));

let engine;
before(async () => { engine = await Engine.create({ flavour }); });
after(() => engine.dispose());

test('external files may be called what objects have of themselves', async () => {
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    const externalData = Object.fromEntries([[name, weights]]);
    for (const externalIntegrity of [undefined, {}, Object.fromEntries([[name, integrityOf(weights)]])]) {
      const session = await engine.load(withWeights(name), { externalData, externalIntegrity });
      assert.deepEqual([...(await session.run({ x: tensor([1, 1], [2]) })).y.data], [4, 5], name);
      await session.dispose();
    }
    const externalIntegrity = Object.fromEntries([[name, integrityOf(Buffer.from('other'))]]);
    await assert.rejects(engine.load(withWeights(name), { externalData, externalIntegrity }), insituError('Integrity'));
  }
});

test('options of wrong types are refused as InvalidArgument', async () => {
  for (const limits of [null, 5, 'little', () => {}]) {
    await assert.rejects(Engine.create({ flavour, limits }), insituError('InvalidArgument', /^limits is /));
    await assert.rejects(load(addModel(), { flavour, limits }), insituError('InvalidArgument', /^limits is /));
  }
  await assert.rejects(load(addModel(), { limits: { nodes: 10n } }), insituError('InvalidArgument', /limits\.nodes is a bigint/));
  for (const integrity of [Symbol('digest'), 5, null, {}]) {
    await assert.rejects(engine.load(addModel(), { integrity }), insituError('InvalidArgument', /is no integrity/));
  }
  for (const audit of [5, {}, { loading: 5 }, null]) {
    await assert.rejects(engine.load(addModel(), { audit }), insituError('InvalidArgument', /audit is no AuditLog/));
  }
  const session = await engine.load(addModel(), { externalData: null, externalIntegrity: null });
  await session.dispose();
});

test('a load that is refused before anything is sent lets go of its source', async () => {
  const small = await Engine.create({ flavour, limits: { modelBytes: 1000 } });
  let cancelled = 0;
  const body = () => new ReadableStream({ cancel() { cancelled++; } });
  const headers = { 'content-length': '5000' };
  await assert.rejects(small.load(new Response(body(), { headers })), insituError('LimitExceeded'));
  assert.equal(cancelled, 1);

  const path = `${folderOf({ 'large.onnx': Buffer.alloc(5000) })}/large.onnx`;
  const open = () => readdirSync('/proc/self/fd').length;
  const before = open();
  for (let i = 0; i < 20; i++) await assert.rejects(small.load(path), insituError('LimitExceeded'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(open() < before + 10, `${open()} descriptors are open, ${before} were`);
  await small.dispose();
});
