// <insitu-monitor> as users meet it, under a strict Content-Security-Policy: what it shows and says, what it costs while nobody
// looks, and that axe finds nothing to object to.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { start } from './support.mjs';

const kShots = new URL('../../build/screenshots/', import.meta.url).pathname;
const kAxe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
let site;

before(async () => {
  await mkdir(kShots, { recursive: true });
  site = await start({ csp: true, mounts: new Map([['/panel/', new URL('panel/', import.meta.url).pathname]]) });
});
after(() => site.close());

/* A page whose panel shows a session of the handwriting model; `runs` of them go before, and nothing in them is like a digit. */
async function openPanel({ monitor = {}, runs = 0, ...options } = {}) {
  const opened = await site.open('panel/', options);
  const { page } = opened;
  await page.waitForSelector('html[data-ready]');
  await page.evaluate(async ([monitor, runs]) => {
    globalThis.session = await open(monitor);
    if (runs > 0) await feed(session, runs, { slice: { device: 'phone' } });
    if (runs > 0) await feed(session, 3, { slice: { device: 'desk' } });
  }, [monitor, runs]);
  const part = (name) => page.locator(`insitu-monitor [part~="${name}"]`);
  const says = (name, pattern) => page.waitForFunction(([name, source]) =>
    new RegExp(source).test(panel.shadowRoot.querySelector(`[part~="${name}"]`)?.textContent ?? ''), [name, pattern.source]);
  const feed = (runs, options = {}) => page.evaluate(([runs, options]) => globalThis.feed(session, runs, options), [runs, options]);
  return { ...opened, part, says, feed };
}

/* Counts the snapshots that are asked for from here on. */
const countSnapshots = (page) => page.evaluate(() => {
  globalThis.asked = 0;
  const { monitor } = session;
  const { snapshot } = Object.getPrototypeOf(monitor);
  monitor.snapshot = () => (asked++, snapshot.call(monitor));
});

/* What axe finds, in words. */
async function objections(page) {
  await page.evaluate(await readFile(kAxe, 'utf8'));
  const { violations } = await page.evaluate(() => axe.run());
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target}: ${failureSummary}`));
}

test('percentiles are withheld until there are requests enough, and then are those of the snapshot', async () => {
  const { part, says, feed, page, problems, foreign, close } = await openPanel();
  await feed(40, { watch: 'latency' });
  await says('requests', /^40 requests/);
  const total = part('latency').locator('tr', { hasText: 'Total' });
  assert.deepEqual((await total.locator('td').allTextContents()).slice(2, 5), ['–', '–', '–']);
  assert.match(await part('latency').textContent(), /p90 from 64, p95 from 130, p99 from 662 requests on; 39 so far/);
  await feed(100, { watch: 'latency' });
  await says('requests', /^140 requests/);
  const shown = Number((await total.locator('td').allTextContents())[3]);
  const { p95, p50 } = await page.evaluate(async () => (await session.monitor.snapshot()).latency.warm.total);
  assert.ok(Math.abs(shown - p95) <= 0.05 * p95 + 0.006, `${shown} is shown for ${p95}`);
  assert.ok(p50 < p95);
  await feed(1, { watch: 'latency' });
  await says('requests', /^141 requests/);
  await feed(1, { watch: 'latency' });
  await says('requests', /^142 requests/);
  assert.match(await part('latency').locator('svg').getAttribute('aria-label'), /^Mean time of requests between updates, the last \d+: now [\d.]+ ms/);
  assert.deepEqual(problems, []);
  assert.deepEqual(foreign, []);
  await close();
});

test('drift is announced, passed on as an event, and shown by feature against the alarm', async () => {
  const { page, part, says, feed, problems, close } = await openPanel();
  await page.evaluate(() => {
    globalThis.heard = [];
    panel.addEventListener('drift', ({ detail }) => heard.push(detail));
  });
  const notice = part('notice');
  assert.equal(await notice.getAttribute('role'), 'status');
  assert.equal(await notice.textContent(), '');
  await feed(45);
  await says('notice', /^Drift\. Found at sample 40 in /);
  await says('state', /^drifting$/);
  const heard = await page.evaluate(() => heard);
  assert.equal(heard.length, 1);
  assert.ok(heard[0].features.length > 0);
  await says('alarm', /^Changed since sample \d+: /);
  assert.equal(await part('meter').getAttribute('aria-valuenow'), '100');
  assert.equal(await part('drift').locator('tbody tr').count(), 6);
  await part('more').click();
  assert.equal(await part('more').getAttribute('aria-expanded'), 'true');
  const features = await page.evaluate(async () => (await session.monitor.snapshot()).drift.features);
  const rows = await part('drift').locator('tbody tr').evaluateAll((all) => all.map((row) => ({
    title: row.querySelector('th').title, share: row.querySelector('.bar').style.getPropertyValue('--share'),
  })));
  assert.deepEqual(rows.map(({ title }) => title.split(' = ')[0]), features.map(({ name }) => name));
  features.forEach(({ meter, name }, i) => assert.ok(Math.abs(meter - rows[i].share) < 1e-6, name));
  assert.deepEqual(problems, []);
  await close();
});

test('an issue of inputs is told once, however often it comes, and in turn with others', async () => {
  const { page, part, says, close } = await openPanel({ monitor: { profile: undefined } });
  await page.evaluate(async () => {
    globalThis.told = [];
    globalThis.passed = 0;
    panel.addEventListener('quality', () => passed++);
    const notice = panel.shadowRoot.querySelector('[role=status]');
    new MutationObserver(() => told.push(notice.textContent)).observe(notice, { childList: true, characterData: true, subtree: true });
    for (let i = 0; i < 16; i++) await feed(session, 1, {}, i % 2 ? NaN : Infinity);
  });
  await says('quality', /image16.*nan 8/);
  const { told, passed } = await page.evaluate(() => ({ told, passed }));
  assert.equal(new Set(told).size, told.length, told.join(' '));
  assert.ok(told.includes('Data quality. image: nan.') && told.includes('Data quality. image: infinite.'), told.join(' '));
  assert.ok(passed >= 8, `${passed} events were passed on`);
  assert.match(await part('drift').textContent(), /Off no profile to compare inputs with/);
  await close();
});

test('one slice at a time is shown, the objective, memory, accuracy', async () => {
  const { page, part, says, close } = await openPanel({ runs: 30, monitor: { slo: { p95Ms: 1e-6 } } });
  await says('requests', /^33 requests/);
  const select = part('slices').locator('select');
  assert.equal(await page.getByRole('combobox', { name: 'Slice', exact: true }).count(), 1);
  await select.selectOption('device=desk');
  assert.match(await part('slices').textContent(), /Requests3Total/);
  await select.selectOption('device=phone');
  assert.match(await part('slices').textContent(), /Requests30Total/);
  await says('slo', /Missed32 of 32/);
  assert.match(await part('slo').textContent(), /20\.0 of 6333 %/);
  assert.match(await part('memory').textContent(), /Memory\d+\.\d MBModels and tensors\d+\.\d MB/);
  assert.match(await part('accuracy').textContent(), /Labels for a calibration0 of 500/);
  await close();
});

test('exports are downloaded as files of the page, reset begins anew', async () => {
  const { page, part, says, problems, foreign, close } = await openPanel({ runs: 20 });
  await says('requests', /^23 requests/);
  for (const [name, file, check] of [
    ['Prometheus', 'insitu-metrics.prom', (text) => assert.match(text, /^# HELP insitu_/m)],
    ['OTLP', 'insitu-metrics.otlp.json', (text) => assert.ok(JSON.parse(text).resourceMetrics.length > 0)],
    ['Trace', 'insitu-trace.json', (text) => assert.ok(JSON.parse(text).traceEvents.length > 20)],
    ['Ticket', 'insitu-ticket.json', (text) => assert.equal(typeof JSON.parse(text), 'object')],
  ]) {
    const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: `Export ${name}` }).click()]);
    assert.equal(saved.suggestedFilename(), file);
    check(await readFile(await saved.path(), 'utf8'));
    await says('notice', new RegExp(`^Saved as ${file}`));
  }
  await part('reset').click();
  await says('requests', /^0 requests/);
  assert.equal(await page.evaluate(async () => (await session.monitor.snapshot()).requests), 0);
  assert.deepEqual(problems, []);
  assert.deepEqual(foreign, []);
  await close();
});

test('a disposed session, and one without a monitor, are told so; another session begins anew', async () => {
  const { page, part, says, problems, close } = await openPanel({ runs: 3 });
  await says('requests', /^6 requests/);
  await page.evaluate(() => session.dispose());
  await says('notice', /^The session was disposed: these are its last figures\./);
  await says('state', /^ended$/);
  assert.equal(await part('reset').isDisabled(), true);
  assert.match(await part('requests').textContent(), /^6 requests/);
  await page.evaluate(async () => { globalThis.session = await open(false); });
  await says('notice', /this session has no monitor/);
  await page.evaluate(async () => { globalThis.session = await open({}); });
  await says('requests', /^0 requests/);
  assert.equal(await part('notice').textContent(), '');
  assert.equal(await part('reset').isDisabled(), false);
  await page.evaluate(() => { panel.session = null; });
  await says('requests', /^Waiting for a session/);
  assert.deepEqual(problems, []);
  await close();
});

test('nothing is asked while the panel is out of sight, hidden or gone, and never more often than the interval', async () => {
  const { page, says, close } = await openPanel({ runs: 1 });
  await says('requests', /^4 requests/);
  await countSnapshots(page);
  const during = async (ms) => {
    const before = await page.evaluate(() => asked);
    await page.waitForTimeout(ms);
    return await page.evaluate(() => asked) - before;
  };
  const settled = async () => {
    for (let i = 0; await during(250) > 0; i++) assert.ok(i < 20, 'it goes on asking');
  };
  const resumes = async () => page.waitForFunction((before) => asked > before, await page.evaluate(() => asked));
  await resumes();
  for (const [leave, back] of [
    [() => { panel.style.display = 'none'; }, () => { panel.style.display = ''; }],
    [() => { panel.style.marginTop = '4000px'; }, () => { panel.style.marginTop = ''; }],
    [() => { globalThis.place = panel.parentNode; panel.remove(); }, () => place.append(panel)],
    [() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, () => {
      delete document.visibilityState;
      document.dispatchEvent(new Event('visibilitychange'));
    }],
  ]) {
    await page.evaluate(leave);
    await settled();
    assert.equal(await during(500), 0, String(leave));
    await page.evaluate(back);
    await resumes();
  }
  await page.evaluate(() => { panel.interval = 100_000; });
  await settled();
  assert.equal(await page.evaluate(() => panel.getAttribute('interval')), '100000');
  assert.equal(await during(500), 0);
  await close();
});

test('properties set before the element is defined count; importing defines nothing; names are given once', async () => {
  const { page, close } = await site.open('panel/', {});
  await page.waitForSelector('html[data-ready]');
  const facts = await page.evaluate(async () => {
    const { define, InsituMonitor } = await import('/element.js');
    const session = await open();
    const early = document.createElement('other-monitor');
    early.session = session;
    early.setAttribute('heading', 'Digits');
    early.setAttribute('level', '4');
    document.body.append(early);
    const before = customElements.get('other-monitor');
    define('other-monitor');
    return {
      before, session: early.session === session, monitor: early.monitor === session.monitor, own: Object.hasOwn(early, 'session'),
      kind: early instanceof InsituMonitor, title: early.shadowRoot.querySelector('h4').textContent,
      sections: early.shadowRoot.querySelectorAll('h5').length,
    };
  });
  assert.deepEqual(facts, { before: undefined, session: true, monitor: true, own: false, kind: true, title: 'Digits', sections: 7 });
  await close();
});

test('every control is reached and used with the keyboard, with a visible focus', async () => {
  const { page, says, close } = await openPanel({ runs: 10 });
  await says('requests', /^13 requests/);
  const reached = [];
  for (let i = 0; i < 7; i++) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(() => {
      const { activeElement } = panel.shadowRoot;
      return [activeElement.ariaLabel ?? activeElement.textContent.slice(0, 3), getComputedStyle(activeElement).outlineStyle];
    }));
  }
  assert.deepEqual(reached.map(([name]) => name),
    ['All', 'dev', 'Export Prometheus', 'Export OTLP', 'Export Trace', 'Export Ticket', 'Res']);
  assert.ok(reached.every(([, outline]) => outline === 'solid'));
  await page.keyboard.press('Enter');
  await says('requests', /^0 requests/);
  await close();
});

for (const colorScheme of ['light', 'dark']) {
  for (const width of [280, 360, 1000]) {
    test(`axe finds nothing, and nothing is too wide: ${colorScheme}, ${width} px`, async () => {
      const { page, says, problems, close } = await openPanel({
        runs: 45, monitor: { slo: { p95Ms: 1e-6 } }, viewport: { width: width + 16, height: 900 }, colorScheme,
      });
      await says('state', /^drifting$/);
      await page.locator('insitu-monitor [part~="more"]').click();
      const surface = await page.evaluate(() => getComputedStyle(panel.shadowRoot.querySelector('.panel')).backgroundColor);
      assert.equal(surface, colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(22, 32, 32)');
      const tooWide = await page.evaluate(() => [document.documentElement, ...panel.shadowRoot.querySelectorAll('.section')]
        .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).map(({ className }) => className || 'page'));
      assert.deepEqual(tooWide, []);
      await page.screenshot({ path: `${kShots}panel-${width}-${colorScheme}.png`, fullPage: true });
      assert.deepEqual(await objections(page), []);
      await page.evaluate(() => session.dispose());
      await says('state', /^ended$/);
      assert.deepEqual(await objections(page), []);
      assert.deepEqual(problems, []);
      await close();
    });
  }
}
