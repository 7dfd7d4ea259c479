// The demo's page around its playgrounds: what is loaded when, what a person does before it is there, and that axe, phones and the
// strict policy have nothing to object to, light and dark.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { objections, shownCode, startDemo } from './demo-site.mjs';
import { dist } from './support.mjs';

const kShots = new URL('../../build/screenshots/', import.meta.url).pathname;
const kPlaygrounds = ['handwriting', 'image', 'sound', 'text', 'graph', 'lab', 'benchmark', 'cost'];
let site;

before(async () => {
  await mkdir(kShots, { recursive: true });
  site = await startDemo();
});
after(() => site.close());

test('a playground is loaded when it comes near the view, and not before', async () => {
  const { page, context, problems, foreign, close } = await site.visit('demo/', { viewport: { width: 1200, height: 600 } });
  const asked = [];
  context.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.waitForSelector('html[data-ready]');
  assert.equal(await page.locator('#handwriting[data-open]').count(), 1);
  for (const name of kPlaygrounds.slice(2)) assert.equal(await page.locator(`#${name}[data-open]`).count(), 0, name);
  assert.deepEqual(asked.filter((path) => /intents|part-(text|graph|benchmark|sound|lab)/.test(path)), []);
  await page.locator('nav a', { hasText: 'Text' }).click();
  await page.waitForSelector('#text[data-open]');
  assert.ok(asked.some((path) => path.endsWith('intents_int8.onnx')));
  assert.equal(await page.locator('#benchmark[data-open]').count(), 0);
  assert.deepEqual(problems, []);
  assert.deepEqual(foreign, []);
  await close();
});

test('what is pressed before its playground is there happens then', async () => {
  const { page, context, close } = await site.visit('blank/', { viewport: { width: 1200, height: 600 } });
  let letGo;
  const held = new Promise((done) => { letGo = done; });
  await context.route('**/part-lab-*.js', async (route) => { await held; await route.continue(); });
  await page.goto(new URL('demo/', site.url).href);
  await page.waitForSelector('html[data-ready]');
  await page.locator('#lab-run').click();
  assert.equal(await page.locator('#lab-run').textContent(), 'Start the camera');
  letGo();
  await page.waitForFunction(() => document.getElementById('lab-run').textContent === 'Pause the camera');
  await close();
});

test('the first thing to see is a result, and the example counts for nothing', async () => {
  const { page, close } = await site.visit('demo/');
  await page.waitForSelector('html[data-ready]');
  assert.equal(await page.locator('#best').textContent(), '3');
  assert.ok(await page.locator('#hint').isVisible());
  assert.match(await page.locator('#drift-count').textContent(), /^0 finished/);
  assert.equal(await page.evaluate(() => performance.getEntriesByName('first-result').length), 1);
  await page.locator('#sample').click();
  await page.waitForFunction(() => /^1 finished/.test(document.getElementById('drift-count').textContent));
  assert.ok(!await page.locator('#hint').isVisible());
  await close();
});

for (const width of [360, 1440]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`axe, the policy and the width of ${width} px object to nothing, ${colorScheme}`, async () => {
      const { page, problems, foreign, close } = await site.visit('demo/', { viewport: { width, height: 900 }, colorScheme, hasTouch: width < 400, reducedMotion: 'reduce' });
      await page.waitForSelector('html[data-ready]');
      for (const name of kPlaygrounds) {
        await page.locator(`#${name}`).scrollIntoViewIfNeeded();
        await page.waitForSelector(`#${name}[data-open]`);
        for (const summary of await page.locator(`#${name} summary:visible`).all()) await summary.click();
        assert.deepEqual(await objections(page, `#${name}`), []);
        await page.locator(`#${name}`).screenshot({ path: `${kShots}demo-${name}-${width}-${colorScheme}.png` });
      }
      assert.deepEqual(await objections(page), []);
      const small = await page.evaluate(() => [...document.querySelectorAll('button, nav a, label.button, select, textarea')]
        .map((element) => ({ what: element.id || element.textContent, box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.height > 0 && (box.height < 32 || box.width < 32)).map(({ what }) => what));
      assert.deepEqual(small, [], 'targets that are too small');
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is too wide');
      assert.deepEqual(problems, []);
      assert.deepEqual(foreign, []);
      await close();
    });
  }
}

for (const name of ['handwriting', 'lab']) {
  test(`"Open in code" of ${name} is the text of the module that runs`, async () => {
    const { page, close } = await site.open(name);
    assert.match(await shownCode(page, name), /engine\.load/);
    await close();
  });
}

test('there is a link to the API reference where there is one', async () => {
  const { page, close } = await site.visit('demo/');
  assert.equal(await page.locator('nav a[href="./api/index.html"]').count(), existsSync(`${dist}demo/api/index.html`) ? 1 : 0);
  await close();
});

test('where the engine cannot start the page says so', async () => {
  const { page, context, close } = await site.visit('blank/');
  await context.route('**/*.wasm', (route) => route.abort());
  await page.goto(new URL('demo/', site.url).href);
  await page.waitForFunction(() => /Internal|Network/.test(document.getElementById('engine').textContent));
  assert.match(await page.locator('#handwriting .problem').textContent(), /Internal|Network/);
  await close();
});
