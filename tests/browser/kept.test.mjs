// cache: 'opfs' in a real Chromium: what a visit keeps, the next one restores, and whatever is wrong with it does no harm.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { dist, start } from './support.mjs';

const handwriting = `${dist}demo/models/handwriting.int8.onnx`;
const flavours = JSON.parse(readFileSync(`${dist}flavours.json`, 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'insitu-kept-'));
const model = join(folder, 'model.onnx');

let site;
before(async () => {
  copyFileSync(handwriting, model);
  site = await start({ mounts: new Map([['/models/', folder]]) });
});
after(async () => {
  await site.close();
  rmSync(folder, { recursive: true });
});

/* A visit: a page of its own that loads, runs once on ramps, waits until the model is kept and says what happened. */
async function visit(context, options = {}, { offline = false } = {}) {
  const page = await context.newPage();
  await page.goto(new URL('demo/', site.url).href);
  if (offline) await page.route('**/models/**', (route) => route.abort());
  try {
    return await page.evaluate(async (options) => {
      const { load, tensor } = await import('/index.js');
      const phases = [];
      let isKept;
      const kept = new Promise((done, failed) => {
        isKept = done;
        setTimeout(failed, 20_000, new Error('the model was not kept'));
      });
      kept.catch(() => {});
      const session = await load('/models/model.onnx', {
        cache: 'opfs', ...options,
        onProgress: ({ phase, total }) => {
          phases.push(phase);
          if (phase === 'keep' && total !== undefined) isKept();
        },
      });
      const image = tensor(Float32Array.from({ length: 784 }, (_, i) => (i % 100) / 100), [1, 1, 28, 28]);
      const run = async () => Array.from(Object.values(await session.run({ image }))[0].data);
      const outputs = await run();
      if (phases.includes('download') && options.cache !== 'none') await kept;
      const again = await run();
      const explained = await session.explain();
      const { drift } = await session.monitor.snapshot().catch(() => ({}));
      await session.dispose();
      return { phases: [...new Set(phases)], outputs, again, explained, monitored: drift !== undefined };
    }, options);
  } finally {
    await page.close();
  }
}

/* A file that turns out to be of no use is read as well, but the model is downloaded then. */
const isRestored = ({ phases }) => phases.includes('restore') && !phases.includes('download') && !phases.includes('keep');

/* The kept files of the origin: { name: bytes }; `change` may be given to alter them in the page. */
async function files(page, change) {
  return page.evaluate(async (change) => {
    const root = await navigator.storage.getDirectory();
    const kept = await root.getDirectoryHandle('insitu').catch(() => undefined);
    const sizes = {};
    if (!kept) return sizes;
    for (const [name, handle] of await Array.fromAsync(kept)) {
      if (!/^[0-9a-f]+$/.test(name)) continue;  // the browser's own, while a file is being written
      const file = await handle.getFile();
      sizes[name] = file.size;
      if (!change) continue;
      const bytes = new Uint8Array(await file.arrayBuffer());
      const at = Math.floor(bytes.length * change.at);
      bytes[at] ^= 1;
      let writable;  // once the page before has let go of the file
      for (let tries = 50; !writable; tries--) {
        writable = await handle.createWritable().catch((thrown) => { if (tries === 0) throw thrown; });
        await new Promise((done) => { setTimeout(done, 20); });
      }
      await writable.write(change.cut ? bytes.subarray(0, at) : bytes);
      await writable.close();
    }
    return sizes;
  }, change);
}

for (const flavour of flavours) {
  test(`${flavour}: the second visit restores what the first one kept, and computes the same`, async () => {
    const { page, context, problems, close } = await site.open('demo/');
    const plain = await visit(context, { flavour, cache: 'none' });
    assert.deepEqual(await files(page), {});
    const first = await visit(context, { flavour });
    assert.ok(first.phases.includes('download') && first.phases.includes('keep'), first.phases.join());
    assert.deepEqual(first.outputs, plain.outputs);
    assert.deepEqual(first.again, plain.outputs);
    const [size] = Object.values(await files(page));
    assert.ok(size > 50_000, `${size} bytes are no model`);
    const second = await visit(context, { flavour });
    assert.ok(isRestored(second), second.phases.join());
    assert.deepEqual(second.outputs, plain.outputs);
    assert.deepEqual(second.explained, plain.explained);
    assert.deepEqual(problems, []);
    await close();
  });
}

test('a model that has changed at its address is loaded anew, and kept in place of the former', async () => {
  const { page, context, close } = await site.open('demo/');
  await visit(context);
  utimesSync(model, new Date(), new Date(Date.now() - 1e7));
  const changed = await visit(context);
  assert.ok(changed.phases.includes('download') && !changed.phases.includes('restore'), changed.phases.join());
  assert.equal(Object.keys(await files(page)).length, 1);
  assert.ok(isRestored(await visit(context)));
  await close();
});

test('files that were changed or cut short are noticed, and the model is loaded', async () => {
  const { page, context, close } = await site.open('demo/');
  const { outputs } = await visit(context);
  for (const change of [{ at: 0 }, { at: 0.001 }, { at: 0.5 }, { at: 0.99 }, { at: 0.5, cut: true }, { at: 0, cut: true }]) {
    await files(page, change);
    const visited = await visit(context);
    assert.ok(visited.phases.includes('download'), `${JSON.stringify(change)}: ${visited.phases.join()}`);
    assert.deepEqual(visited.outputs, outputs);
    assert.ok(isRestored(await visit(context)), `not kept again after ${JSON.stringify(change)}`);
  }
  await close();
});

test('with integrity a kept model needs no server; without it, its server decides', async () => {
  const { context, close } = await site.open('demo/');
  const integrity = `sha256-${createHash('sha256').update(readFileSync(model)).digest('base64')}`;
  const first = await visit(context, { integrity });
  assert.ok(first.phases.includes('verify'));
  const second = await visit(context, { integrity }, { offline: true });
  assert.ok(isRestored(second), second.phases.join());
  assert.deepEqual(second.outputs, first.outputs);
  const wrong = `sha256-${createHash('sha256').update('another').digest('base64')}`;
  await assert.rejects(visit(context, { integrity: wrong }), /SHA-256/);
  await visit(context);
  await assert.rejects(visit(context, {}, { offline: true }), /cannot reach/);
  await close();
});

test('other options keep another file, and a restored session is watched', async () => {
  const { page, context, close } = await site.open('demo/');
  const profile = '/demo/models/handwriting.profile.json';
  await visit(context);
  await visit(context, { backend: 'reference' });
  await visit(context, { monitor: { profile } });
  assert.equal(Object.keys(await files(page)).length, 3);
  const watched = await visit(context, { monitor: { profile } });
  assert.ok(isRestored(watched), watched.phases.join());
  assert.ok(watched.monitored);
  await close();
});

test('a session that goes while its model is being kept leaves nothing behind, and clearCache() removes the rest', async () => {
  const { page, context, problems, close } = await site.open('demo/');
  await page.evaluate(async () => {
    const { load } = await import('/index.js');
    await (await load('/models/model.onnx', { cache: 'opfs' })).dispose();
  });
  const { phases } = await visit(context);
  assert.ok(phases.includes('download') || phases.includes('restore'));
  assert.equal(Object.keys(await files(page)).length, 1);
  await page.evaluate(async () => (await import('/index.js')).clearCache());
  assert.deepEqual(await files(page), {});
  await page.evaluate(async () => (await import('/index.js')).clearCache());
  assert.deepEqual(problems, []);
  await close();
});

test('bytes at hand are not kept, but load as ever', async () => {
  const { page, close } = await site.open('demo/');
  const outputs = await page.evaluate(async () => {
    const { load } = await import('/index.js');
    const blob = await (await fetch('/models/model.onnx')).blob();
    const sources = [blob, await blob.arrayBuffer(), new File([blob], 'model.onnx'), blob.stream()];
    const names = [];
    for (const source of sources) names.push((await load(source, { cache: 'opfs' })).outputs[0].name);
    return names;
  });
  assert.equal(new Set(outputs).size, 1);
  assert.deepEqual(await files(page), {});
  await close();
});
