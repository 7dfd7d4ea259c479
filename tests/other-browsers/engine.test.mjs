// The engine in other browsers than Chromium: Firefox, and WebKitGTK as it is and with what it has but switches off. The results
// are Node's, with threads and without, under a strict Content-Security-Policy, with kept models and without, with a worker or none;
// workers that are killed are noticed, and pages are kept when they are left.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { serve } from '../../scripts/serve.mjs';
import { expectedDigit, hasThreads } from '../browser/bare.mjs';
import { serveOffline } from '../browser/offline.mjs';
import { dist } from '../browser/support.mjs';
import { headerBelow } from '../support/document.mjs';
import { firefox } from './support/firefox.mjs';
import { webkit } from './support/webkit.mjs';

/* Those that have threads on isolated pages, and that keep models. */
const kBrowsers = [
  { ...firefox, threads: true, keeps: true },
  { ...firefox, name: 'Firefox, private', options: { preferences: { 'browser.privatebrowsing.autostart': true } }, threads: true },
  { ...webkit },
  {
    ...webkit, name: 'WebKitGTK with shared memory and a file system', threads: true,
    options: {
      environment: { JSC_useSharedArrayBuffer: '1' },
      features: ['FileSystem', 'AccessHandle', 'FileSystemWritableStream', 'StorageAPI', 'StorageAPIEstimate'],
    },
  },
];
const kMounts = new Map([['/page/', new URL('page/', import.meta.url).pathname]]);
const kPolicy = headerBelow('docs/how-to/csp.md', 'The policy that is enough', 'Content-Security-Policy');
const csp = () => `${kPolicy}; img-src 'self' data:`;  // for the icons of pages
const expected = await expectedDigit();

for (const { name, missing, start, options, threads, keeps } of kBrowsers) {
  if (missing) console.log(`SKIPPED: ${name} is not tested, because ${missing}.`);
  describe(name, { skip: missing }, () => {
    const sites = {};
    let browser;
    before(async () => {
      browser = await start(options);
      sites.isolated = await serve({ root: dist, mounts: kMounts, csp });
      sites.plain = await serve({ root: dist, mounts: kMounts, csp, isolated: false });
    });
    after(async () => {
      await browser?.close();
      for (const site of Object.values(sites)) await site.close();
    });

    const address = (site, visit, options) =>
      `${sites[site].url}page/?${new URLSearchParams({ [visit]: JSON.stringify(options) })}`;
    async function result() {
      const { failed, problems, ...result } = JSON.parse(await browser.told('result'));
      assert.equal(failed, undefined);
      assert.deepEqual(problems, []);
      return result;
    }
    async function visit(site, name, options = {}) {
      await browser.go(address(site, name, options));
      return result();
    }
    function near(digit) {
      assert.equal(digit.length, expected.length);
      assert.ok(digit.every((p, i) => Math.abs(p - expected[i]) < 1e-6), digit.join());
    }

    test('an isolated page has threads where the browser has them', { skip: !hasThreads }, async () => {
      const ran = await visit('isolated', 'run', { threads: 2 });
      near(ran.digit);
      assert.equal(ran.isolated, true);
      assert.equal(ran.threads, threads ? 2 : 1);
      assert.match(ran.flavour, threads ? /-mt$/ : /-st$/);
      assert.equal(ran.reasons.includes('One thread is used: this browser has no WebAssembly threads.'), !threads);
    });

    test('other pages have one thread and a reason, with a worker and without', async () => {
      for (const worker of [true, false]) {
        const ran = await visit('plain', 'run', { worker });
        near(ran.digit);
        assert.equal(ran.threads, 1);
        assert.match(ran.reasons.at(-1), /^One thread is used: the page is not cross-origin isolated/);
      }
    });

    test('an isolated page without a worker', async () => near((await visit('isolated', 'run', { worker: false, threads: 1 })).digit));

    test(keeps ? 'the second visit restores what the first one kept' : 'what cannot be kept is loaded each time', async () => {
      const first = await visit('isolated', 'keep');
      const second = await visit('isolated', 'keep');
      near(first.digit);
      near(second.digit);
      assert.ok(first.phases.includes('download'), first.phases.join());
      assert.equal(first.phases.includes('kept'), keeps === true);
      assert.equal(second.phases.includes('restore'), keeps === true, second.phases.join());
      assert.equal(second.phases.includes('download'), keeps !== true);
    });

    test('after one visit a page runs without a server', { skip: !keeps }, async () => {
      const server = await serveOffline();
      await browser.go(server.url);
      await browser.told('offline');
      await server.close();
      await browser.go(server.url);
      await browser.told('offline');
    });

    test('a worker that is killed is noticed, and the next load() starts another', async () => {
      const { said, digit, workers } = await visit('isolated', 'kill');
      for (const outcome of said) assert.match(outcome, /^Crashed: the worker has gone without a word/);
      assert.equal(workers, 2);
      near(digit);
    });

    test('a page with an engine is kept when it is left, and the session runs on', async () => {
      near((await visit('isolated', 'stay')).digit);
      await browser.go(new URL('/demo/style.css', sites.isolated.url).href);
      await browser.back();
      const { persisted, digit } = await result();
      assert.equal(persisted, true);
      near(digit);
    });
  });
}
