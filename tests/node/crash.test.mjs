// A broken instance: its calls reject with Crashed, its sessions too, and the next load() starts a new one.
// The instance is a make-believe one, whose run() breaks as a WebAssembly trap does.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Engine, insituError, tensor } from './support/insitu.mjs';

const folder = mkdtempSync(join(tmpdir(), 'insitu-crash-'));
after(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'insitu-simd-st.wasm'), Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
writeFileSync(join(folder, 'insitu-simd-st.mjs'), `
let instances = 0;
const info = (name) => ({ name, dtype: 'float32', dims: [1] });
export default async () => {
  const version = String(++instances);
  return {
    wasmMemory: new WebAssembly.Memory({ initial: 1 }),
    start: () => ({ ok: { version, cancelAddress: 0 } }),
    uploadBegin: () => ({ ok: 1 }), uploadReserve: () => ({ ok: 64 }), uploadCommit: () => ({ ok: undefined }), uploadDiscard() {},
    load: () => ({ ok: { session: 1, inputs: [info('x')], outputs: [info('y')], metadata: {} } }),
    stage: () => ({ ok: 64 }), clear() {},
    run() { throw new WebAssembly.RuntimeError('unreachable'); },
    disposeSession() {},
  };
};
`);

test('a crash rejects everything under way, and load() recovers', async () => {
  const engine = await Engine.create({ worker: false, flavour: 'simd-st', assets: pathToFileURL(folder) });
  assert.equal(engine.info.version, '1');
  const options = { monitor: false };
  const [a, b] = [await engine.load(new Uint8Array(8), options), await engine.load(new Uint8Array(8), options)];
  const feed = { x: tensor([1]) };
  const crashed = insituError('Crashed', /unreachable.*Load the model again/);
  await Promise.all([a.run(feed), b.run(feed)].map((call) => assert.rejects(call, crashed)));
  await assert.rejects(b.run(feed), crashed);
  await a.dispose();
  const again = await engine.load(new Uint8Array(8), options);
  assert.equal(engine.info.version, '2');
  assert.equal(again.inputs[0].name, 'x');
  await assert.rejects(b.run(feed), crashed, 'sessions of the old instance stay broken');
  await engine.dispose();
});
