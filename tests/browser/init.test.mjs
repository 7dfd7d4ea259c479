// The page that `insitu init` writes for a static site, in a browser: with the files that it asks for, it shows a result.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { dist, start } from './support.mjs';

const folder = mkdtempSync(join(tmpdir(), 'insitu-init-'));
after(() => rmSync(folder, { recursive: true }));
const insitu = (...args) => promisify(execFile)(process.execPath, [join(dist, 'cli.js'), ...args]);

test('a static page runs a model, with the threads that its headers allow', async () => {
  writeFileSync(join(folder, 'index.html'), '');
  await insitu('init', folder);
  await insitu('copy', join(folder, 'insitu'), '--module');
  copyFileSync(fileURLToPath(new URL('../../models/handwriting/handwriting_int8.onnx', import.meta.url)), join(folder, 'model.onnx'));
  for (const isolated of [true, false]) {
    const browser = await start({ root: folder, isolated });
    try {
      const { page, problems, foreign } = await browser.open('insitu-example.html');
      await page.waitForFunction(() => document.querySelector('pre').textContent.startsWith('probabilities [1,11]: 0.'));
      assert.deepEqual([problems, foreign], [[], []]);
      assert.equal(await page.evaluate(() => crossOriginIsolated), isolated);
      const { stdout } = await insitu('doctor', `${browser.url}insitu-example.html`, ...(isolated ? [] : ['--threads', '1']));
      assert.match(stdout, /^ok +files +the 12 files are as they should be$/m);
    } finally {
      await browser.close();
    }
  }
});
