// "Inspect a model": what stands in the file and where it runs, as a picture and as a table, by mouse and by keys; also of thousands
// of nodes, of files with their weights elsewhere, and of what is no model.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { drop, shownCode, startDemo } from './demo-site.mjs';
import { chainModel, colourModel, oneNode } from './tiny-models.mjs';

const intents = readFileSync(new URL('../../models/intents/intents_int8.onnx', import.meta.url));
const onnx = (name, buffer) => ({ name, mimeType: 'application/octet-stream', buffer });
let site;
before(async () => { site = await startDemo(); });
after(() => site.close());

const transform = (page) => page.locator('#picture svg > g').getAttribute('transform');
const moves = async (page, act) => {
  const before = await transform(page);
  await act();
  await page.waitForFunction((before) => document.querySelector('#picture svg > g').getAttribute('transform') !== before, before);
  return transform(page);
};
const scaleOf = (transform) => Number(/scale\((.*)\)/.exec(transform)[1]);

test('the sample is drawn and timed; the picture, the table and the facts say the same', async () => {
  const { page, says, problems, foreign, close } = await site.open('graph', { viewport: { width: 1440, height: 1000 } });
  await says('model-run', /ms a run, mean of 10/);
  await says('node-count', /^50 of 50 nodes$/);
  const softmax = page.locator('#node-rows tr', { hasText: 'Softmax' });
  assert.match(await softmax.textContent(), /Softmax[\d.]+ µsxnnpack/);
  await softmax.locator('button').click();
  assert.match(await says('node', /^Softmax/), /Runs onxnnpack/);
  assert.match(await page.locator('#picture [data-selected=true]').textContent(), /^Softmax/);
  assert.equal(await page.locator('#picture .node[data-kind=folded]').count(), 0);
  const before = await page.locator('#picture').getAttribute('aria-label');
  assert.match(before, /^Graph of 1\d boxes and 1\d lines/);
  await page.locator('#show-folded').check();
  assert.match(await page.locator('#picture').getAttribute('aria-label'), /^Graph of 52 boxes and 51 lines/);
  assert.deepEqual(problems, []);
  assert.deepEqual(foreign, []);
  await close();
});

test('the picture is moved and zoomed by keys, mouse and buttons, and N and P go from node to node', async () => {
  const { page, says, close } = await site.open('graph', { viewport: { width: 1440, height: 1000 } });
  await page.locator('#picture').focus();
  const scale = scaleOf(await transform(page));
  assert.ok(scaleOf(await moves(page, () => page.keyboard.press('+'))) > scale);
  assert.ok(scaleOf(await moves(page, () => page.locator('#zoom-out').click())) < scale * 1.25);
  await page.locator('#picture').focus();
  const top = await moves(page, () => page.keyboard.press('0'));
  assert.notEqual(await moves(page, () => page.keyboard.press('ArrowDown')), top);
  await page.keyboard.press('n');
  await says('node', /^input/);
  await page.keyboard.press('n');
  await says('node', /^QuantizeLinear/);
  await page.keyboard.press('p');
  await says('node', /^input/);
  const box = await page.locator('#picture').boundingBox();
  const [x, y] = [box.x + 20, box.y + box.height - 20];
  await page.mouse.move(x, y);
  await moves(page, async () => {
    await page.mouse.down();
    await page.mouse.move(x + 30, y - 60, { steps: 3 });
    await page.mouse.up();
  });
  await moves(page, () => page.mouse.wheel(0, -200));
  await page.locator('#node-search').focus();
  const { scrollY } = await page.evaluate(() => ({ scrollY }));
  await page.mouse.move(x, y);
  await page.mouse.wheel(0, 200);
  await page.waitForFunction((before) => scrollY > before, scrollY);
  await close();
});

test('shapes that the file states, other models by drop, searching and ordering', async () => {
  const { page, says, close } = await site.open('graph');
  await drop(page, '#drop', [onnx('colours.onnx', colourModel())]);
  await says('model-facts', /colours\.onnx, /);
  assert.deepEqual(await page.locator('#node-rows tr').evaluateAll((rows) => rows.map((row) => [...row.cells].map(({ textContent }) => textContent).filter((_, i) => i !== 1 && i !== 2))),
    [['GlobalAveragePool', 'float32 batch×3×1×1', '', 'average'], ['Flatten', 'float32 batch×3', '', 'flatten']]);
  await page.locator('#file').setInputFiles(onnx('intents.onnx', intents));
  await says('model-facts', /intents\.onnx, /);
  await page.locator('#node-order').selectOption('size');
  assert.match(await page.locator('#node-rows tr').first().textContent(), /56\.\d KB/);
  await page.locator('#node-search').fill('matmulinteger hidden');
  await says('node-count', /^1 of 1 nodes$/);
  await page.getByRole('button', { name: 'Run on random input' }).click();
  await says('model-run', /ms a run/);
  assert.match(await page.locator('#node-rows tr').textContent(), /µs/);
  await page.locator('#node-search').fill('nothing of the kind');
  await says('node-count', /No node has that/);
  await close();
});

test('three thousand nodes are there at once, and few of them in the document', async () => {
  const { page, says, close } = await site.open('graph', { viewport: { width: 1440, height: 1000 } });
  await page.locator('#file').setInputFiles(onnx('chain.onnx', chainModel(3000)));
  await says('node-count', /^150 of 3,000 nodes$/);
  assert.match(await page.locator('#picture').getAttribute('aria-label'), /^Graph of 3,002 boxes and 3,601 lines/);
  const elements = () => page.locator('#picture *').count();
  assert.ok(await elements() < 2000, `${await elements()} elements`);
  await page.locator('#picture').focus();
  for (let i = 0; i < 16; i++) await page.keyboard.press('-');
  await page.waitForFunction(() => document.querySelectorAll('#picture .node').length === 0 && document.querySelector('#picture path.box'));
  assert.ok(await elements() < 20);
  await page.locator('#node-search').fill('add_2994');
  await page.locator('.node-name').click();
  assert.match(await page.locator('#picture [data-selected=true]').textContent(), /^Add/);
  assert.match(await says('node', /add_2994/), /Readsv2993; v2990/);
  await page.locator('#node-search').fill('');
  await page.locator('#node-more').click();
  await says('node-count', /^300 of 3,000 nodes$/);
  await close();
});

test('what is no model, or cannot run, ends in words, and the next file opens', async () => {
  const { page, says, problems, close } = await site.open('graph');
  const file = page.locator('#file');
  await file.setInputFiles(onnx('notes.txt', Buffer.from('not a model')));
  assert.match(await says('model-facts', /InvalidModel/), /InvalidModel/);
  await says('node-count', /No node/);
  await file.setInputFiles(onnx('cut.onnx', intents.subarray(0, 50_000)));
  await says('model-facts', /InvalidModel/);
  await file.setInputFiles(onnx('odd.onnx', oneNode('Frobnicate', 8)));
  assert.match(await says('model-facts', /odd\.onnx, /), /Frobnicate 'only'/);
  assert.match(await page.locator('#node-rows').textContent(), /Frobnicate/);
  assert.equal(await page.getByRole('button', { name: 'Run on random input' }).count(), 0);
  await file.setInputFiles(onnx('good.onnx', intents));
  await says('model-facts', /good\.onnx, /);
  assert.deepEqual(problems, []);
  await close();
});

test('"Open in code" is the text of the module that runs', async () => {
  const { page, close } = await site.open('graph');
  assert.match(await shownCode(page, 'graph'), /session\.profile/);
  await close();
});
