// What a page with insitu asks of servers, counted in a real Chromium, of the page and of all its workers: its files and the model from its
// own origin, and once these are there nothing at all.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { hasThreads, startBare } from './bare.mjs';

let site;
before(async () => { site = await startBare(); });
after(() => site.close());

const names = (urls) => [...new Set(urls.map((url) => new URL(url).pathname))].sort();

test('loading asks its own origin for what it needs, and running and watching ask for nothing', async () => {
  const { page, context, problems, foreign, close } = await site.open();
  const asked = [];
  const note = (request) => asked.push(request.url());
  context.on('request', note);
  page.on('websocket', (socket) => asked.push(socket.url()));
  await page.evaluate(async () => {
    const { define } = await import('/element.js');
    define();
    await open({ threads: 2 }, { monitor: { profile: '/demo/models/handwriting.profile.json', falseAlarmEvery: 1000, operators: 2 } });
    globalThis.histogram = await engine.createHistogram();
  });
  const { flavour, threads } = await page.evaluate(() => engine.info);
  assert.equal(threads, hasThreads ? 2 : 1);
  assert.deepEqual(names(asked), [
    '/demo/models/handwriting.int8.onnx', '/demo/models/handwriting.profile.json', '/element.js', `/insitu-${flavour}.mjs`,
    `/insitu-${flavour}.wasm`, '/insitu/worker.js', '/watches.js',
  ], 'what the worker and its threads ask for is seen as well');

  asked.length = 0;
  const heard = await page.evaluate(async () => {
    const { monitor } = session;
    const panel = document.createElement('insitu-monitor');
    panel.interval = 100;
    document.body.append(panel);
    panel.session = session;
    const drift = new Promise((resolve) => { monitor.addEventListener('drift', () => resolve('drift')); });
    for (let i = 0; i < 200; i++) await session.run(feed(), { id: String(i), slice: { device: 'phone' } });
    await monitor.feedback('199', 1);
    await monitor.snapshot();
    for (const format of ['prometheus', 'otlp-json', 'chrome-trace']) await monitor.export(format);
    await monitor.exportProfile().catch(() => {});
    await histogram.record(Float64Array.of(1, 2, 3));
    while (!panel.snapshot) await new Promise((done) => { setTimeout(done, 20); });
    const heard = await drift;
    await monitor.reset();
    await session.dispose();
    await engine.dispose();
    return heard;
  });
  assert.equal(heard, 'drift');
  assert.deepEqual(asked, []);
  assert.deepEqual(foreign, []);
  assert.deepEqual(problems, []);
  await close();
});
