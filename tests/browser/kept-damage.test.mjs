// What is kept, damaged in every region, cut, longer, or interrupted while it was written, in a real Chromium: it is noticed, the
// model is loaded and kept anew, and no result is ever another one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { generator } from '../support/random.mjs';
import { files, isRestored, listed, startWithModels, visit as visitSite } from './kept-visits.mjs';

const headBytes = 64;    // of kept.ts: what tells the version, and the model's digest
const checkedBytes = 8;  // of the archive's footer, which is 64 bytes long: the checksum; nothing reads the zeros behind it
let site;
before(async () => (site = await startWithModels(['model.onnx'])));
after(() => site.close());

const visit = (context, options, how) => visitSite(site, context, options, how);

/* Changes the file of the kept model in the page: `flip`: bits of a byte; `length`: cut or filled up with `fill`. */
async function damage(page, change) {
  await page.evaluate(async (change) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('insitu');
    for await (const [name, handle] of folder) {
      if (change.record === undefined ? !/^[0-9a-f]{64}$/.test(name) : !name.endsWith('.json')) continue;
      let bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
      if (change.record !== undefined) bytes = new TextEncoder().encode(change.record);
      if (change.flip !== undefined) bytes[change.flip] ^= change.mask ?? 1;
      if (change.length !== undefined) {
        const other = new Uint8Array(change.length).fill(change.fill ?? 0);
        other.set(bytes.subarray(0, change.length));
        bytes = other;
      }
      let file;  // once the page before has let go of it
      for (let tries = 100; !file; tries--) {
        file = await handle.createWritable().catch((thrown) => { if (tries === 0) throw thrown; });
        if (!file) await new Promise((done) => { setTimeout(done, 20); });
      }
      await file.write(bytes);
      await file.close();
    }
  }, change);
}

async function openKept() {
  const opened = await site.open('blank/');
  const { outputs } = await visit(opened.context);
  const [size] = Object.values(await files(opened.page));
  return { ...opened, outputs, size };
}

async function assertNoticed({ page, context, outputs, size }, change) {
  await damage(page, change);
  const visited = await visit(context);
  assert.deepEqual(visited.outputs, outputs, JSON.stringify(change));
  assert.ok(visited.phases.includes('download') && visited.phases.includes('keep'), `${JSON.stringify(change)}: ${visited.phases.join()}`);
  assert.deepEqual(Object.values(await files(page)), [size], 'kept anew');
}

test('a bit that was flipped anywhere is noticed', async () => {
  const opened = await openKept();
  const { size, problems } = opened;
  const { pick } = generator(11);
  const read = size - headBytes + checkedBytes;
  const places = [0, 31, 32, 63, headBytes, headBytes + 8, headBytes + 16, headBytes + 64, size - 65, size - 64, size - 57,
    ...Array.from({ length: 21 }, () => pick(headBytes, read - 1))];
  for (const flip of places) await assertNoticed(opened, { flip, mask: 1 << pick(0, 7) });
  assert.deepEqual(problems, []);
  await opened.close();
});

test('the zeros at the end mean nothing: a bit that was flipped there changes no result', async () => {
  const { page, context, outputs, size, close } = await openKept();
  for (const flip of [size - 56, size - 1]) {
    await damage(page, { flip });
    const visited = await visit(context);
    assert.ok(isRestored(visited));
    assert.deepEqual(visited.outputs, outputs);
  }
  await close();
});

test('a file that was cut or is longer is noticed', async () => {
  const opened = await openKept();
  const { size } = opened;
  for (const length of [0, 1, 32, 63, 64, 128, size >> 1, size - 64, size - 1, size + 1, size + 64, 2 * size]) await assertNoticed(opened, { length });
  await assertNoticed(opened, { length: size + 64, fill: 255 });
  await opened.close();
});

test('a record that is garbage does no harm', async () => {
  const { page, context, outputs, close } = await openKept();
  for (const record of ['', '\0\0\0\0', '{', 'null', '[]', '"text"', '{"url":5,"sha256":[],"stamps":"x"}', '{"stamps":[{"a":1}]}', '{"stamps":null}']) {
    await damage(page, { record });
    const [entry] = await listed(page);
    assert.ok([entry.url, entry.sha256].every((text) => text === undefined || typeof text === 'string'), `${record}: ${JSON.stringify(entry)}`);
    await assert.rejects(visit(context, {}, { route: (route) => route.abort() }), /cannot reach/, `nobody can say which version ${record} is of`);
    await damage(page, { record });
    const visited = await visit(context);
    assert.ok(isRestored(visited), visited.phases.join());
    assert.deepEqual(visited.outputs, outputs);
  }
  await close();
});

test('a tab that is closed while it keeps a model leaves nothing that counts', async () => {
  const { page, context, problems, close } = await site.open('blank/');
  const { outputs } = await visit(context, { cache: 'none' });
  for (let i = 0; i < 3; i++) {
    const tab = await context.newPage();
    await tab.goto(new URL('blank/', site.url).href);
    const half = tab.evaluate(() => new Promise((resolve) => {
      void import('/index.js').then(({ load }) => load('/models/model.onnx', {
        cache: 'opfs', onProgress: ({ phase, total }) => phase === 'keep' && total === undefined && resolve(),
      }));
    }));
    await half;
    await tab.close();
    const visited = await visit(context);
    assert.deepEqual(visited.outputs, outputs);
    assert.ok(isRestored(await visit(context)));
    await page.evaluate(async () => {
      const { clearCache } = await import('/index.js');
      for (let tries = 50; ; tries--) {
        try {
          return await clearCache();
        } catch (thrown) {
          if (tries === 0) throw thrown;
          await new Promise((done) => { setTimeout(done, 50); });
        }
      }
    });
  }
  assert.deepEqual(problems, []);
  await close();
});

test('what is no fault of the file leaves it: a disposed engine, an abort, a profile that is none', async () => {
  const { page, context, problems, close } = await openKept();
  const before = await files(page);
  const codes = await page.evaluate(async () => {
    const { Engine } = await import('/index.js');
    const outcomes = [];
    const attempt = async (act, monitor = {}) => {
      const engine = await Engine.create({ assets: '/' });
      const stop = new AbortController();
      const onProgress = ({ phase }) => phase === 'restore' && act?.(engine, stop);
      const load = engine.load('/models/model.onnx', { cache: 'opfs', monitor, onProgress, signal: stop.signal });
      outcomes.push(await load.then(() => 'loaded', ({ code }) => code));
      await engine.dispose();
    };
    await attempt((engine) => void engine.dispose());
    await attempt((_, stop) => stop.abort());
    await attempt(undefined, { profile: { format: 'none' } });
    return outcomes;
  });
  assert.deepEqual(codes, ['Disposed', 'Cancelled', 'InvalidArgument']);
  assert.deepEqual(await files(page), before);
  assert.ok(isRestored(await visit(context)));
  assert.deepEqual(problems, []);
  await close();
});
