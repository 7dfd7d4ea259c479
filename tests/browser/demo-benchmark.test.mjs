// The benchmark: every build and number of threads that there are, as a table and as JSON; it can be stopped, and nothing is sent.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { shownCode, startDemo } from './demo-site.mjs';
import { dist } from './support.mjs';

const flavours = JSON.parse(readFileSync(`${dist}flavours.json`, 'utf8'));
let site;
before(async () => { site = await startDemo(); });
after(() => site.close());

test('all that runs here is timed, and the JSON that is copied and downloaded says the same as the table', async () => {
  const { page, context, says, problems, foreign, close } = await site.open('benchmark', { acceptDownloads: true });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  assert.equal(await page.locator('#bench-rows tr').count(), 0);
  const asked = [];
  await page.locator('#bench-run').click();
  context.on('request', (request) => { if (request.method() !== 'GET' && request.method() !== 'HEAD') asked.push(request.url()); });
  await page.waitForFunction(() => /: [\d.]+ ms with .*: [\d.]+ ms with/.test(document.getElementById('bench-said').textContent), null, { timeout: 120_000 });
  await page.locator('#bench-copy').click();
  await says('bench-said', /^Copied\.$/);
  const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#bench-download').click()]);
  assert.equal(download.suggestedFilename(), 'insitu-benchmark.json');
  assert.deepEqual(JSON.parse(readFileSync(await download.path(), 'utf8')), copied);

  assert.equal(copied.format, 'insitu-benchmark');
  assert.match(copied.device.browser, /Chrom/);
  assert.equal(copied.device.isolated, true);
  const cores = await page.evaluate(() => navigator.hardwareConcurrency);
  const setups = flavours.flatMap((flavour) => (flavour.endsWith('-st') ? [`${flavour} 1`] : [2, 4].filter((n) => n <= cores).map((n) => `${flavour} ${n}`)));
  for (const model of ['handwriting, int8, 28×28', 'intents, int8, 48 tokens']) {
    const results = copied.results.filter((result) => result.model === model);
    assert.deepEqual(results.map(({ flavour, threads }) => `${flavour} ${threads}`), setups);
    for (const { runs, median, p90, network } of results) {
      assert.ok(runs >= 50);
      assert.ok(median <= p90, `${median} is above ${p90}`);
      assert.ok(network > 0 && network <= p90, `${network} of ${p90}`);
    }
  }
  const rows = await page.locator('#bench-rows tr').evaluateAll((all) => all.map((row) => [...row.cells].map(({ textContent }) => textContent)));
  assert.deepEqual(rows.map(([model, flavour, threads]) => [model, flavour, Number(threads)]), copied.results.map(({ model, flavour, threads }) => [model, flavour, threads]));
  assert.deepEqual(rows.map((row) => Number(row.at(-1))), copied.results.map(({ runs }) => runs));
  assert.equal(await page.locator('#bench-charts figure').count(), 2);
  assert.deepEqual(asked, []);
  assert.deepEqual(problems, []);
  assert.deepEqual(foreign, []);
  await close();
});

test('it can be stopped, and started again', async () => {
  const { page, says, close } = await site.open('benchmark');
  await page.locator('#bench-run').click();
  await says('bench-said', /^1 of/);
  await page.locator('#bench-stop').click();
  await says('bench-said', /^Stopped\.$/);
  assert.ok(await page.locator('#bench-run').isEnabled());
  await page.locator('#bench-run').click();
  await says('bench-said', /^1 of/);
  await close();
});

test('a page that is not isolated times one thread; "Open in code" is the text of the module that runs', async () => {
  const plain = await startDemo({ isolated: false });
  try {
    const { page, says, close } = await plain.open('benchmark');
    await page.locator('#bench-run').click();
    await says('bench-said', /^1 of \d+: .*-st$/);
    assert.equal(/^1 of (\d+)/.exec(await page.locator('#bench-said').textContent())[1], String(2 * flavours.filter((name) => name.endsWith('-st')).length));
    await page.locator('#bench-stop').click();
    assert.match(await shownCode(page, 'benchmark'), /Engine\.create/);
    await close();
  } finally {
    await plain.close();
  }
});
