// insitu/privacy and insitu/suspicion in a page under a strict policy: answers are remembered over visits and between tabs, in the
// origin private file system and in localStorage, and a session in a worker is asked what it thinks of squeezed inputs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { start } from './support.mjs';

let site;
before(async () => (site = await start({ csp: true })));
after(() => site.close());

/* What a new tab of the same person gets for `count` questions, asked at once, and what has been spent then. */
async function ask(context, { store = 'opfs', count = 6, label = 0, budget = 4, damage } = {}) {
  const page = await context.newPage();
  await page.goto(new URL('blank/', site.url).href);
  const answers = await page.evaluate(async ([store, count, label, budget, damage]) => {
    const { labelReporter } = await import('/privacy.js');
    const { clearCache } = await import('/index.js');
    const reporter = labelReporter({ classes: 1000, epsilon: 1, budget, store: store === 'localStorage' ? localStorage : store });
    if (damage) localStorage.setItem('labels', damage);
    try {
      const answers = await Promise.all(Array.from({ length: count }, (_, i) => reporter.report(label, { key: `${i}` })));
      await clearCache();
      return { answers, spent: await reporter.spent() };
    } catch ({ code, message }) {
      return { code, message };
    }
  }, [store, count, label, budget, damage]);
  await page.close();
  return answers;
}

for (const store of ['opfs', 'localStorage']) {
  test(`${store}: answers and budget are there on the next visit, and clearCache() leaves them`, async () => {
    const { context, problems, foreign, close } = await site.open('blank/');
    const first = await ask(context, { store });
    assert.deepEqual(first.answers.map((answer) => answer === null), [false, false, false, false, true, true]);
    assert.equal(first.spent, 4);
    assert.deepEqual(await ask(context, { store, label: 999 }), first);
    assert.deepEqual([problems, foreign], [[], []]);
    await close();
  });
}

test('tabs that ask at the same time get the same answers', async () => {
  const { context, close } = await site.open('blank/');
  const tabs = await Promise.all([0, 1, 2].map((label) => ask(context, { count: 20, label, budget: 10 })));
  for (const tab of tabs) assert.deepEqual(tab, tabs[0]);
  assert.equal(tabs[0].answers.filter((answer) => answer !== null).length, 10);
  await close();
});

test('in memory everything is forgotten with the page; what is damaged is refused', async () => {
  const { context, close } = await site.open('blank/');
  const [first, second] = [await ask(context, { store: 'memory', budget: 50, count: 50 }), await ask(context, { store: 'memory', budget: 50, count: 50 })];
  assert.notDeepEqual(first.answers, second.answers);
  const { code, message } = await ask(context, { store: 'localStorage', damage: '{"format":"insitu-labels"' });
  assert.equal(code, 'InvalidArgument');
  assert.match(message, /damaged/);
  await close();
});

test('a session in a worker says how suspicious an input is, and its monitor knows nothing of it', async () => {
  const { page, problems, foreign, close } = await site.open('blank/');
  const { clean, odd, requests } = await page.evaluate(async () => {
    const [{ load, tensor }, { suspicion }] = await Promise.all([import('/index.js'), import('/suspicion.js')]);
    const session = await load('/demo/models/handwriting.int8.onnx');
    const judge = suspicion(session, { threshold: 0.2 });
    const score = (pixels) => judge.score({ image: tensor(pixels, [1, 1, 28, 28]) });
    const ink = { 13: 0.4, 14: 1, 15: 0.4 };
    const one = Float32Array.from({ length: 784 }, (_, i) => (i >= 168 && i < 616 ? ink[i % 28] ?? 0 : 0));
    const clean = await score(one), odd = await score(one.map((value, i) => ([180, 240, 262, 264].includes(i) ? 1 : value)));
    const { requests } = await session.monitor.snapshot();
    await session.dispose();
    return { clean, odd, requests };
  });
  assert.deepEqual([clean.suspicious, odd.suspicious], [false, true], JSON.stringify([clean, odd]));
  assert.equal(requests, 0);
  assert.deepEqual([problems, foreign], [[], []]);
  await close();
});
