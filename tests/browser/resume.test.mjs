// Downloads that break off, in a real Chromium: of the page's own server and of another origin, with `cache: 'opfs'`, too.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { generator } from '../support/random.mjs';
import { answerWith, serveUnreliable } from '../support/unreliable-server.mjs';
import { expectedDigit } from './bare.mjs';
import { dist } from './support.mjs';
import { startUnreliable, unhandled } from './unreliable.mjs';

const path = '/demo/models/handwriting.int8.onnx';
const file = readFileSync(dist + path.slice(1));
/* The browser's own cache goes on with answers that broke off, too: not with these. */
const ownHeaders = { 'cross-origin-resource-policy': 'same-origin', 'cache-control': 'no-store', etag: '"1"' };

let site, expected;
before(async () => {
  expected = await expectedDigit();
  site = await startUnreliable();
});
after(() => site.close());

/* The model's first answer is dropped after so many bytes. */
function dropFirst(dropAt, options = {}) {
  let isFirst = true;
  site.asked.length = 0;
  site.spoil((request) => {
    if (request.path !== path) return undefined;
    const answered = answerWith(file, request, { headers: ownHeaders, ...options });
    if (!isFirst) return answered;
    isFirst = false;
    return { ...answered, dropAt, dropAfterMs: 50 };
  });
}
const rangesAsked = (asked = site.asked) => asked.filter((request) => request.path === path).map(({ headers }) => headers.range);

/* Where the second of two requests goes on; the browser may have dropped what it had not handed out. */
function fromOf(ranges) {
  assert.equal(ranges.length, 2);
  assert.equal(ranges[0], undefined);
  return Number(/^bytes=(\d+)-$/.exec(ranges[1])[1]);
}

test('a model whose download is dropped anywhere goes on there', async () => {
  const { page, close } = await site.open();
  await page.evaluate(() => open());
  const { pick } = generator(7);
  let inside = 0;
  const places = [0, 1, file.length - 1, ...Array.from({ length: 24 }, () => pick(2, file.length - 2))];
  for (const at of places) {
    dropFirst(at);
    assert.equal(await page.evaluate(() => outcome(reopen())), 'resolved', `dropped at ${at}`);
    assert.deepEqual(await page.evaluate(() => digit(session)), expected);
    const from = fromOf(rangesAsked());
    assert.ok(from <= at, `${from} is beyond ${at}`);
    if (from > 0) inside++;
  }
  assert.ok(inside > 10, `${inside} went on inside the file`);
  assert.deepEqual(await unhandled(page), []);
  await close();
});

test('where there are no ranges it is an error, and the session before and the load after work', async () => {
  const { page, close } = await site.open();
  await page.evaluate(() => open());
  const { pick } = generator(8);
  for (const at of Array.from({ length: 8 }, () => pick(0, file.length - 1))) {
    dropFirst(at, { ranges: false });
    assert.match(await page.evaluate(() => outcome(reopen())), /^Network: the download broke off: .*Try again/);
    assert.equal(rangesAsked().length, 1);
    assert.deepEqual(await page.evaluate(() => digit(session)), expected);
    await page.evaluate(() => reopen());
    assert.deepEqual(await page.evaluate(() => digit(session)), expected);
  }
  assert.deepEqual(await unhandled(page), []);
  await close();
});

test('a model that was replaced meanwhile is not put together of two', async () => {
  const { page, close } = await site.open();
  await page.evaluate(() => open());
  const newer = Buffer.from(file).fill(1, 5000, 5100);
  let answers = 0;
  site.spoil((request) => {
    if (request.path !== path) return undefined;
    const isFirst = ++answers === 1;
    const answered = answerWith(isFirst ? file : newer, request, { headers: { ...ownHeaders, etag: isFirst ? '"1"' : '"2"' } });
    return isFirst ? { ...answered, dropAt: 4000, dropAfterMs: 50 } : answered;
  });
  assert.match(await page.evaluate(() => outcome(reopen())), /^Network: .*at byte \d+ of \d+ of .*another one by now/);
  site.mend();
  await page.evaluate(() => reopen());
  assert.deepEqual(await page.evaluate(() => digit(session)), expected);
  assert.deepEqual(await unhandled(page), []);
  await close();
});

test('a model that goes on is kept like any other', async () => {
  const { page, close } = await site.open();
  dropFirst(9000);
  const phases = (restored) => page.evaluate(async (restored) => {
    const seen = new Set();
    let done;
    const kept = new Promise((resolve) => { done = resolve; });
    await open({}, { cache: 'opfs', onProgress: ({ phase, total }) => {
      seen.add(phase);
      if (phase === 'keep' && total !== undefined) done();
    } });
    if (!restored) await kept;
    return [...seen];
  }, restored);
  assert.ok((await phases(false)).includes('keep'));
  assert.ok(fromOf(rangesAsked()) <= 9000);
  const again = await phases(true);
  assert.ok(again.includes('restore') && !again.includes('download'), again.join());
  assert.deepEqual(await page.evaluate(() => digit(session)), expected);
  assert.deepEqual(await unhandled(page), []);
  await close();
});

const exposed = (names) => ({ 'access-control-allow-origin': '*', 'access-control-expose-headers': names });
const dated = { 'last-modified': 'Sat, 21 Mar 2026 07:28:00 GMT' };
const origins = {
  'that shows ETag, Accept-Ranges and Content-Range': [{ etag: '"1"', ...exposed('ETag, Accept-Ranges, Content-Range') }, true],
  'that shows no ETag, but Last-Modified': [{ etag: '"1"', ...dated, ...exposed('Accept-Ranges, Content-Range') }, false],
  'whose files all have one time': [{ etag: '"1"', 'last-modified': 'Thu, 01 Jan 1970 00:00:01 GMT', ...exposed('ETag, Accept-Ranges, Content-Range') }, false],
  'that shows nothing': [{ etag: '"1"', ...dated, ...exposed('') }, false],
  'that does not show where a part belongs': [{ etag: '"1"', ...exposed('ETag, Accept-Ranges') }, false],
};
for (const [what, [headers, goesOn]] of Object.entries(origins)) {
  test(`from an origin ${what} a model ${goesOn ? 'goes on' : 'does not go on'}, and no leave is asked for`, async () => {
    let isFirst = true;
    const other = await serveUnreliable((request) => {
      const answered = answerWith(file, request, { headers });
      const dropAt = isFirst ? 3000 : undefined;
      isFirst = false;
      return { ...answered, dropAt, dropAfterMs: 50 };
    });
    try {
      const { page, close } = await site.open();
      await page.evaluate(() => open());
      const said = await page.evaluate((url) => outcome(engine.load(url).then((loaded) => { globalThis.session = loaded; })), other.url + path.slice(1));
      if (goesOn) assert.equal(said, 'resolved');
      else assert.match(said, /^Network: the download broke off/);
      assert.deepEqual(await page.evaluate(() => digit(session)), expected);
      assert.ok(other.asked.every(({ method }) => method === 'GET'), other.asked.map(({ method }) => method).join());
      if (goesOn) assert.ok(fromOf(rangesAsked(other.asked)) <= 3000);
      assert.deepEqual(await unhandled(page), []);
      await close();
    } finally {
      await other.close();
    }
  });
}
