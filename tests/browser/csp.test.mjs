// The policies that docs/how-to/csp.md shows, in a real Chromium: they are enough, and each directive is needed.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { blockBelow, headerBelow } from '../support/document.mjs';
import { expectedDigit, hasThreads, startBare } from './bare.mjs';

const kDocument = 'docs/how-to/csp.md', kHeader = 'Content-Security-Policy';
const kStrict = headerBelow(kDocument, 'The policy that is enough', kHeader);
const kTrusted = headerBelow(kDocument, 'Headers of pages', kHeader);
const expected = await expectedDigit();
let policyOf = () => kStrict;
let site;

const folder = mkdtempSync(join(tmpdir(), 'insitu-policy-'));
writeFileSync(join(folder, 'policy.js'), blockBelow(kDocument, 'Trusted Types'));

before(async () => { site = await startBare({ csp: (path) => policyOf(path), mounts: new Map([['/shown/', folder]]) }); });
after(() => site.close().finally(() => rmSync(folder, { recursive: true })));

/* A page under these policies that notes what they refuse, once it is there. */
async function openUnder(policies, address) {
  policyOf = policies;
  const { page, close } = await site.open(address);
  await page.evaluate(() => {
    globalThis.refused = [];
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => refused.push(effectiveDirective));
  });
  return { page, close, start: (options, loadOptions) => page.evaluate((all) => outcome(open(...all)), [options, loadOptions]) };
}

async function assertRuns({ page, start }, options, loadOptions) {
  assert.equal(await start(options, loadOptions), 'resolved');
  assert.deepEqual(await page.evaluate(() => digit(session)), expected);
  assert.deepEqual(await page.evaluate(() => refused), []);
  return page.evaluate(() => engine.info);
}

test('the policy is enough: with threads, without a worker, with kept models, with a panel', async () => {
  const opened = await openUnder(() => kStrict);
  const { threads } = await assertRuns(opened, { threads: 2 });
  assert.equal(threads, hasThreads ? 2 : 1);
  await assertRuns(opened, { worker: false, threads: 1 });
  for (let visit = 0; visit < 2; visit++) await assertRuns(opened, {}, { cache: 'opfs' });
  const display = await opened.page.evaluate(async () => {
    const { define } = await import('/element.js');
    define();
    const panel = document.createElement('insitu-monitor');
    document.body.append(panel);
    panel.session = session;
    while (!panel.snapshot) await new Promise((done) => { setTimeout(done, 20); });
    return getComputedStyle(panel).display;
  });
  assert.equal(display, 'block', 'the style sheet of the panel applies');
  assert.deepEqual(await opened.page.evaluate(() => refused), []);
  await opened.close();
});

for (const [without, policy, code] of [
  ["'wasm-unsafe-eval'", kStrict.replace(" 'wasm-unsafe-eval'", ''), /^Network: .*violates the following Content Security policy/],
  ['worker-src', kStrict.replace("worker-src 'self'", "worker-src 'none'"), /^Network: the worker did not start/],
  ['connect-src', kStrict.replace("connect-src 'self'", "connect-src 'none'"), /^Network: cannot reach/],
]) {
  test(`without ${without} the engine does not start, and says what is wrong`, async () => {
    const { start, close } = await openUnder(() => policy);
    assert.match(await start(), code);
    await close();
  });
}

test('a page that enforces Trusted Types', async () => {
  const pages = (path) => (path.endsWith('/') ? kTrusted : kStrict);
  const trusted = await openUnder(pages, 'bare/trusted/');
  const { threads } = await assertRuns(trusted, { threads: 2 });
  assert.equal(threads, hasThreads ? 2 : 1);
  assert.match(await trusted.page.evaluate(async () => {
    try {
      return String(new Worker('https://elsewhere.test/worker.js'));
    } catch (error) {
      return String(error);
    }
  }), /TypeError: https:\/\/elsewhere.test\/worker.js is not of this site/);
  await trusted.close();
  const plain = await openUnder(pages);
  assert.match(await plain.start(), /TrustedScriptURL/, 'the policy is enforced where there is no default one');
  await plain.close();
});

test('with Trusted Types in the worker as well there is one thread and a reason', { skip: !hasThreads }, async () => {
  const opened = await openUnder(() => kTrusted, 'bare/trusted/');
  const { threads, reasons } = await assertRuns(opened, { threads: 2 });
  assert.equal(threads, 1);
  assert.match(reasons[0], /-mt was passed over: .*TrustedScriptURL/);
  await opened.close();
});
