// The engine's own files, wrong in every way that servers know, in a real Chromium: an error that names the file, no waiting for
// ever, and an engine that starts in the same page once the file is right.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { expectedDigit, hasThreads } from './bare.mjs';
import { dist } from './support.mjs';
import { scriptHeaders, startUnreliable, unhandled } from './unreliable.mjs';

const page404 = Buffer.from('<!doctype html><title>Not found</title><p>This page is an application.</p>');
const unlessForEver = { timeout: 120_000 };
let site, expected;
before(async () => {
  expected = await expectedDigit();
  site = await startUnreliable();
});
after(() => site.close());

const fileAt = (path) => readFileSync(dist + path.slice(1));
const typed = (type) => ({ ...scriptHeaders, 'content-type': type });
const types = { wasm: 'application/wasm', mjs: 'text/javascript', js: 'text/javascript' };
const typeOf = (path) => types[/\w+$/.exec(path)[0]];

/* Ways in which a file is wrong, by what is done to its answer. */
const ways = {
  'not there': () => ({ status: 404, headers: typed('text/plain') }),
  'a web page': () => ({ headers: typed('text/html'), body: page404 }),
  'a web page that calls itself what was asked for': (path) => ({ headers: typed(typeOf(path)), body: page404 }),
  'a web page without a type': () => ({ headers: typed('application/octet-stream'), body: page404 }),
  'cut short': (path) => ({ headers: typed(typeOf(path)), body: fileAt(path).subarray(0, fileAt(path).length >> 1) }),
  'dropped on its way': (path) => ({ headers: typed(typeOf(path)), body: fileAt(path), dropAt: fileAt(path).length >> 1 }),
  'of another version': (path) => ({ headers: typed(typeOf(path)), body: ofAnotherVersion(path) }),
  'another script': (path) => ({ headers: typed(typeOf(path)), body: Buffer.from('export default "nothing of insitu";') }),
};

/* As a build of other sources is: it names another digest. */
function ofAnotherVersion(path) {
  const bytes = fileAt(path);
  const at = path.endsWith('.wasm') ? bytes.length - 16 : bytes.lastIndexOf('build="') + 'build="'.length;
  assert.match(bytes.subarray(at, at + 16).toString(), /^[0-9a-f]{16}$/);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from('0123456789abcdef'), bytes.subarray(at + 16)]);
}

/* A module that does not even fit the glue, and tells nothing of itself. */
const unfit = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 0x62, 1, 0x63, 0, 0]);

const spoil = (file, way) => site.spoil(({ path }) => (path === file ? ways[way](path) : undefined));

async function assertWrongThenRight(page, file, way, options, message) {
  spoil(file, way);
  assert.match(await page.evaluate((options) => outcome(open(options)), options), message, way);
  site.mend();
  await page.evaluate((options) => open(options), options);
  assert.deepEqual(await page.evaluate(() => digit(session)), expected);
  await page.evaluate(() => engine.dispose());
  assert.deepEqual(await unhandled(page), []);
}

const cases = {
  '/insitu-simd-st.wasm': [Object.keys(ways), /^Network: http\S+insitu-simd-st\.wasm .*npx insitu copy/],
  '/insitu-simd-st.mjs': [Object.keys(ways), /^Network: .*http\S+insitu-simd-st\.mjs.*npx insitu copy/],
  '/insitu/worker.js': [['not there', 'a web page', 'a web page that calls itself what was asked for', 'a web page without a type', 'cut short', 'dropped on its way'],
    /^Network: the worker did not start.*insitu\/worker\.js.*assets/],
};
for (const [file, [itsWays, message]] of Object.entries(cases)) {
  test(`${file} that is wrong is named, and an engine starts in the same page when it is right`, unlessForEver, async () => {
    const { page, close } = await site.open();
    for (const way of itsWays) await assertWrongThenRight(page, file, way, { flavour: 'simd-st' }, message);
    await close();
  });
}

test('a script that is no worker of ours says nothing, which ends the wait', unlessForEver, async () => {
  const { page, close } = await site.open();
  await page.evaluate(() => {
    const { setTimeout } = globalThis;
    globalThis.setTimeout = (work, ms, ...given) => setTimeout(work, ms / 50, ...given);
  });
  await assertWrongThenRight(page, '/insitu/worker.js', 'another script', { flavour: 'simd-st' },
    /^Network: the worker did not start: nothing is heard of it.*insitu\/worker\.js/);
  await close();
});

test('of another version is said to be so', unlessForEver, async () => {
  const { page, close } = await site.open();
  for (const file of ['/insitu-simd-st.wasm', '/insitu-simd-st.mjs']) {
    await assertWrongThenRight(page, file, 'of another version', { flavour: 'simd-st' },
      /^Network: http\S+insitu-simd-st\.\w+ is of another version of insitu than its scripts\. Put all of insitu's files there anew/);
  }
  site.spoil(({ path }) => (path === '/insitu-simd-st.wasm' ? { headers: typed('application/wasm'), body: unfit } : undefined));
  assert.match(await page.evaluate(() => outcome(open({ flavour: 'simd-st' }))), /^Network: http\S+\.wasm is of another version/);
  site.mend();
  await close();
});

test('a flavour whose file is wrong is passed over, with a reason', unlessForEver, async () => {
  const { page, close } = await site.open();
  for (const way of ['not there', 'cut short', 'of another version']) {
    site.spoil(({ path }) => (/relaxed-\w+\.wasm$/.test(path) ? ways[way](path) : undefined));
    await page.evaluate(() => open());
    const { flavour, reasons } = await page.evaluate(() => engine.info);
    assert.match(flavour, /^simd-/);
    assert.match(reasons[0], /^The flavour relaxed-\w+ was passed over: http\S+\.wasm /);
    assert.deepEqual(await page.evaluate(() => digit(session)), expected);
    await page.evaluate(() => engine.dispose());
  }
  site.mend();
  assert.deepEqual(await unhandled(page), []);
  await close();
});

test('without a worker it is the same', unlessForEver, async () => {
  const { page, close } = await site.open();
  const options = { worker: false, flavour: 'simd-st' };
  for (const way of Object.keys(ways)) {
    await assertWrongThenRight(page, '/insitu-simd-st.wasm', way, options, /^Network: http\S+insitu-simd-st\.wasm /);
  }
  await close();
});

/* What the glue is in the threads alone. */
const inThreads = (code) => ({ path }) => (/-mt\.mjs$/.test(path) ? {
  headers: scriptHeaders, body: Buffer.concat([Buffer.from(`if (self.name.startsWith('em-pthread')) { ${code} }\n`), fileAt(path)]),
} : undefined);
const refused = {
  'its script fails': [inThreads('throw new Error("no thread here");'), /a thread did not start: .*no thread here/],
  'threads are refused': [({ path }) => (path === '/insitu/worker.js' ? {
    headers: scriptHeaders,
    body: Buffer.concat([Buffer.from('self.Worker = class { constructor() { throw new DOMException("refused", "SecurityError"); } };\n'), fileAt(path)]),
  } : undefined), /passed over: refused/],
  'there is no SharedArrayBuffer': [({ path }) => (path === '/insitu/worker.js' ? {
    headers: scriptHeaders, body: Buffer.concat([Buffer.from('delete self.SharedArrayBuffer;\n'), fileAt(path)]),
  } : undefined), /^One thread is used: /],
  'it never answers': [inThreads('self.onmessage = null; throw await new Promise(() => {});'), /a thread did not start: nothing was heard of it for 30 s/],
};
for (const [what, [spoilt, reason]] of Object.entries(refused)) {
  test(`a pool of threads of which ${what} means one thread and a reason`, { ...unlessForEver, skip: !hasThreads }, async () => {
    const { page, problems, close } = await site.open();
    site.spoil((request) => {
      const answered = spoilt(request);
      // Half a minute is a second here.
      const hurry = 'const setTimer = self.setTimeout; self.setTimeout = (work, ms, ...given) => setTimer(work, ms / 30, ...given);\n';
      if (request.path !== '/insitu/worker.js') return answered;
      return { headers: scriptHeaders, body: Buffer.concat([Buffer.from(hurry), answered?.body ?? fileAt(request.path)]) };
    });
    await page.evaluate(() => open({ threads: 2 }));
    const { flavour, threads, reasons } = await page.evaluate(() => engine.info);
    assert.match(flavour, /-st$/);
    assert.equal(threads, 1);
    assert.match(reasons.join('\n'), reason);
    assert.ok(reasons.filter((said) => said.includes('a thread did not start')).length <= 1, `threads were tried again: ${reasons.join('\n')}`);
    assert.deepEqual(await page.evaluate(() => digit(session)), expected);
    assert.deepEqual([await unhandled(page), problems], [[], []]);
    site.mend();
    await page.evaluate(() => open({ threads: 2 }));
    assert.equal(await page.evaluate(() => engine.info.threads), 2);
    assert.deepEqual(await page.evaluate(() => digit(session)), expected);
    await close();
  });
}

test('threads of an engine that does not come to life end at once, and so does the wait for them', { ...unlessForEver, skip: !hasThreads }, async () => {
  const { page, close } = await site.open();
  await page.evaluate(() => {
    const { Worker, setTimeout, clearTimeout } = globalThis;
    globalThis.made = 0;
    globalThis.ended = 0;
    globalThis.waits = new Set();
    globalThis.Worker = class extends Worker {
      constructor(...given) {
        super(...given);
        made++;
      }

      terminate() {
        ended++;
        super.terminate();
      }
    };
    globalThis.setTimeout = (work, ms, ...given) => {
      const timer = setTimeout(work, ms, ...given);
      if (ms === 30_000) waits.add(timer);
      return timer;
    };
    globalThis.clearTimeout = (timer) => {
      waits.delete(timer);
      clearTimeout(timer);
    };
  });
  site.spoil(({ path }) => (/-mt\.wasm$/.test(path) ? { headers: typed('application/wasm'), body: unfit } : undefined));
  await page.evaluate(() => open({ worker: false, threads: 2 }));
  const { flavour, reasons } = await page.evaluate(() => engine.info);
  assert.match(flavour, /-st$/);
  assert.match(reasons[0], /-mt\.wasm is of another version/);
  const { made, ended, waits } = await page.evaluate(() => ({ made, ended, waits: waits.size }));
  assert.ok(made > 0);
  assert.deepEqual([ended, waits], [made, 0]);
  site.mend();
  await close();
});
