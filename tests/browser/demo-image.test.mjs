// The image playground: pictures and models that are dropped, pasted, named or seen by the camera; how they are prepared, and what is
// said of files that are none of these.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { drop, serveShown, shownCode, startDemo, watchMedia } from './demo-site.mjs';
import { bandModel, colourModel, picture } from './tiny-models.mjs';

const sharedModels = new URL('../../../shared/models/', import.meta.url).pathname;
const file = (name, buffer, mimeType = '') => ({ name, mimeType, buffer });
const bmp = (name, colour) => file(name, picture(colour), 'image/bmp');
const labels = file('labels.txt', Buffer.from('red\ngreen\nblue\n'), 'text/plain');
let site;
before(async () => { site = await startDemo({ flags: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] }); });
after(() => site.close());

test('the sample gives a result without anything of the person, and says what it is', async () => {
  const { page, says, problems, foreign, close } = await site.open('image');
  await says('image-best', /^7$/);
  assert.equal(await page.locator('#image-classes li').count(), 5);
  assert.match(await page.locator('#image-share').textContent(), /^[6-9]\d\.\d %/);
  assert.match(await page.locator('#image-model').textContent(), /^handwriting\.int8\.onnx, a reader of single digits: float32/);
  assert.match(await page.locator('#image .lead').textContent(), /no model for photographs, so the handwriting model/);
  assert.match(await page.locator('#image-time').textContent(), /ms, of which [\d.]+ ms network/);
  let right = 0;
  for (let i = 0; i < 6; i++) {
    await page.locator('#image-sample').click();
    const drawn = /digit (\d)/.exec(await page.locator('#picture-canvas').getAttribute('aria-label'))[1];
    const isRead = (drawn) => document.getElementById('image-best').textContent === drawn;
    await page.waitForFunction(isRead, drawn, { timeout: 1000 }).then(() => right++, () => {});
  }
  assert.ok(right >= 5, `${right} of 6 were read right`);
  assert.deepEqual(problems, []);
  assert.deepEqual(foreign, []);
  await close();
});

test('a classifier and its labels are dropped; mean, std and channels change what it is given', async () => {
  const { page, says, problems, close } = await site.open('image');
  await drop(page, '#image', [file('colours.onnx', colourModel()), labels, bmp('orange.bmp', [255, 128, 0])]);
  await says('image-labels', /^3, of labels\.txt$/);
  await says('image-best', /^red$/);
  // ImageNet's mean and std, then softmax: e^2.249 / (e^2.249 + e^0.205 + e^-1.804).
  await says('image-share', /^87\.2 %$/);
  await page.locator('#image summary', { hasText: 'How pictures' }).click();
  await page.locator('#image-preset').selectOption('unit');
  await says('image-share', /^50\.6 %$/);
  await page.locator('#image-preset').selectOption('bytes');
  await says('image-share', /^100\.0 %$/);
  await page.locator('#image-preset').selectOption('unit');
  await page.locator('#image-channels').selectOption('bgr');
  await says('image-best', /^blue$/);
  await page.locator('#image-mean').fill('none');
  await page.locator('#image-mean').blur();
  await says('image-said', /'none' is no list of numbers for mean/);
  await page.locator('#image-mean').fill('0, 0, 1');
  await page.locator('#image-mean').blur();
  await says('image-best', /^green$/);
  assert.equal(await page.locator('#image-said').textContent(), '');
  assert.deepEqual(problems, []);
  await close();
});

test('labels come from metadata, in JSON or as Python prints them, and from JSON files', async () => {
  const { page, says, close } = await site.open('image');
  const models = [[{ labels: '["rot", "grün", "blau"]' }, 'rot'], [{ names: "{0: 'rouge', 1: \"l'herbe\", 2: 'bleu'}" }, 'rouge'], [{}, 'class 0']];
  await drop(page, '#image', [bmp('red.bmp', [255, 0, 0])]);
  for (const [metadata, best] of models) {
    await page.locator('#image-files').setInputFiles([file('colours.onnx', colourModel(metadata))]);
    await says('image-best', new RegExp(`^${best}$`));
  }
  await page.locator('#image-files').setInputFiles([file('index.json', Buffer.from('{"0": ["n1", "tench"], "1": ["n2", "shark"], "2": ["n3", "hen"]}'), 'application/json')]);
  await says('image-best', /^tench$/);
  await page.locator('#image-files').setInputFiles([file('odd.json', Buffer.from('[1, 2]'), 'application/json')]);
  await says('image-said', /holds no names of classes/);
  assert.equal(await page.locator('#image-best').textContent(), 'tench');
  await close();
});

test('a picture is pasted, a model is named by its address', async () => {
  const { page, context, says, close } = await site.open('image');
  await context.route('**/models/colours.onnx', (route) => route.fulfill({ body: colourModel({ labels: '["red", "green", "blue"]' }), contentType: 'application/octet-stream' }));
  await page.locator('#image summary', { hasText: 'from an address' }).click();
  await page.locator('#image-url').fill('models/colours.onnx');
  await page.locator('#image-url').press('Enter');
  await says('image-model', /^models\/colours\.onnx/);
  await page.evaluate((bytes) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([new Uint8Array(bytes)], 'pasted.bmp', { type: 'image/bmp' }));
    dispatchEvent(new ClipboardEvent('paste', { clipboardData }));
  }, [...picture([0, 255, 0])]);
  await says('image-best', /^green$/);
  assert.equal(await page.locator('#picture-canvas').getAttribute('aria-label'), 'pasted.bmp');
  await page.locator('#image-url').fill('models/none.onnx');
  await page.getByRole('button', { name: 'Load', exact: true }).click();
  await says('image-said', /Network: .*404/);
  await close();
});

test('files that are none of these, and models that take no pictures, are refused in words; what was there stays', async () => {
  const { page, says, problems, close } = await site.open('image');
  await says('image-best', /^7$/);
  for (const [bad, said] of [
    [file('notes.pdf', Buffer.from('%PDF'), 'application/pdf'), /notes\.pdf is no picture, no model/], [file('broken.png', Buffer.from('no'), 'image/png'), /broken\.png is no picture that this browser can read/],
    [file('broken.onnx', Buffer.from('not a model')), /InvalidModel/], [file('bands.onnx', bandModel()), /bands\.onnx is no classifier of pictures: it takes mel \[1, 64, frames\]/],
  ]) {
    await page.locator('#image-files').setInputFiles([bad]);
    await says('image-said', said);
  }
  assert.equal(await page.locator('#image-best').textContent(), '7');
  assert.deepEqual(problems, []);
  await close();
});

test('the camera is asked for by a click alone, is classified while it is on, and stops', async () => {
  const { page, says, close } = await site.open('image');
  await watchMedia(page);
  assert.equal(await page.evaluate(() => asked), 0);
  await page.locator('#image-camera').click();
  await page.waitForFunction(() => document.getElementById('picture-canvas').getAttribute('aria-label') === 'What the camera sees');
  await says('image-camera', /Stop/);
  assert.equal(await page.evaluate(() => asked), 1);
  await page.locator('#image-camera').click();
  await says('image-camera', /Use/);
  assert.equal(await page.evaluate(() => stream.getTracks()[0].readyState), 'ended');
  await page.evaluate(() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError')); });
  await page.locator('#image-camera').click();
  await says('image-said', /The camera was not allowed/);
  await close();
});

test('the code that is shown gives what the playground says', async () => {
  const { page, context, says, close } = await site.open('image');
  await serveShown(context, await shownCode(page, 'image'));
  await says('image-best', /^7$/);
  const shares = await page.locator('#image-classes li').allTextContents();
  const ranked = await page.evaluate(async () => {
    const [{ Engine }, { open, classify }] = await Promise.all([import('/index.js'), import('/shown.js')]);
    const engine = await Engine.create();
    const session = await open(engine, 'models/handwriting.int8.onnx');
    const ranked = await classify(session, document.getElementById('picture-canvas'),
      { mean: 1, std: -1, crop: 1, channels: 'gray', filter: 'area' }, JSON.parse(session.metadata.labels));
    await engine.dispose();
    return ranked;
  });
  assert.deepEqual(ranked.map(({ label, score }) => `${label}${(100 * score).toFixed(1)} %`), shares);
  await close();
});

test('ImageNet classifiers run, of bytes and of half precision', { skip: !existsSync(sharedModels) && 'the models of ../shared/models are not here' }, async () => {
  const { page, says, close } = await site.open('image');
  for (const name of ['squeezenet_fp16', 'mobilenet_v2_int8_qdq']) {
    await page.locator('#image-files').setInputFiles(`${sharedModels}${name}/model.onnx`);
    await says('image-best', /^class \d+$/);
    assert.equal(await page.locator('#image-said').textContent(), '');
    await page.locator('#image-sample').click();
    await says('image-best', /^\d|not a digit/);
  }
  await close();
});
