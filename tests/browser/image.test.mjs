// Every kind of picture that a page has becomes the same tensor, with and without a worker; sound files are decoded.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { kPictures, kTurns, levelsOf } from '../support/exif.mjs';
import { start } from './support.mjs';

let site, opened;
before(async () => {
  site = await start();
  opened = await site.open('demo/');
  await opened.page.evaluate(async () => {
    const { Engine } = await import('/index.js');
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [60, 40];
    const context = canvas.getContext('2d', { willReadFrequently: true });
    for (let i = 0; i < 12; i++) {
      context.fillStyle = `hsl(${i * 30} 70% 50%)`;
      context.fillRect(i * 5, 0, 5, 40 - i);
    }
    const { data } = context.getImageData(0, 0, 60, 40);
    const png = await new Promise((done) => canvas.toBlob(done));
    const element = new Image();
    element.src = URL.createObjectURL(png);
    await element.decode();
    const offscreen = new OffscreenCanvas(60, 40);
    offscreen.getContext('2d').drawImage(canvas, 0, 0);
    const opaque = new OffscreenCanvas(60, 40);
    const over = opaque.getContext('2d', { alpha: false });
    over.fillStyle = 'white';
    over.fillRect(0, 0, 60, 40);
    over.drawImage(canvas, 0, 0);
    Object.assign(globalThis, {
      Engine, canvas, png, element, offscreen, opaque, pixels: { data: new Uint8Array(data), width: 60, height: 40 }, imageData: context.getImageData(0, 0, 60, 40),
    });
  });
});
after(() => site.close());

for (const worker of [true, false]) {
  test(`all sources, ${worker ? 'in a worker' : 'in the page'}`, async () => {
    const differences = await opened.page.evaluate(async (worker) => {
      const engine = await Engine.create({ worker });
      const options = { width: 24, height: 24, dtype: 'uint8', background: [255, 255, 255] };
      const bytes = async (source) => (await engine.imageTensor(source, options)).data;
      const expected = await bytes(pixels);
      const sources = {
        imageData, canvas, offscreen, opaque, png, element, bitmap: await createImageBitmap(canvas), frame: new VideoFrame(opaque, { timestamp: 0 }),
      };
      const answer = {};
      for (const [name, source] of Object.entries(sources)) {
        for (const turn of ['first', 'second']) {
          const actual = await bytes(source);
          answer[`${name} ${turn}`] = actual.reduce((most, byte, i) => Math.max(most, Math.abs(byte - expected[i])), 0);
        }
      }
      const several = await engine.imageTensor([sources.bitmap, opaque, sources.frame], options);
      answer.batch = several.data.reduce((most, byte, i) => Math.max(most, Math.abs(byte - expected[i % expected.length])), 0);
      sources.frame.close();
      await engine.dispose();
      return answer;
    }, worker);
    // A canvas keeps colours multiplied by their opacity; at the edges of what is opaque that rounds.
    for (const [source, most] of Object.entries(differences)) assert.ok(most <= 1, `${source}: ${most}`);
    assert.deepEqual(opened.problems, []);
    assert.deepEqual(opened.foreign, []);
  });
}

test('Chromium turns JPEG and PNG files by their EXIF block as the command line does', async () => {
  const { page } = await site.open('blank/');
  const seen = await page.evaluate((files) => Promise.all(files.map(async (base64) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))]));
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(bitmap, 0, 0);
    return { width, height, data: [...context.getImageData(0, 0, width, height).data] };
  })), kPictures.map(([, bytes]) => bytes.toString('base64')));
  for (const [i, [what, , orientation]] of kPictures.entries()) assert.equal(levelsOf(seen[i]), kTurns[orientation], what);
});

test('a picture that is not there, is closed or is none is refused, and the engine goes on', async () => {
  const answers = await opened.page.evaluate(async () => {
    const engine = await Engine.create();
    const options = { width: 4, height: 4 };
    const closed = await createImageBitmap(canvas);
    closed.close();
    const sources = { closed, video: document.createElement('video'), empty: new Image(), text: new Blob(['no picture']), div: document.createElement('div') };
    const codes = {};
    for (const [name, source] of Object.entries(sources)) {
      codes[name] = await engine.imageTensor(source, options).then(() => 'none', ({ code, hint }) => (hint ? code : 'no hint'));
    }
    codes.after = (await engine.imageTensor(canvas, options)).dims.join();
    await engine.dispose();
    return codes;
  });
  assert.deepEqual(answers, {
    closed: 'InvalidArgument', video: 'InvalidArgument', empty: 'InvalidArgument', text: 'InvalidArgument', div: 'InvalidArgument', after: '1,3,4,4',
  });
});

test('a run that is stopped before its turn closes the frames that were made for it', async () => {
  const open = await opened.page.evaluate(async () => {
    const { image } = await import('/index.js');
    const made = [];
    globalThis.VideoFrame = class extends VideoFrame {
      constructor(...given) {
        super(...given);
        made.push(this);
      }
    };
    const engine = await Engine.create();
    const session = await engine.load('/demo/models/handwriting.int8.onnx');
    const ink = image(new VideoFrame(opaque, { timestamp: 0 }), { mean: 1, std: -1 });
    const stop = new AbortController();
    const runs = [session.run({ image: ink }), session.run({ image: ink }, { signal: stop.signal })];
    stop.abort();
    await Promise.allSettled(runs);
    await session.run({ image: ink });
    await engine.dispose();
    return made.map(({ format }) => format !== null);
  });
  assert.deepEqual(open, [true, false, false, false], 'the caller\'s own is open, those that were made are closed');
});

test('a sound file becomes samples of one channel', async () => {
  const { dims, peak, code } = await opened.page.evaluate(async () => {
    const rate = 48_000, count = rate / 2;
    const file = new DataView(new ArrayBuffer(44 + count * 2));
    const text = (at, word) => [...word].forEach((char, i) => file.setUint8(at + i, char.charCodeAt(0)));
    text(0, 'RIFF'); file.setUint32(4, 36 + count * 2, true); text(8, 'WAVEfmt '); file.setUint32(16, 16, true);
    file.setUint16(20, 1, true); file.setUint16(22, 1, true); file.setUint32(24, rate, true); file.setUint32(28, rate * 2, true);
    file.setUint16(32, 2, true); file.setUint16(34, 16, true); text(36, 'data'); file.setUint32(40, count * 2, true);
    for (let i = 0; i < count; i++) file.setInt16(44 + i * 2, 16_384 * Math.sin(2 * Math.PI * 440 * i / rate), true);
    const { audioTensor } = await import('/index.js');
    const { dims, data } = await audioTensor(new Blob([file]));
    const code = await audioTensor(new Blob(['no sound'])).catch((error) => error.code);
    return { dims, peak: data.reduce((most, value) => Math.max(most, Math.abs(value)), 0), code };
  });
  assert.deepEqual(dims, [1, 8000]);
  assert.ok(Math.abs(peak - 0.5) < 0.01, String(peak));
  assert.equal(code, 'InvalidArgument');
});
