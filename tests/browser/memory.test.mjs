// Where a browser gives less memory than the module may use at most, or none that is shared, as phones do: the engine starts
// with less and says so. The browser is made to refuse by a line in front of the worker's script.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { expectedDigit, hasThreads, startBare } from './bare.mjs';
import { dist } from './support.mjs';

const kPagesOfGiB = 16384;
let site, expected;

before(async () => {
  expected = await expectedDigit();
  site = await startBare();
});
after(() => site.close());

/* A page whose engine has as many pages of memory at most, shared ones and others; `more` is done in the worker before all else. */
async function openWith({ plain = 65536, shared = 65536, more = '' }) {
  const opened = await site.open();
  const refuse = `{
    const { Memory } = WebAssembly;
    WebAssembly.Memory = class extends Memory {
      constructor(wished) {
        if (wished.maximum > (wished.shared ? ${shared} : ${plain})) throw new RangeError('Out of memory');
        super(wished);
      }
    };
  }\n`;
  const asked = [];
  opened.context.on('request', (request) => asked.push(request.url()));
  await opened.page.route('**/insitu/worker.js', (route) => route.fulfill({
    contentType: 'text/javascript', body: more + refuse + readFileSync(`${dist}insitu/worker.js`, 'utf8'),
    headers: { 'Cross-Origin-Embedder-Policy': 'require-corp' },
  }));
  return { ...opened, asked };
}

async function assertRuns(page, options) {
  await page.evaluate((options) => open(options), options);
  assert.deepEqual(await page.evaluate(() => digit(session)), expected);
  return page.evaluate(() => engine.info);
}

test('a smaller maximum is taken, with threads as ever', { skip: !hasThreads }, async () => {
  const { page, close } = await openWith({ shared: kPagesOfGiB });
  const { flavour, threads, reasons } = await assertRuns(page, { threads: 2 });
  assert.match(flavour, /-mt$/);
  assert.equal(threads, 2);
  assert.deepEqual(reasons, ['Models have 1024 MiB at most: this browser reserves no more memory.']);
  await close();
});

test('without shared memory there is one thread', { skip: !hasThreads }, async () => {
  const { page, asked, close } = await openWith({ shared: 0, plain: 2 * kPagesOfGiB });
  const { flavour, threads, reasons } = await assertRuns(page, { threads: 2 });
  assert.match(flavour, /-st$/);
  assert.equal(threads, 1);
  assert.equal(reasons.length, 2);
  assert.match(reasons[0], /-mt was passed over: the browser gives no shared memory/);
  assert.match(reasons[1], /^Models have 2048 MiB at most/);
  const modules = asked.filter((url) => url.endsWith('-mt.wasm'));
  assert.equal(modules.length, 1, 'a second flavour with threads is not even asked for');
  await close();
});

test('without any memory the engine does not start, and says why', async () => {
  const { page, close } = await openWith({ shared: 0, plain: 0 });
  assert.match(await page.evaluate(() => outcome(open())), /^OutOfMemory: the browser gives no memory\. Close other tabs/);
  await close();
});

test('what a model needs beyond the maximum is refused as out of memory, and the engine goes on', async () => {
  const { page, close } = await openWith({ plain: kPagesOfGiB / 4, shared: kPagesOfGiB / 4 });
  await assertRuns(page, { threads: 1 });
  const said = await page.evaluate(() => outcome(engine.load(new Uint8Array(300 << 20))));
  assert.match(said, /^OutOfMemory/);
  assert.deepEqual(await page.evaluate(() => digit(session)), expected);
  await close();
});

test('a full memory says the need, the use and the limit, and the session goes on', async () => {
  const { page, close } = await openWith({ plain: kPagesOfGiB, shared: 0 });
  await assertRuns(page, {});
  const { code, message } = await page.evaluate(async () => {
    const stop = new AbortController();
    const headers = { 'content-length': '600000000' };
    const never = () => engine.load(new Response(new ReadableStream(), { headers }), { signal: stop.signal });
    const waiting = never().catch(() => {});
    const thrown = await never().catch((error) => error);
    stop.abort();
    await waiting;
    return { code: thrown.code, message: thrown.message };
  });
  assert.equal(code, 'OutOfMemory');
  assert.match(message, /^cannot allocate 600000000 bytes, besides 6\d{8} in use, of a memory of at most 1073741824\./);
  assert.deepEqual(await page.evaluate(() => digit(session)), expected);
  await close();
});

test('feeds for which there is no room are refused as out of memory, and the session goes on', async () => {
  const { page, problems, close } = await openWith({ plain: kPagesOfGiB / 4, shared: kPagesOfGiB / 4 });
  await assertRuns(page, { threads: 1 });
  for (let i = 0; i < 2; i++) {
    const said = await page.evaluate(() => {
      const batch = 100_000;
      const image = { dtype: 'float32', dims: [batch, 1, 28, 28], data: new Float32Array(batch * 28 * 28) };
      return outcome(session.run({ image }, { transfer: true }));
    });
    assert.match(said, /^OutOfMemory/);
    assert.deepEqual(await page.evaluate(() => digit(session)), expected);
  }
  assert.deepEqual(problems, []);
  await close();
});

test('a result for which the browser has no room is out of memory, and the session goes on', async () => {
  const more = `{
    let refused = false;
    ArrayBuffer = new Proxy(ArrayBuffer, {
      construct(target, [bytes, ...given]) {
        if (bytes === 44 && !refused) {
          refused = true;
          throw new RangeError('Array buffer allocation failed');
        }
        return new target(bytes, ...given);
      },
    });
  }\n`;
  const { page, problems, close } = await openWith({ more });
  await page.evaluate(() => open());
  assert.match(await page.evaluate(() => outcome(session.run(feed()))), /^OutOfMemory: the browser gives no 44 bytes for a result/);
  assert.deepEqual(await page.evaluate(() => digit(session)), expected);
  assert.deepEqual(problems, []);
  await close();
});
