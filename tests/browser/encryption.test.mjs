// Encrypted models in a real Chromium: they load and give what the plain model gives, whatever was done to them is refused, and
// nothing of them is stored.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { encrypted, tamperings } from '../support/encrypted.mjs';
import { dist, start } from './support.mjs';

const flavours = JSON.parse(readFileSync(`${dist}flavours.json`, 'utf8'));
const shardBytes = 4096;
const key = randomBytes(32);
let site, folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'insitu-encryption-'));
  const plain = readFileSync(`${dist}demo/models/handwriting.int8.onnx`);
  writeFileSync(join(folder, 'model.onnx'), plain);
  for (const name of ['model.enc', 'other.enc']) writeFileSync(join(folder, name), encrypted(plain, key, { shardBytes }));
  writeFileSync(join(folder, 'tamperings.mjs'), `export ${tamperings}`);
  site = await start({ csp: true, mounts: new Map([['/models/', folder]]) });
});
after(async () => {
  await site.close();
  rmSync(folder, { recursive: true });
});

/* Everything that the origin has stored, by name. */
const stored = (page) => page.evaluate(async () => {
  const names = [...await caches.keys(), ...(await indexedDB.databases()).map(({ name }) => name), ...Object.keys(localStorage)];
  const visit = async (folder, path) => {
    for await (const [name, handle] of folder) {
      names.push(path + name);
      if (handle.kind === 'directory') await visit(handle, `${path}${name}/`);
    }
  };
  await visit(await navigator.storage.getDirectory(), '/');
  return names;
});

for (const flavour of flavours) {
  test(`${flavour}: an encrypted model gives the same as the plain one, with and without a worker, and nothing is stored`, async () => {
    const { page, problems, foreign, close } = await site.open('blank/');
    const { plain, others, key: extractable } = await page.evaluate(async ([flavour, raw]) => {
      const { Engine, tensor } = await import('/index.js');
      const held = await crypto.subtle.importKey('raw', Uint8Array.from(raw), 'AES-GCM', false, ['decrypt']);
      const bytes = Uint8Array.from(raw);
      const image = tensor(Float32Array.from({ length: 784 }, (_, i) => (i % 100) / 100), [1, 1, 28, 28]);
      const outputs = async (engine, source, options) => {
        const session = await engine.load(source, options);
        const results = Array.from(Object.values(await session.run({ image }))[0].data);
        await session.dispose();
        return results;
      };
      const engines = [await Engine.create({ flavour }), await Engine.create({ flavour, worker: false })];
      const plain = await outputs(engines[0], '/models/model.onnx');
      const others = [];
      const file = async () => (await fetch('/models/model.enc')).blob();
      for (const engine of engines) {
        for (const source of ['/models/model.enc', await file(), new File([await file()], 'm'), (await file()).stream(), new Request('/models/model.enc')]) {
          others.push(await outputs(engine, source, { encryption: { key: held } }));
        }
        others.push(await outputs(engine, '/models/model.enc', { encryption: { key: bytes }, monitor: { persist: 'none' } }));
        await engine.dispose();
      }
      return { plain, others, key: held.extractable };
    }, [flavour, [...key]]);
    assert.equal(extractable, false);
    assert.equal(others.length, 12);
    for (const outputs of others) assert.deepEqual(outputs, plain);
    assert.deepEqual(await stored(page), []);
    assert.deepEqual([problems, foreign], [[], []]);
    await close();
  });
}

test('another key, and whatever is done to the file, is refused with Integrity before anything is parsed', async () => {
  const { page, problems, close } = await site.open('blank/');
  const { count, wrong, after } = await page.evaluate(async ([raw, shardBytes, tamperings]) => {
    const { Engine, InsituError } = await import('/index.js');
    const engine = await Engine.create();
    const bytesOf = async (name) => new Uint8Array(await (await fetch(`/models/${name}`)).arrayBuffer());
    const [file, other, plain] = [await bytesOf('model.enc'), await bytesOf('other.enc'), await bytesOf('model.onnx')];
    const list = (await import(tamperings)).tamperings(file, other, shardBytes);
    const key = Uint8Array.from(raw);
    const cases = [...list.map(([what, bytes]) => [what, bytes, key]), ['another key', file, key.map((byte) => byte ^ 1)], ['a plain model', plain, key]];
    const wrong = [];
    for (const [what, bytes, key] of cases) {
      const phases = new Set();
      const end = await engine.load(bytes, { encryption: { key }, onProgress: ({ phase }) => phases.add(phase) }).then(() => 'loaded', (thrown) => thrown);
      if (!(end instanceof InsituError) || end.code !== 'Integrity' || phases.has('parse')) wrong.push(`${what}: ${end} ${[...phases]}`);
    }
    const { bufferBytes } = await engine.memory();
    const session = await engine.load(file, { encryption: { key } });
    const after = [bufferBytes, session.outputs.length];
    await engine.dispose();
    return { count: cases.length, wrong, after };
  }, [[...key], shardBytes, '/models/tamperings.mjs']);
  assert(count > 300, String(count));
  assert.deepEqual(wrong, []);
  assert.deepEqual(after, [0, 1]);
  assert.deepEqual(await stored(page), []);
  assert.deepEqual(problems, []);
  await close();
});

test("cache: 'opfs' is refused beside `encryption`, and so is what is no key; nothing is asked of the server or stored", async () => {
  const { page, close } = await site.open('blank/');
  const asked = [];
  page.on('request', (request) => { if (request.url().includes('/models/')) asked.push(request.url()); });
  const ends = await page.evaluate(async (raw) => {
    const { load } = await import('/index.js');
    const key = Uint8Array.from(raw);
    const weak = await crypto.subtle.importKey('raw', key.subarray(16), 'AES-GCM', false, ['decrypt']);
    const wrong = [{ encryption: { key }, cache: 'opfs' }, { encryption: { key: weak } }, { encryption: { key: 'secret' } }, { encryption: null }];
    return Promise.all(wrong.map((options) => load('/models/model.enc', options).then(() => 'loaded', ({ code, message }) => `${code}: ${message}`)));
  }, [...key]);
  assert.match(ends[0], /^InvalidArgument: cache: 'opfs' does not go with `encryption`: what is kept are prepared weights, in the clear/);
  for (const end of ends.slice(1)) assert.match(end, /^InvalidArgument: encryption\.key is no key/);
  assert.deepEqual(asked, []);
  assert.deepEqual(await stored(page), []);
  await close();
});

test('it is decrypted while it is downloaded: a file whose first shard is wrong is not downloaded to its end', async () => {
  const { page, close } = await site.open('blank/');
  const { code, given } = await page.evaluate(async (raw) => {
    const { load } = await import('/index.js');
    const file = new Uint8Array(await (await fetch('/models/model.enc')).arrayBuffer());
    file[40] ^= 1;
    let given = 0;
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(file.slice(given, given + 1024));
        given += 1024;
        if (given >= file.length) controller.close();
      },
    });
    const { code } = await load(stream, { encryption: { key: Uint8Array.from(raw) } }).catch((thrown) => thrown);
    return { code, given };
  }, [...key]);
  assert.equal(code, 'Integrity');
  assert(given <= 8192, String(given));
  await close();
});

test('without WebCrypto, as on pages over plain http, the error says so', async () => {
  const { page, close } = await site.open('blank/');
  const message = await page.evaluate(async (raw) => {
    Object.defineProperty(globalThis, 'crypto', { value: {} });
    const { load } = await import('/index.js');
    return load('/models/model.enc', { encryption: { key: Uint8Array.from(raw) } }).then(() => 'loaded', ({ code, message }) => `${code}: ${message}`);
  }, [...key]);
  assert.match(message, /^InvalidArgument: `encryption` needs WebCrypto\. Serve the page over https/);
  await close();
});
