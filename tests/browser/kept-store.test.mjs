// The store behind cache: 'opfs' in a real Chromium: limits, eviction, quotas, listing and clearing, several tabs, and pages
// that may not store anything.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { files, isRestored, listed, namesOf, startWithModels, visit as visitSite } from './kept-visits.mjs';

const names = ['a.onnx', 'b.onnx', 'c.onnx'];

let site;
before(async () => (site = await startWithModels(names)));
after(() => site.close());

const visit = (context, model, options, how) => visitSite(site, context, options, { model, ...how });

/* Waits until listCache() says that of all kept models `model` was used last. */
async function usedLast(page, model) {
  for (let tries = 100; tries > 0; tries--) {
    if (namesOf(await listed(page)).at(-1) === model) return;
    await new Promise((done) => { setTimeout(done, 20); });
  }
  assert.fail(`${model} is not the one used last`);
}

/* What a model of the site takes. */
async function sizeOf(context, page) {
  await visit(context, 'a.onnx');
  const [{ bytes }] = await listed(page);
  await page.evaluate(async () => (await import('/index.js')).clearCache());
  return bytes;
}

test('listCache() says what is kept and when it was used; clearCache() removes what is chosen', async () => {
  const { page, context, close } = await site.open('blank/');
  assert.deepEqual(await listed(page), []);
  const began = Date.now();
  for (const name of names) await visit(context, name);
  const entries = await listed(page);
  assert.deepEqual(namesOf(entries), names);
  for (const { kind, url, bytes, lastUsed } of entries) {
    assert.equal(kind, 'model');
    assert.ok(url.startsWith(`${site.url}models/`));
    assert.ok(bytes > 50_000);
    assert.ok(lastUsed > began - 2000 && lastUsed < Date.now() + 2000);
  }
  assert.ok(isRestored(await visit(context, 'a.onnx')));
  await usedLast(page, 'a.onnx');
  assert.deepEqual(namesOf(await listed(page)), ['b.onnx', 'c.onnx', 'a.onnx']);
  await page.evaluate(async () => {
    const { load, listCache, clearCache } = await import('/index.js');
    await (await load('/models/a.onnx', { monitor: { persist: 'opfs' } })).dispose();
    const [{ sha256, kind }] = (await listCache()).filter((entry) => entry.kind === 'watch');
    if (kind !== 'watch' || !/^[0-9a-f]{64}$/.test(sha256)) throw new Error(`a watch of ${sha256}`);
    await clearCache(({ url }) => url?.endsWith('b.onnx'));
  });
  assert.deepEqual(namesOf((await listed(page)).filter(({ kind }) => kind === 'model')), ['c.onnx', 'a.onnx']);
  await page.evaluate(async () => (await import('/index.js')).clearCache(({ kind }) => kind === 'model'));
  assert.deepEqual((await listed(page)).map(({ kind }) => kind), ['watch']);
  await page.evaluate(async () => (await import('/index.js')).clearCache());
  assert.deepEqual(await listed(page), []);
  await close();
});

test('models unused longest make room; one that is larger than the limit is not kept and moves nobody', async () => {
  const { page, context, problems, close } = await site.open('blank/');
  const size = await sizeOf(context, page);
  const cacheBytes = Math.floor(2.5 * size);
  await visit(context, 'a.onnx', { cacheBytes });
  await visit(context, 'b.onnx', { cacheBytes });
  assert.ok(isRestored(await visit(context, 'a.onnx', { cacheBytes })));
  await usedLast(page, 'a.onnx');
  await visit(context, 'c.onnx', { cacheBytes });
  assert.deepEqual(namesOf(await listed(page)), ['a.onnx', 'c.onnx']);
  const { phases } = await visit(context, 'b.onnx', { cacheBytes: Math.floor(0.9 * size) }, { waits: false });
  assert.ok(phases.includes('download'));
  await notKept(page, 2);
  assert.deepEqual(namesOf(await listed(page)), ['a.onnx', 'c.onnx']);
  for (const cacheBytes of [-1, NaN]) {
    await assert.rejects(visit(context, 'a.onnx', { cacheBytes }), /InvalidArgument|cacheBytes is/);
  }
  assert.deepEqual(problems, []);
  await close();
});

/* Loads b.onnx in that page with more options, waits until its storing has ended, and sees as many models there as before. */
async function notKept(page, count, options = {}) {
  await page.evaluate(async (options) => {
    const { load } = await import('/index.js');
    const locks = async () => (await navigator.locks.query()).held.length;
    const before = await locks();
    await load('/models/b.onnx', { cache: 'opfs', ...options });
    // Storing holds a lock of the store for as long as it takes.
    do await new Promise((done) => { setTimeout(done, 50); });
    while (await locks() > before);
  }, { cacheBytes: 1000, ...options });
  assert.equal(Object.values(await files(page)).filter(Boolean).length, count);
}

test('where the browser gives no more room, others make it or the model is not kept', async () => {
  const { page, context, problems, close } = await site.open('blank/');
  const size = await sizeOf(context, page);
  const browser = await context.newCDPSession(page);
  const quota = (quotaSize) => browser.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin, quotaSize });
  await quota(Math.floor(2.5 * size));
  for (const name of names) await visit(context, name);
  assert.deepEqual(namesOf(await listed(page)), ['b.onnx', 'c.onnx']);
  assert.ok(isRestored(await visit(context, 'c.onnx')));
  await page.evaluate(async () => (await import('/index.js')).clearCache());
  await quota(Math.floor(0.5 * size));
  await notKept(page, 0, { cacheBytes: 1e9 });
  assert.deepEqual(problems, []);
  await close();
});

test('two tabs load the same model at once: neither fails, and one file is kept', async () => {
  const { page, context, problems, close } = await site.open('blank/');
  const [one, two] = await Promise.all([1, 2].map(() => visit(context, 'a.onnx', {}, { waits: false })));
  assert.deepEqual(one.outputs, two.outputs);
  await visit(context, 'a.onnx');
  assert.equal(Object.keys(await files(page)).length, 1);
  const both = await Promise.all([1, 2].map(() => visit(context, 'a.onnx')));
  assert.ok(both.every(isRestored), both.map(({ phases }) => phases.join()).join(' / '));
  assert.deepEqual(problems, []);
  await close();
});

test('a model that another tab reads is not removed, one that it writes is neither waited for nor touched', async () => {
  const { page, context, close } = await site.open('blank/');
  const size = await sizeOf(context, page);
  const { outputs } = await visit(context, 'a.onnx');
  const [name] = Object.keys(await files(page));
  const holder = await context.newPage();
  await holder.goto(new URL('blank/', site.url).href);
  const hold = (mode) => holder.evaluate(([name, mode]) => new Promise((held) => {
    navigator.locks.request(`insitu-${name}`, { mode }, () => new Promise((release) => {
      globalThis.release = release;
      held();
    }));
  }), [name, mode]);
  const clear = () => page.evaluate(async () => (await import('/index.js')).clearCache());

  await hold('shared');
  assert.ok(isRestored(await visit(context, 'a.onnx')));
  await assert.rejects(clear(), /in use/);
  await notKept(page, 1, { cacheBytes: Math.floor(1.5 * size) });
  assert.deepEqual(namesOf(await listed(page)), ['a.onnx']);
  await holder.evaluate(() => globalThis.release());

  await hold('exclusive');
  const meanwhile = await visit(context, 'a.onnx', {}, { waits: false });
  assert.ok(meanwhile.phases.includes('download') && !meanwhile.phases.includes('keep'), meanwhile.phases.join());
  assert.deepEqual(meanwhile.outputs, outputs);
  await holder.close();

  assert.ok(isRestored(await visit(context, 'a.onnx')));
  await clear();
  assert.deepEqual(await files(page), {});
  await close();
});

test('a file that goes while it is being read does no harm', async () => {
  const { page, context, close } = await site.open('blank/');
  const { outputs } = await visit(context, 'a.onnx');
  const restored = await page.evaluate(async () => {
    const { load, tensor } = await import('/index.js');
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('insitu');
    const session = await load('/models/a.onnx', {
      cache: 'opfs',
      onProgress: ({ phase }) => {
        if (phase !== 'restore' && phase !== 'download') return;
        void (async () => {
          for await (const name of folder.keys()) await folder.removeEntry(name).catch(() => {});
        })();
      },
    });
    const image = tensor(Float32Array.from({ length: 784 }, (_, i) => (i % 100) / 100), [1, 1, 28, 28]);
    return Array.from(Object.values(await session.run({ image }))[0].data);
  });
  assert.deepEqual(restored, outputs);
  await close();
});

const denials = {
  'storage is denied': () => {
    StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('denied', 'SecurityError'));
  },
  'there are no locks': () => { Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }); },
  'locks are denied': () => {
    LockManager.prototype.request = () => Promise.reject(new DOMException('denied', 'SecurityError'));
  },
  'files cannot be written': () => { FileSystemFileHandle.prototype.createWritable = undefined; },
};
for (const [what, deny] of Object.entries(denials)) {
  test(`where ${what}, models load as if there were no cache`, async () => {
    const { page, context, problems, close } = await site.open('blank/');
    await context.addInitScript(deny);
    await page.reload();
    for (let i = 0; i < 2; i++) {
      const { phases } = await visit(context, 'a.onnx', { monitor: { persist: 'opfs' } }, { waits: false });
      assert.ok(phases.includes('download') && !phases.includes('restore'), phases.join());
    }
    assert.deepEqual((await listed(page)).filter(({ kind }) => kind === 'model'), []);
    await page.evaluate(async () => (await import('/index.js')).clearCache());
    assert.deepEqual(problems, []);
    await close();
  });
}

test('on an insecure page models load as if there were no cache', async () => {
  const insecure = await startWithModels(names, { flags: ['--host-resolver-rules=MAP insecure.test 127.0.0.1'] });
  try {
    const url = insecure.url.replace('localhost', 'insecure.test');
    const { page, context, close } = await insecure.open(new URL('blank/', url).href);
    assert.equal(await page.evaluate(() => isSecureContext), false);
    const { phases } = await visitSite({ url }, context, {}, { model: 'a.onnx', waits: false });
    assert.ok(phases.includes('download') && !phases.includes('keep'), phases.join());
    assert.deepEqual(await listed(page), []);
    await page.evaluate(async () => (await import('/index.js')).clearCache());
    await close();
  } finally {
    await insecure.close();
  }
});
