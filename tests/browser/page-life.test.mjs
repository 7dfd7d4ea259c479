// The life of a page in a real Chromium: workers that are killed, pages that are frozen, left and come back to. Nobody waits for
// ever: a call gives its result, or rejects with Crashed and the next load() starts a new instance.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { expectedDigit, startBare } from './bare.mjs';
import { openUnseen } from './freezing.mjs';
import { chainModel } from './tiny-models.mjs';

const kGone = /^Crashed: the worker has gone without a word.*Load the model again/;
const kInsecure = 'insecure.test';
const unlessForEver = { timeout: 60_000 };
let site, expected;

before(async () => {
  expected = await expectedDigit();
  const flags = [`--host-resolver-rules=MAP ${kInsecure} 127.0.0.1`];
  site = await startBare({ flags, without: ['--disable-back-forward-cache'] });
});
after(() => site.close());

async function openSession(options) {
  const opened = await site.open();
  await opened.page.evaluate((options) => open(options), options);
  const digit = () => opened.page.evaluate(() => digit(session));
  assert.deepEqual(await digit(), expected);
  return { ...opened, digit };
}

async function assertNewInstance(page) {
  assert.match(await page.evaluate(() => outcome(digit(session))), kGone, 'sessions of the old instance stay broken');
  await page.evaluate(() => reopen());
  assert.deepEqual(await page.evaluate(() => digit(session)), expected);
  assert.equal(await page.evaluate(() => workers.length), 2);
}

const locks = (page) => page.evaluate(async () =>
  (await navigator.locks.query()).held.filter(({ name }) => name.startsWith('insitu-life-')).length);

test('a worker that is killed while it works is noticed, and the next load() starts another', unlessForEver, async () => {
  const { page, problems, close } = await openSession();
  const outcomes = await page.evaluate(async () => {
    const calls = [session.profile(feed(), 1e7), session.run(feed()), engine.memory()];
    await new Promise((done) => { setTimeout(done, 300); });
    workers[0].terminate();
    return Promise.all(calls.map(outcome));
  });
  for (const said of outcomes) assert.match(said, kGone);
  await assertNewInstance(page);
  assert.deepEqual(problems, []);
  await close();
});

test('a worker that is killed while it loads, with runs behind it, is noticed as well', unlessForEver, async () => {
  const chain = Array.from(chainModel(4000));
  for (const when of ['parse', 'download']) {
    const { page, problems, close } = await openSession();
    const { outcomes, cancelled } = await page.evaluate(async ([when, bytes]) => {
      const model = new Uint8Array(bytes);
      let cancelled = false;
      const endless = new ReadableStream({
        async pull(controller) {
          await new Promise((done) => { setTimeout(done, 20); });
          controller.enqueue(model.slice(0, 100));
        },
        cancel() { cancelled = true; },
      });
      let runs = [];
      const onProgress = ({ phase, loaded }) => {
        if (phase !== when || runs.length > 0 || (phase === 'download' && loaded < 500)) return;
        runs = [session.run(feed()), session.run(feed())];
        workers[0].terminate();
      };
      const load = await outcome(engine.load(when === 'download' ? endless : model, { onProgress }));
      return { outcomes: [load, ...await Promise.all(runs.map(outcome))], cancelled };
    }, [when, chain]);
    assert.equal(outcomes.length, 3);
    for (const said of outcomes) assert.match(said, kGone, when);
    if (when === 'download') assert.equal(cancelled, true, 'nothing more is asked of the source');
    await assertNewInstance(page);
    assert.deepEqual(problems, []);
    await close();
  }
});

test('a worker that ends while nothing is asked of it is noticed by the next call', unlessForEver, async () => {
  const { page, close } = await openSession({ threads: 1 });
  const [worker] = page.workers();
  await worker.evaluate(() => self.close());
  assert.match(await page.evaluate(() => outcome(digit(session))), kGone);
  await assertNewInstance(page);
  await close();
});

test('a worker that takes its time is not taken for dead', async () => {
  const { page, digit, close } = await openSession();
  const said = await page.evaluate(async () => {
    for (let runs = 2000, tookMs = 0; tookMs < 5500; runs = Math.ceil(runs * 7000 / tookMs)) {
      const from = performance.now();
      const said = await outcome(session.profile(feed(), runs));
      tookMs = performance.now() - from;
      if (said !== 'resolved') return said;
    }
    return 'resolved';
  });
  assert.equal(said, 'resolved');
  assert.deepEqual(await digit(), expected);
  await close();
});

test('a lock is held while a call waits, and none at rest', async () => {
  const { page, close } = await openSession();
  const pending = page.evaluate(() => outcome(session.profile(feed(), 1e7)));
  while (await locks(page) !== 1);
  await page.evaluate(() => void engine.dispose());
  assert.match(await pending, /^Disposed/);
  await page.evaluate(() => open());
  while (await locks(page) !== 0);
  await close();
});

/* Away to another page and back. */
async function leaveAndReturn({ page }, whileAway = async () => {}) {
  await page.evaluate(() => {
    addEventListener('pageshow', ({ persisted }) => { globalThis.persisted = persisted; });
  });
  const address = page.url();
  await page.goto(new URL('/blank/', address).href);
  await whileAway();
  await page.goBack({ waitUntil: 'commit' });
  await page.waitForFunction(() => globalThis.persisted !== undefined);
  assert.equal(page.url(), address);
  assert.equal(await page.evaluate(() => persisted), true, 'the page was kept');
}

test('a page with an engine is kept when it is left, and the session runs on', async () => {
  const opened = await openSession();
  const { page, digit, problems, close } = opened;
  await page.evaluate(() => addEventListener('pagehide', () => { globalThis.late = outcome(digit(session)); }));
  await leaveAndReturn(opened);
  assert.equal(await page.evaluate(() => late), 'resolved', 'asked while the page was being left');
  assert.deepEqual(await digit(), expected);
  assert.equal(await page.evaluate(() => workers.length), 1);
  assert.deepEqual(problems, []);
  await close();
});

test('a worker that is lost while the page is kept is noticed when the page is back', unlessForEver, async () => {
  const opened = await openSession();
  await opened.page.evaluate(() => addEventListener('pagehide', () => workers[0].terminate()));
  await leaveAndReturn(opened);
  await assertNewInstance(opened.page);
  await opened.close();
});

test('a page that is frozen goes on where it was', async () => {
  const { page, context, close } = await site.open();
  const unseen = await openUnseen(context.browser(), page.url());
  const isReady = () => unseen.evaluate('document.documentElement?.dataset.ready === ""').catch(() => false);  // no document yet
  while (!await isReady());
  await unseen.evaluate(`open().then(() => document.addEventListener('freeze', () => {
    globalThis.under = outcome(digit(session));
  }))`);
  await unseen.lifecycle('frozen');
  await unseen.lifecycle('active');
  assert.equal(await unseen.evaluate('under'), 'resolved', 'asked while the page was being frozen');
  assert.deepEqual(await unseen.evaluate('digit(session)'), expected);
  assert.equal(await unseen.evaluate('workers.length'), 1);
  await unseen.close();
  await close();
});

test('on an insecure page there are no locks, and the engine works without', async () => {
  const { page, close } = await site.open(new URL('bare/', site.url.replace('localhost', kInsecure)));
  assert.equal(await page.evaluate(() => isSecureContext || navigator.locks !== undefined), false);
  await page.evaluate(() => open({}, { cache: 'opfs' }));
  assert.deepEqual(await page.evaluate(() => digit(session)), expected);
  await close();
});
