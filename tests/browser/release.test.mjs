// session.swap(), shadow() and canary() in a real Chromium, with the engine in a worker.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { shiftModel } from '../support/onnx-writer.mjs';
import { start } from './support.mjs';

let site;
before(async () => (site = await start()));
after(() => site.close());

/* A page that can load /models/N.onnx: y = x + N. */
async function open() {
  const { page, ...rest } = await site.open('demo/');
  await page.route('**/models/*.onnx', (route) => {
    const [, by] = /(\d+)\.onnx$/.exec(route.request().url()) ?? [];
    return by ? route.fulfill({ body: Buffer.from(shiftModel(Number(by))), contentType: 'application/octet-stream' })
      : route.fulfill({ status: 404 });
  });
  return { page, ...rest };
}

test('20 swaps under 2,000 requests drop none and mix none', async () => {
  const { page, problems, foreign, close } = await open();
  const result = await page.evaluate(async () => {
    const { Engine, tensor } = await import('/index.js');
    const engine = await Engine.create();
    const session = await engine.load('/models/0.onnx');
    const kRequests = 2000, kSwaps = 20, models = [0, 1000, 2000];
    const shiftOf = async (value) => (await session.run({ x: tensor([value, 0, 0, 0], [1, 4]) })).y.data[0] - value;
    await shiftOf(0);
    const { bufferBytes } = await engine.memory();
    let possible = [0], next = 0, answered = 0;
    const wrong = [];
    const ask = async () => {
      for (let i = next++; i < kRequests; i = next++) {
        const allowed = possible;
        const shift = await shiftOf(i % 100);
        if (!allowed.includes(shift)) wrong.push({ i, shift, allowed });
        answered++;
      }
    };
    const swap = async () => {
      for (let k = 1; k <= kSwaps; k++) {
        const [from, to] = [models[(k - 1) % 3], models[k % 3]];
        possible = [from, to];
        await session.swap(`/models/${to}.onnx`);
        possible = [to];
        if (await shiftOf(0) !== to) wrong.push({ k, to });
      }
    };
    await Promise.all([swap(), ...Array.from({ length: 20 }, ask)]);
    await session.swap('/models/0.onnx');
    await shiftOf(0);
    const left = (await engine.memory()).bufferBytes - bufferBytes;
    const failure = await session.swap('/models/none.onnx').catch(({ code, message }) => ({ code, message }));
    const after = await shiftOf(0);
    await engine.dispose();
    return { wrong, answered, left, failure, after };
  });
  assert.deepEqual(result.wrong, []);
  assert.equal(result.answered, 2000);
  assert.equal(result.left, 0);
  assert.equal(result.failure.code, 'Network');
  assert.match(result.failure.message, /404/);
  assert.equal(result.after, 0);
  assert.deepEqual(problems.filter((text) => !text.includes('404')), []);
  assert.deepEqual(foreign, []);
  await close();
});

test('a shadow and a canary, with errors of one kind', async () => {
  const { page, problems, close } = await open();
  const result = await page.evaluate(async () => {
    const { InsituError, load, tensor } = await import('/index.js');
    const session = await load('/models/1.onnx');
    const feed = () => ({ x: tensor([1, 2, 3, 4], [1, 4]) });
    const shadow = await session.shadow('/models/2.onnx', { every: 2 });
    for (let i = 0; i < 6; i++) {
      await session.run(feed());
      await shadow.settled();
    }
    const { outputs, stable, candidate } = await shadow.report();
    const refused = await session.swap('/models/3.onnx').catch((thrown) => thrown);
    await shadow.stop();
    const canary = await session.canary('/models/2.onnx', { share: 0.5 });
    let agreeing = 0;
    for (let i = 0; i < 40; i++) {
      const { y } = await session.run(feed(), { key: `user-${i}` });
      if (y.data[0] === (canary.takes(`user-${i}`) ? 3 : 2)) agreeing++;
    }
    const promoted = new Promise((resolve) => { canary.addEventListener('promoted', ({ detail }) => resolve(detail.state)); });
    await canary.promote();
    const { y } = await session.run(feed());
    const golden = [{ feeds: feed(), outputs: { y: tensor([4, 5, 6, 8], [1, 4]) } }];
    const failed = await session.swap('/models/3.onnx', { golden }).catch((thrown) => thrown);
    return {
      outputs, runs: [stable.runs, candidate.runs], typed: refused instanceof InsituError && failed instanceof InsituError,
      agreeing, promoted: await promoted, last: y.data[0], message: failed.message,
    };
  });
  assert.deepEqual(result.outputs, { y: { compared: 3, agreed: 0, unlike: 0, maxAbsDifference: 1, top1: { rows: 3, agreed: 3 } } });
  assert.deepEqual(result.runs, [3, 3]);
  assert.equal(result.typed, true);
  assert.equal(result.agreeing, 40);
  assert.equal(result.promoted, 'promoted');
  assert.equal(result.last, 3);
  assert.match(result.message, /'\/models\/3\.onnx' fails golden vector 0: 'y' differs in 1 of 4 elements by up to 1; first at 3: 7, expected 8/);
  assert.deepEqual(problems, []);
  await close();
});
