// monitor: { persist: 'opfs' } in a real Chromium: the next visit goes on where the last one ended, one tab at a time.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { start } from './support.mjs';

let site;
before(async () => (site = await start()));
after(() => site.close());

/* A visit: a page that loads, runs `runs` times, says what it knows and leaves, by dispose() or as `leave` says. */
async function visit(context, runs, { monitor = {}, leave = 'dispose' } = {}) {
  const page = await context.newPage();
  await page.goto(new URL('blank/', site.url).href);
  const snapshot = await page.evaluate(async ([runs, monitor, leave]) => {
    const { load, tensor } = await import('/index.js');
    const session = await load('/demo/models/handwriting.int8.onnx', { monitor: { persist: 'opfs', ...monitor } });
    for (let i = 0; i < runs; i++) {
      const image = tensor(Float32Array.from({ length: 784 }, (_, k) => ((k * 7 + i * 13) % 29 === 0 ? 1 : 0)), [1, 1, 28, 28]);
      await session.run({ image }, { slice: { device: 'desk' } });
    }
    const snapshot = await session.monitor.snapshot();
    if (leave === 'dispose') await session.dispose();
    if (leave === 'hide') {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden' });
      document.dispatchEvent(new Event('visibilitychange'));
      await session.run({ image: tensor(new Float32Array(784), [1, 1, 28, 28]) });
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle('insitu');
      for (let size = 0; size === 0;) {
        await new Promise((done) => { setTimeout(done, 20); });
        for (const [name, handle] of await Array.fromAsync(folder)) {
          if (name.startsWith('watch-') && !name.endsWith('.crswap')) size = (await handle.getFile()).size;
        }
      }
      snapshot.hidden = (await session.monitor.snapshot()).latency.hidden.total.count;
    }
    return snapshot;
  }, [runs, monitor, leave]);
  return { snapshot, close: () => page.close() };
}

test('the next visit goes on: counts, slices and what is being learnt', async () => {
  const { context, problems, close } = await site.open('blank/');
  const monitor = { profile: { learn: 2000 } };
  const first = await visit(context, 30, { monitor });
  assert.equal(first.snapshot.persistence, 'opfs');
  assert.equal(first.snapshot.requests, 30);
  await first.close();
  const second = await visit(context, 12, { monitor });
  assert.equal(second.snapshot.requests, 42);
  assert.equal(second.snapshot.latency.cold.total.count, 2);
  assert.equal(second.snapshot.drift.learning.have + second.snapshot.drift.learning.skipped, 42);
  assert.equal(second.snapshot.slices.all[0].requests, 42);
  await second.close();
  // Another way to watch begins anew.
  const other = await visit(context, 3, { monitor: { profile: { learn: 3000 } } });
  assert.equal(other.snapshot.requests, 3);
  await other.close();
  assert.deepEqual(problems, []);
  await close();
});

test('a page that is hidden writes what it knows, and its runs count apart', async () => {
  const { context, close } = await site.open('blank/');
  const first = await visit(context, 7, { leave: 'hide' });
  assert.equal(first.snapshot.hidden, 1);
  await first.close();
  const second = await visit(context, 1);
  assert.ok(second.snapshot.requests >= 8, `${second.snapshot.requests}`);
  await close();
});

test('of two tabs one keeps; without persist nothing is kept; clearCache() forgets', async () => {
  const { page, context, close } = await site.open('blank/');
  const first = await visit(context, 5, { leave: 'stay' });
  const second = await visit(context, 2);
  assert.equal(first.snapshot.persistence, 'opfs');
  assert.equal(second.snapshot.persistence, 'busy');
  assert.equal(second.snapshot.requests, 2);
  await second.close();
  await first.close();
  const plain = await visit(context, 2, { monitor: { persist: 'none' } });
  assert.equal(plain.snapshot.persistence, 'none');
  await plain.close();
  const third = await visit(context, 4);
  assert.equal(third.snapshot.persistence, 'opfs');
  await third.close();
  const fourth = await visit(context, 1);
  assert.ok(fourth.snapshot.requests >= 5, `${fourth.snapshot.requests}`);
  await fourth.close();
  await page.evaluate(async () => (await import('/index.js')).clearCache());
  const fresh = await visit(context, 1);
  assert.equal(fresh.snapshot.requests, 1);
  await fresh.close();
  await close();
});

test('engine.dispose() writes what is known and lets go; a load after it goes on', async () => {
  const { page, context, close } = await site.open('blank/');
  const [first, second] = await page.evaluate(async () => {
    const { Engine, tensor } = await import('/index.js');
    const snapshots = [];
    for (const runs of [6, 2]) {
      const engine = await Engine.create({ assets: '/' });
      const session = await engine.load('/demo/models/handwriting.int8.onnx', { monitor: { persist: 'opfs' } });
      for (let i = 0; i < runs; i++) await session.run({ image: tensor(new Float32Array(784), [1, 1, 28, 28]) });
      snapshots.push(await session.monitor.snapshot());
      await engine.dispose();
    }
    return snapshots;
  });
  assert.equal(first.persistence, 'opfs');
  assert.equal(second.persistence, 'opfs');
  assert.equal(second.requests, 8);
  await context.close();
  await close();
});

test('an engine that is disposed, and a load that is aborted, while what was kept is read let go of it', async () => {
  const { page, close } = await site.open('blank/');
  const outcomes = await page.evaluate(async () => {
    const { Engine } = await import('/index.js');
    const held = async () => (await navigator.locks.query()).held.filter(({ name }) => name.includes('watch-')).length;
    const { getDirectory } = StorageManager.prototype;
    const outcomes = [];
    for (const act of ['dispose', 'abort', 'nothing']) {
      const engine = await Engine.create({ assets: '/' });
      const stop = new AbortController();
      const open = () => engine.load('/demo/models/handwriting.int8.onnx', { monitor: { persist: 'opfs' }, signal: stop.signal });
      // The lock is taken by then.
      StorageManager.prototype.getDirectory = async function () {
        StorageManager.prototype.getDirectory = getDirectory;
        if (act === 'dispose') void engine.dispose();
        if (act === 'abort') stop.abort();
        await new Promise((done) => { setTimeout(done, 100); });
        return getDirectory.call(this);
      };
      const outcome = await open().then(() => 'loaded', ({ code }) => code);
      await new Promise((done) => { setTimeout(done, 300); });
      const { bufferBytes } = await engine.memory().catch(() => ({}));
      outcomes.push([outcome, await held(), bufferBytes]);
      await engine.dispose();
    }
    return outcomes;
  });
  const [disposed, aborted, loaded] = outcomes;
  assert.deepEqual(disposed.slice(0, 2), ['Disposed', 0]);
  assert.deepEqual(aborted.slice(0, 2), ['Cancelled', 0]);
  assert.deepEqual(loaded.slice(0, 2), ['loaded', 1]);
  assert.ok(aborted[2] < loaded[2] / 10, `${aborted[2]} bytes are held after an abort, ${loaded[2]} by a session`);
  await close();
});
