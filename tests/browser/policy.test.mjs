// Strict Content-Security-Policy, and pages with and without cross-origin isolation, in a real Chromium.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';

import { dist, start } from './support.mjs';

const flavours = JSON.parse(readFileSync(`${dist}flavours.json`, 'utf8'));
const noThreads = flavours.some((flavour) => flavour.endsWith('-mt')) ? false : 'dist/ has no flavour with threads: npm run build makes them';

const sites = [];
async function open(options) {
  const site = await start(options);
  sites.push(site);
  return site.open('demo/');
}
after(() => Promise.all(sites.map((site) => site.close())));

test('the demo works under a strict policy and asks for nothing outside its origin', async () => {
  const { page, problems, foreign } = await open({ csp: true });
  await page.waitForSelector('html[data-ready]');
  await page.locator('#sample').click();
  await page.waitForFunction(() => document.getElementById('best').textContent !== '–');
  assert.deepEqual(problems, []);
  assert.deepEqual(foreign, []);
});

test('with isolation there are threads; without it one thread and a reason', { skip: noThreads }, async () => {
  const isolated = await open({ isolated: true });
  await isolated.page.waitForSelector('html[data-ready]');
  assert.match(await isolated.page.locator('#engine').textContent(), /-mt, \d threads/);
  const plain = await open({ isolated: false });
  await plain.page.waitForSelector('html[data-ready]');
  assert.match(await plain.page.locator('#engine').textContent(), /-st, 1 thread/);
  assert.match(await plain.page.locator('#engine').getAttribute('title'), /isolated/);
});

test('insitu on another origin is an error that says what to do, and what is no address, too', async () => {
  const { page } = await open({});
  const errors = await page.evaluate(async () => {
    const { Engine, InsituError } = await import('/index.js');
    const create = (options) => Engine.create(options).then(() => 'created', (error) => error instanceof InsituError && { code: error.code, message: error.message });
    return [await create({ assets: 'https://other.invalid/insitu/' }), await create({ assets: 'http://[' })];
  });
  assert.equal(errors[0].code, 'Network');
  assert.match(errors[0].message, /the worker did not start: .*page's own origin/);
  assert.equal(errors[1].code, 'InvalidArgument');
  assert.match(errors[1].message, /assets is no URL/);
});
