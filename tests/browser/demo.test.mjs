// The demo page as a person uses it: a digit drawn with the mouse is read, clean drawings keep the watch
// calm, drifted ones raise the alarm, and nothing leaves the origin.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

import { Hand } from '../models/second-generator.mjs';
import { insitu } from '../node/support/command-line.mjs';
import { start } from './support.mjs';

const kShots = new URL('../../build/screenshots/', import.meta.url).pathname;
const kModel = new URL('../../models/handwriting/handwriting_int8.onnx', import.meta.url).pathname;
let site;

before(async () => {
  await mkdir(kShots, { recursive: true });
  site = await start();
});
after(() => site.close());

async function openDemo(options) {
  const opened = await site.open('demo/', options);
  await opened.page.waitForSelector('html[data-ready]');
  return opened;
}

/** Draws strokes of [x, y] in units of the pad's side with the mouse. */
async function drawWithMouse(page, strokes) {
  const box = await page.locator('#pad').boundingBox();
  for (const stroke of strokes) {
    const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
    await page.mouse.move(...at(stroke[0]));
    await page.mouse.down();
    for (const point of stroke.slice(1)) await page.mouse.move(...at(point));
    await page.mouse.up();
  }
}

async function finishedDrawings(page) {
  return Number.parseInt(await page.locator('#drift-count').textContent(), 10) || 0;
}

/** Draws and waits until the drawing has been counted as finished. */
async function drawFinished(page, draw) {
  const before = await finishedDrawings(page);
  await draw();
  await page.waitForFunction(
    (count) => Number.parseInt(document.getElementById('drift-count').textContent, 10) > count, before);
}

test('a digit drawn with the mouse is read, with the latency of every stage', async () => {
  const { page, problems, foreign, close } = await openDemo({ viewport: { width: 1440, height: 1000 } });
  const hand = new Hand(11);
  let right = 0;
  for (const digit of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
    await drawFinished(page, () => drawWithMouse(page, hand.draw(digit)));
    if (await page.locator('#best').textContent() === String(digit)) right += 1;
  }
  assert.ok(right >= 9, `${right} of 10 digits were read right`);
  assert.equal(await page.locator('#stages tr').count(), 6);
  assert.match(await page.locator('#latency-chart').getAttribute('aria-label'), /The last \d+ runs/);
  assert.match(await page.locator('#drift-chart').getAttribute('aria-label'), /Evidence of drift over finished drawings/);
  assert.match(await page.locator('#total').textContent(), /^\d/);
  assert.equal(await page.locator('#drift-state').textContent(), 'calm');
  await page.screenshot({ path: `${kShots}demo-desktop.png`, fullPage: true });
  assert.deepEqual(problems, []);
  assert.deepEqual(foreign, []);
  await close();
});

test('clean drawings stay calm, scribbles raise the alarm', async () => {
  const { page, problems, close } = await openDemo();
  await page.locator('#pad').focus();
  for (let i = 0; i < 60; ++i) await drawFinished(page, () => page.keyboard.press(String(i % 10)));
  assert.equal(await page.locator('#drift-state').textContent(), 'calm');
  let scribbles = 0;
  while (await page.locator('#drift-state').textContent() !== 'drifting') {
    assert.ok(++scribbles <= 60, 'no alarm after 60 scribbles');
    await drawFinished(page, () => page.keyboard.press('s'));
  }
  assert.equal(await page.locator('#meter').getAttribute('aria-valuenow'), '100');
  await page.screenshot({ path: `${kShots}demo-drift.png`, fullPage: true });
  assert.deepEqual(problems, []);
  await close();
});

test('drawings are kept and downloaded by the box and the button alone, and insitu evaluate reads them', async () => {
  const { page, problems, foreign, close } = await openDemo();
  const hand = new Hand(12);
  await page.locator('.corrections summary').click();
  const seven = page.locator('#truth button', { hasText: /^7$/ });
  await drawFinished(page, () => drawWithMouse(page, hand.draw(7)));
  assert.equal(await seven.isDisabled(), true, 'nothing is kept unasked');
  await page.locator('#keep-corrections').check();
  for (let i = 0; i < 2; ++i) {
    await drawFinished(page, () => drawWithMouse(page, hand.draw(7)));
    await seven.click();
    assert.equal(await seven.isDisabled(), true, 'a drawing is labelled once');
  }
  assert.match(await page.locator('#corrections-count').textContent(), /^2 drawings are kept/);
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#save-corrections').click()]);
  const file = `${await mkdtemp(join(tmpdir(), 'insitu-corrections-'))}/${download.suggestedFilename()}`;
  await download.saveAs(file);
  const { status, stdout, stderr } = await insitu('evaluate', kModel, '--data', file, '--json', '-');
  await rm(dirname(file), { recursive: true });
  assert.equal(status, 0, stderr);
  const { labelled, metrics } = JSON.parse(stdout);
  assert.deepEqual([labelled, metrics.accuracy.value], [2, 1]);
  await page.locator('#drop-corrections').click();
  assert.equal(await page.locator('#save-corrections').isDisabled(), true);
  assert.deepEqual([problems, foreign], [[], []]);
  await close();
});

for (const [name, cause] of [
  ['inverted colours', (page) => page.locator('#invert').check()],
  ['a much thicker pen', (page) => page.locator('#pen').fill('54')],
]) {
  test(`${name} raise the alarm`, async () => {
    const { page, close } = await openDemo();
    await cause(page);
    await page.locator('#pad').focus();
    for (let i = 0; i < 60 && await page.locator('#drift-state').textContent() !== 'drifting'; ++i)
      await drawFinished(page, () => page.keyboard.press(String(i % 10)));
    assert.equal(await page.locator('#drift-state').textContent(), 'drifting');
    await close();
  });
}

test('the pad can be drawn on with the keyboard alone', async () => {
  const { page, close } = await openDemo();
  await page.locator('#pad').focus();
  await page.keyboard.press('ArrowUp');
  await drawFinished(page, async () => {
    await page.keyboard.press('Space');
    for (let i = 0; i < 10; ++i) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
  });
  assert.notEqual(await page.locator('#best').textContent(), '–');
  await close();
});

for (const colorScheme of ['light', 'dark']) {
  test(`the page fits a phone, ${colorScheme}`, async () => {
    const { page, close } = await openDemo({ viewport: { width: 360, height: 740 }, colorScheme, hasTouch: true });
    await page.locator('#sample').tap();
    await page.waitForFunction(() => document.getElementById('best').textContent !== '–');
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
    await page.screenshot({ path: `${kShots}demo-phone-${colorScheme}.png`, fullPage: true });
    await close();
  });
}

for (const [slider, value, moved] of [
  ['brightness', '1.3', /brightness|value|mean|red|green|blue|spread|border/], ['noise', '0.15', /sharpness|spread|values?/], ['blur', '3', /sharpness/],
  ['swap', '0.7', /red|blue/], ['pen', '11', /./],
]) {
  test(`the drift lab finds trouble with ${slider} and names what moved; without trouble it recovers`, async () => {
    const { page, problems, close } = await openDemo({ viewport: { width: 1440, height: 1000 } });
    const state = (wanted) => page.waitForFunction(
      (wanted) => document.getElementById('lab-state').textContent === wanted, wanted, { timeout: 60_000 });
    // The same scenes on every run.
    await page.evaluate(() => {
      let seed = 1;
      Math.random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    });
    await page.locator('#lab-run').click();
    await page.waitForFunction(() => Number.parseInt(document.getElementById('lab-count').textContent, 10) >= 45, null, { timeout: 60_000 });
    assert.match(await page.locator('#lab-state').textContent(), /calm|rising/);
    await page.locator(`#lab-${slider}`).fill(value);
    await state('drifting');
    const said = await page.locator('#lab-log li').first().textContent();
    assert.match(said, /drift found, \d+ scenes after the last change\. Moved: /);
    assert.match(said.split('Moved:')[1], moved);
    if (slider === 'swap') {
      await page.locator('#lab-calm').click();
      await state('calm');
      await page.locator('#lab-features summary').first().click();
      assert.match(await page.locator('#lab-features li').first().textContent(), /Σx \/ n.*expected/);
      await page.screenshot({ path: `${kShots}demo-lab.png`, fullPage: true });
    }
    await page.locator('#lab-run').click();
    assert.deepEqual(problems, []);
    await close();
  });
}

test('any .onnx file can be inspected and run; a bad one gives a readable message', async () => {
  const { page, close } = await openDemo();
  const file = page.locator('#file');
  await file.setInputFiles(new URL('../../models/handwriting/handwriting_int8.onnx', import.meta.url).pathname);
  await page.getByRole('button', { name: 'Run on random input' }).click();
  await page.waitForSelector('#report tbody tr');
  assert.match(await page.locator('#report').textContent(), /QuantizeLinear/);
  await file.setInputFiles({ name: 'broken.onnx', mimeType: 'application/octet-stream', buffer: Buffer.from('not a model') });
  await page.waitForSelector('#report .problem');
  assert.match(await page.locator('#report .problem').textContent(), /InvalidModel/);
  await close();
});
