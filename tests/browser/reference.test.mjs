// The API reference in Chromium under the strictest policy: its pages, their pictures and the search, without another origin.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { root } from '../../scripts/lib/paths.mjs';
import { start } from './support.mjs';

const folder = mkdtempSync(join(tmpdir(), 'insitu-reference-'));
let site;
before(async () => {
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'scripts', 'docs.mjs'), folder], { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, stdout);
  site = await start({ root: folder, csp: true });
});
after(async () => {
  await site?.close();
  rmSync(folder, { recursive: true });
});

for (const path of ['index.html', 'modules/insitu.html', 'classes/insitu.Engine.html', 'interfaces/insitu.MonitorSnapshot.html', 'documents/monitoring.html']) {
  test(`${path} is shown under a strict policy`, async () => {
    const { page, problems, foreign, close } = await site.open(path);
    await page.locator('.tsd-navigation a.current, .tsd-navigation .current, nav.tsd-navigation a').first().waitFor();
    await page.locator('h1, h2').first().waitFor();
    assert.deepEqual(problems, []);
    assert.deepEqual(foreign, []);
    await close();
  });
}

test('the picture of the architecture is drawn', async () => {
  const { page, problems, close } = await site.open('documents/architecture.html');
  const width = await page.locator('img[src*="architecture"]').evaluate(async (image) => (await image.decode(), image.naturalWidth));
  assert.ok(width > 0);
  assert.deepEqual(problems, []);
  await close();
});

test('the search finds a method', async () => {
  const { page, problems, close } = await site.open('index.html');
  await page.locator('nav.tsd-navigation a').first().waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('createDetector');
  await page.locator('#tsd-search a[href*="insitu.Engine.html"]').first().waitFor();
  assert.deepEqual(problems, []);
  await close();
});
