// insitu/react with React 18 and 19, in StrictMode and under a strict Content-Security-Policy: a model is loaded once, whoever
// asks for it, and nothing is left when nobody does.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { build } from 'esbuild';

import { start } from './support.mjs';

const here = new URL('react/', import.meta.url).pathname;
const models = new URL('../../models/handwriting/', import.meta.url).pathname;
const kModel = '/demo/models/handwriting.int8.onnx';
const kOther = '/models/handwriting_int8.onnx';

/* The app with the React that the package `react${suffix}` is, and insitu as its package.json exports it, made for development,
   where StrictMode mounts twice. */
async function bundleApp(folder, suffix) {
  await build({
    entryPoints: [join(here, 'app.jsx')], outdir: folder, bundle: true, format: 'esm', jsx: 'automatic', logLevel: 'warning',
    tsconfigRaw: {}, external: ['node:*'], define: { 'process.env.NODE_ENV': '"development"' },
    logOverride: { 'empty-import-meta': 'silent' },
    alias: Object.fromEntries(['react', 'react-dom'].map((name) => [name, name + suffix])),
  });
  copyFileSync(join(here, 'index.html'), join(folder, 'index.html'));
}

for (const [major, suffix] of [['18', '-18'], ['19', '']]) {
  describe(`React ${major}`, { timeout: 180_000 }, () => {
    let folder, site;
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'insitu-react-'));
      await bundleApp(folder, suffix);
      site = await start({ csp: true, mounts: new Map([['/react/', folder], ['/models/', models]]) });
    });
    after(async () => {
      await site?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    async function openApp() {
      const opened = await site.open('react/');
      const { page } = opened;
      await page.waitForSelector('html[data-ready]');
      assert.ok((await page.evaluate(() => version)).startsWith(`${major}.`));
      const asked = [];
      page.on('request', (request) => { asked.push(new URL(request.url()).pathname); });
      const render = (...readers) => page.evaluate((readers) => { render(...readers); }, readers);
      const says = (text, i = 0) => page.waitForFunction(([text, i]) =>
        document.querySelectorAll('output')[i]?.textContent === text, [text, i]);
      const bytes = () => page.evaluate(() => bytes());
      const settlesAt = async (wanted) => {
        for (let i = 0; await bytes() !== wanted; i++) {
          assert.ok(i < 100, `${await bytes()} bytes are held instead of ${wanted}`);
          await page.waitForTimeout(100);
        }
      };
      const times = (path) => asked.filter((each) => each === path).length;
      return { ...opened, render, says, bytes, settlesAt, times };
    }

    test('one load and one session for all who ask for the same, disposed after the last of them', async () => {
      const { page, render, says, bytes, settlesAt, times, problems, close } = await openApp();
      const empty = await bytes();
      await render({ url: kModel }, { url: kModel });
      await says('ready image');
      await says('ready image', 1);
      const one = await bytes();
      assert.ok(one > empty, `${empty} bytes before, ${one} with a session`);
      assert.equal(times(kModel), 1);
      assert.equal(await page.evaluate(() => sessions.size), 1);
      assert.equal(await page.evaluate(() => phases.has('download') && phases.has('parse')), true);
      // While one is left, and while all are away for a moment, the session stays.
      await render({ url: kModel });
      await page.waitForFunction(() => document.querySelectorAll('output').length === 1);
      await page.waitForTimeout(1500);
      assert.equal(await bytes(), one);
      await render();
      await page.waitForFunction(() => document.querySelectorAll('output').length === 0);
      await render({ url: kModel });
      await says('ready image');
      assert.equal(await page.evaluate(() => sessions.size), 1);
      assert.equal(times(kModel), 1);
      // Other options are another session.
      await render({ url: kModel }, { url: kModel, sample: 2 });
      await says('ready image', 1);
      assert.equal(await page.evaluate(() => sessions.size), 2);
      assert.equal(await bytes() - one, one - empty);
      await page.evaluate(() => unmount());
      await settlesAt(empty);
      const codes = await page.evaluate(() => Promise.all([...sessions].map((session) => session.explain().catch(({ code }) => code))));
      assert.deepEqual(codes, ['Disposed', 'Disposed']);
      assert.deepEqual(problems, []);
      await close();
    });

    test('who leaves while it loads aborts it; of two addresses the later one counts', async () => {
      const { page, render, says, bytes, settlesAt, problems, close } = await openApp();
      const empty = await bytes();
      const waiting = [];
      await page.route(`**${kModel}`, (route) => { waiting.push(route); });
      const aborted = page.waitForEvent('requestfailed', (request) => request.url().endsWith(kModel));
      await render({ url: kModel });
      while (waiting.length === 0) await page.waitForTimeout(20);
      await render({ url: kOther });
      await says('ready image');
      await aborted;
      await waiting[0].continue().catch(() => {});
      const other = await bytes();
      await page.waitForTimeout(300);
      assert.equal(await bytes(), other);
      await render({ url: null });
      await says('idle');
      await settlesAt(empty);
      assert.deepEqual(problems, []);
      await close();
    });

    test('a load that fails says why, and reload() tries again', async () => {
      const { page, render, says, close } = await openApp();
      const failing = (route) => route.fulfill({ status: 500 });
      await page.route(`**${kModel}`, failing);
      await render({ url: kModel });
      await says('error Network');
      await page.unroute(`**${kModel}`, failing);
      await page.getByRole('button', { name: 'Again' }).click();
      await says('ready image');
      const first = await page.evaluateHandle(() => latest);
      await page.getByRole('button', { name: 'Again' }).click();
      await page.waitForFunction((first) => latest && latest !== first, first);
      assert.equal(await first.evaluate((session) => session.explain().catch(({ code }) => code)), 'Disposed');
      await close();
    });

    test('useMonitor follows the session, and so does <Monitor>', async () => {
      const { page, render, says, problems, close } = await openApp();
      await render({ url: kModel, panel: true });
      await says('ready image');
      await page.evaluate(async () => { for (let i = 0; i < 3; i++) await run(); });
      await page.waitForFunction(() => document.querySelector('b').textContent === '3 requests');
      await page.waitForFunction(() => /3 requests/.test(document.querySelector('insitu-monitor')?.shadowRoot?.textContent ?? ''));
      assert.equal(await page.locator('insitu-monitor.wide h3').first().textContent(), 'Digits');
      await page.evaluate(() => latest.dispose());
      await page.waitForFunction(() => document.querySelector('b').textContent === 'no snapshot');
      await page.waitForFunction(() => /was disposed/.test(document.querySelector('insitu-monitor').shadowRoot.textContent));
      assert.deepEqual(problems, []);
      await close();
    });

    test('on a server nothing is loaded; the page that it makes hydrates', async () => {
      const { page, says, times, problems, close } = await openApp();
      await page.evaluate((url) => renderOnServer({ url, panel: true }), kModel);
      assert.equal(await page.locator('output').textContent(), 'loading');
      await page.waitForTimeout(200);
      assert.equal(times(kModel), 0);
      await page.evaluate((url) => hydrate({ url, panel: true }), kModel);
      await says('ready image');
      assert.equal(times(kModel), 1);
      assert.deepEqual(problems, []);
      await close();
    });
  });
}

test('both modules can be imported where there is no page', async () => {
  const { createElement } = await import('react');
  const { renderToString } = await import('react-dom/server');
  const { Monitor, useMonitor, useSession } = await import('insitu/react');
  const { define, InsituMonitor } = await import('insitu/element');
  const Reader = () => {
    const { status, session } = useSession('model.onnx');
    return createElement('p', {}, status, String(useMonitor(session)), createElement(Monitor, { session }));
  };
  assert.equal(renderToString(createElement(Reader)), '<p>loading<!-- -->null<insitu-monitor></insitu-monitor></p>');
  assert.equal(typeof define, 'function');
  assert.equal(typeof InsituMonitor, 'function');
});
