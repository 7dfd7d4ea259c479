// The sound playground: spectrograms of a chirp, of files and of the microphone, and a classifier that is dropped on it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { drop, serveShown, shownCode, startDemo, watchMedia } from './demo-site.mjs';
import { bandModel, colourModel, oneNode, tone } from './tiny-models.mjs';

const file = (name, buffer, mimeType = '') => ({ name, mimeType, buffer });
const wav = (hertz) => file(`${hertz}.wav`, tone(hertz), 'audio/wav');
const bands = JSON.stringify(Array.from({ length: 64 }, (_, i) => `band ${i}`));
let site;
before(async () => { site = await startDemo({ flags: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] }); });
after(() => site.close());

/* The row, 0 to 1 from below, of the lightest pixel of a column at that share of the width. */
const lightest = (page, share) => page.evaluate((share) => {
  const canvas = document.getElementById('spectrogram');
  const { data } = canvas.getContext('2d').getImageData(Math.floor(share * (canvas.width - 1)), 0, 1, canvas.height);
  const sums = Array.from({ length: canvas.height }, (_, y) => data[4 * y] + data[4 * y + 1] + data[4 * y + 2]);
  return 1 - sums.indexOf(Math.max(...sums)) / (canvas.height - 1);
}, share);

test('a chirp is drawn without anything of the person, and rises', async () => {
  const { page, says, problems, foreign, close } = await site.open('sound');
  assert.match(await says('sound-time', /frames/), /^64 bands × 201 frames in [\d.]+ ms$/);
  assert.match(await page.locator('#spectrogram').getAttribute('aria-label'), /^Mel spectrogram of A chirp from 150 to 7,000 Hz.*2\.0 seconds; loudest at \d+ %/);
  const heights = [];
  for (const share of [0.1, 0.3, 0.5, 0.7, 0.9]) heights.push(await lightest(page, share));
  assert.deepEqual(heights, [...heights].sort((a, b) => a - b), heights.join());
  assert.ok(heights[0] < 0.15 && heights[4] > 0.8, heights.join());
  assert.deepEqual(problems, []);
  assert.deepEqual(foreign, []);
  await close();
});

test('files are decoded, and a classifier that is dropped hears them', async () => {
  const { page, says, problems, close } = await site.open('sound');
  await drop(page, '#sound', [file('bands.onnx', bandModel({ labels: bands })), wav(1000)]);
  // Slaney: 1,000 Hz are 15 of the 45.2 mels up to 8,000 Hz, between the middles of bands 20 and 21 of 64.
  await says('sound-name', /^1000\.wav, 1\.0 s$/);
  await says('sound-best', /^band 2[01]$/);
  assert.equal(await page.locator('#sound-classes li').count(), 5);
  const low = await lightest(page, 0.5);
  await page.locator('#sound-files').setInputFiles([wav(5000)]);
  await says('sound-best', /^band 5\d$/);
  assert.ok(await lightest(page, 0.5) > low + 0.3);
  await page.locator('#sound-files').setInputFiles([file('labels.txt', Buffer.from(Array.from({ length: 64 }, (_, i) => `row ${i}`).join('\n')), 'text/plain')]);
  await says('sound-best', /^row 5\d$/);
  assert.deepEqual(problems, []);
  await close();
});

test('a model of samples gets as many as it takes', async () => {
  const { page, says, close } = await site.open('sound');
  await page.locator('#sound-files').setInputFiles([file('samples.onnx', oneNode('Softmax', 8000))]);
  await says('sound-model', /samples\.onnx: float32 \[1, 8000\]/);
  await says('sound-best', /^class \d+$/);
  assert.equal(await page.locator('#sound-said').textContent(), '');
  await close();
});

test('the microphone is asked for by a click alone, is drawn while it is on, and stops', async () => {
  const { page, says, problems, close } = await site.open('sound');
  await watchMedia(page);
  assert.equal(await page.evaluate(() => asked), 0);
  await page.locator('#sound-microphone').click();
  await says('sound-name', /^The microphone, 4\.0 s$/);
  await says('sound-microphone', /^Stop listening$/);
  const pixels = () => page.evaluate(() => document.getElementById('spectrogram').toDataURL());
  const before = await pixels();
  await page.waitForFunction((before) => document.getElementById('spectrogram').toDataURL() !== before, before);
  await page.locator('#sound-chirp').click();
  await says('sound-name', /^A chirp/);
  assert.equal(await page.evaluate(() => stream.getTracks()[0].readyState), 'ended');
  assert.equal(await page.evaluate(() => asked), 1);
  await page.evaluate(() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError')); });
  await page.locator('#sound-microphone').click();
  await says('sound-said', /There is no microphone here/);
  assert.deepEqual(problems, []);
  await close();
});

test('what is no sound, or takes none, is refused in words; what was there stays', async () => {
  const { page, says, problems, close } = await site.open('sound');
  for (const [bad, said] of [
    [file('noise.wav', Buffer.from('no'), 'audio/wav'), /noise\.wav is no sound that this browser can decode/], [file('a.png', Buffer.from('no'), 'image/png'), /a\.png is no sound, no model/],
    [file('bad.onnx', Buffer.from('not a model')), /InvalidModel/], [file('colours.onnx', colourModel()), /ShapeMismatch/],
  ]) {
    await page.locator('#sound-files').setInputFiles([bad]);
    await says('sound-said', said);
  }
  assert.match(await page.locator('#sound-name').textContent(), /^A chirp/);
  assert.deepEqual(problems, []);
  await close();
});

test('the code that is shown gives what the playground says', async () => {
  const { page, context, says, close } = await site.open('sound');
  await serveShown(context, await shownCode(page, 'sound'));
  await page.locator('#sound-files').setInputFiles([file('bands.onnx', bandModel({ labels: bands }))]);
  await page.locator('#sound-files').setInputFiles([wav(440)]);
  await says('sound-best', /^band [89]$/);
  const shares = await page.locator('#sound-classes li').allTextContents();
  const ranked = await page.evaluate(async ([model, sound, labels]) => {
    const [{ Engine }, { classify }] = await Promise.all([import('/index.js'), import('/shown.js')]);
    const engine = await Engine.create();
    const session = await engine.load(new Uint8Array(model));
    const decoded = await new OfflineAudioContext(1, 1, 48_000).decodeAudioData(new Uint8Array(sound).buffer);
    const ranked = await classify(engine, session, decoded.getChannelData(0), 48_000, JSON.parse(labels));
    await engine.dispose();
    return ranked;
  }, [[...bandModel()], [...tone(440)], bands]);
  assert.deepEqual(ranked.map(({ label, score }) => `${label}${(100 * score).toFixed(1)} %`), shares);
  await close();
});
