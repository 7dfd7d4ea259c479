// The site of docs/how-to/offline.md in a real Chromium: after one visit it runs without a server.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { serveOffline } from './offline.mjs';
import { start } from './support.mjs';

const isolation = (page) => page.evaluate(() => crossOriginIsolated);
const shown = async (page) => {
  await page.waitForFunction(() => document.querySelector('output').textContent !== '');
  return page.locator('output').textContent();
};

test('after one visit the page runs without a server, isolated as before', async () => {
  const server = await serveOffline();
  const browser = await start({ url: server.url });
  const { page, context, problems } = await browser.open('');
  const online = await shown(page);
  await page.waitForSelector('html[data-offline=ready]', { state: 'attached' });
  assert.equal(await isolation(page), true);
  await server.close();
  await context.setOffline(true);
  const answered = [];
  context.on('response', (response) => answered.push(response));
  await page.reload();
  assert.equal(await shown(page), online);
  assert.equal(await isolation(page), true);
  assert.equal(await page.evaluate(() => navigator.onLine), false);
  await page.waitForSelector('html[data-offline=ready]', { state: 'attached' });
  assert.ok(answered.length > 4, `${answered.length} files are too few`);
  assert.ok(answered.every((response) => response.fromServiceWorker()), 'every answer is the service worker\'s');
  // The one thing that is asked for in vain is the model, to see whether it is still the same.
  assert.ok(problems.every((problem) => /Failed to load resource|Failed to fetch|network error/.test(problem)), problems.join('\n'));
  await browser.close();
});

test('a page that was never visited does not load without a server', async () => {
  const server = await serveOffline();
  const browser = await start({ url: server.url });
  const { page, context } = await browser.open('sw.js');
  await server.close();
  await context.setOffline(true);
  await assert.rejects(page.goto(server.url), /ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED/);
  await browser.close();
});
