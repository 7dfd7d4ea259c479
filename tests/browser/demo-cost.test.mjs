// "What it costs": what is measured in the page, numbers that are typed, examples and links, the result in words, chart and formulas,
// files of a visitor's own; by keyboard, for screen readers, at 360 and 1440 px, light and dark.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { drop, objections, shownCode, startDemo } from './demo-site.mjs';
import { dist } from './support.mjs';
import { colourModel } from './tiny-models.mjs';

const { cost, costFields, costFormulas } = await import(new URL('cost.js', `file://${dist}`).href);
const kShots = new URL('../../build/screenshots/', import.meta.url).pathname;
const fields = Object.keys(costFields);
const typed = { requestsPerUserMonth: 300, visitsPerUserMonth: 10, serverMs: 20, instancePricePerHour: 0.36, parallelRequests: 2, utilisation: 0.5,
  engineBytes: 600_000, modelBytes: 400_000, cacheHitRate: 0.8, cdnPricePerGb: 0.05, deviceMs: 12.5 };
const kAnswer = /^The device is cheaper from 50 requests per user and month on, 5 per visit\. At 300 .* the cloud costs 0\.0006 EUR .* the device 0\.0001 EUR\.$/;
const onnx = (name, buffer) => ({ name, mimeType: 'application/octet-stream', buffer });
const linkTo = (numbers) => `demo/#cost?${new URLSearchParams(numbers)}`;

let site;
before(async () => {
  await mkdir(kShots, { recursive: true });
  site = await startDemo();
});
after(() => site.close());

async function openMeasured(options) {
  const opened = await site.open('cost', options);
  await opened.says('cost-progress', /^Measured: [\d.]+ ms/);
  return opened;
}

const value = (page, name) => page.locator(`#cost-${name}`).inputValue();
const note = (page, name) => page.locator(`#cost-${name}-note`).textContent();
const fill = async (page, numbers) => { for (const [name, number] of Object.entries(numbers)) await page.locator(`#cost-${name}`).fill(String(number)); };
const hashOf = (page) => page.evaluate(() => location.hash);
const saysLink = (page, text) => page.waitForFunction((text) => location.hash.includes(text), text);
const linesOf = (page) => page.locator('#cost-formulas li').evaluateAll((items) => items.map((item) => [...item.querySelectorAll('code')].map(({ textContent }) => textContent)));

test('the model is measured, no price is there, and what is missing is named', async () => {
  const { page, context, says, problems, foreign, close } = await openMeasured();
  const asked = [];
  context.on('request', (request) => asked.push(request.url()));
  const facts = await page.locator('#cost-measured').textContent();
  assert.match(facts, /handwriting\.int8\.onnx: [\d,]+ bytes, [\d,]+ by gzip.*Chrom.*Median[\d.]+ ms.*p95([\d.]+ ms|needs 130 runs).*Runs\d+/);
  const model = readFileSync(`${dist}demo/models/handwriting.int8.onnx`);
  assert.equal(await value(page, 'modelBytes'), String(model.length));
  const [, flavour] = /; ([a-z-]+), \d/.exec(facts);
  const engine = ['index.js', 'insitu/worker.js', `insitu-${flavour}.mjs`, `insitu-${flavour}.wasm`].reduce((sum, name) => sum + readFileSync(dist + name).length, 0);
  assert.equal(await value(page, 'engineBytes'), String(engine));
  assert.ok(Number(await value(page, 'deviceMs')) > 0);
  const measured = ['deviceMs', 'engineBytes', 'modelBytes'];
  for (const name of fields) {
    assert.equal(await note(page, name), `${name} ${measured.includes(name) ? 'measured here' : 'not given'}`);
    if (!measured.includes(name)) assert.equal(await value(page, name), '', name);
  }
  await says('cost-said', /^No break-even: what a request costs in the cloud and what delivery to the device costs cannot be told/);
  assert.equal(await page.locator('#cost-out-count').textContent(), `${costFormulas.length - 1} of ${costFormulas.length} formulas`);
  assert.ok(await page.locator('#cost-figure').isHidden());
  await page.locator('#cost-out summary').click();
  await page.locator('#cost-left-out a', { hasText: 'cdnPricePerGb' }).click();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'cost-cdnPricePerGb');
  assert.deepEqual(asked, []);
  assert.deepEqual(problems, []);
  assert.deepEqual(foreign, []);
  await close();
});

test('numbers that are typed, by keyboard, make the result that insitu/cost gives; it is said once, and nothing is sent', async () => {
  const { page, context, says, problems, close } = await openMeasured();
  const asked = [];
  context.on('request', (request) => asked.push(request.url()));
  const { instancePricePerHour, ...others } = typed;
  await fill(page, others);
  await page.locator('#cost-currency').fill('EUR');
  await saysLink(page, 'currency=EUR');
  await page.evaluate(() => {
    globalThis.said = [];
    new MutationObserver(() => said.push(document.getElementById('cost-said').textContent)).observe(document.getElementById('cost-said'), { childList: true });
  });
  await page.locator('#cost-instancePricePerHour').focus();
  await page.keyboard.type(String(instancePricePerHour));
  const said = await says('cost-said', kAnswer);
  assert.deepEqual(await page.evaluate(() => globalThis.said), [said]);
  const live = await page.locator('#cost [role=status], #cost [aria-live], #cost [role=alert]').evaluateAll((all) => all.map(({ id }) => id));
  assert.deepEqual(live, ['cost-progress', 'cost-linked', 'cost-said']);
  const { lines } = cost(typed);
  assert.deepEqual(await linesOf(page), lines.map(({ name, formula, inserted }) => [`${name} = ${formula}`, ...(formula === inserted ? [] : [`= ${inserted}`])]));
  assert.match(await page.locator('#cost-formulas li').first().textContent(), /^Instances0\.000002 EUR per request/);
  assert.match(await page.locator('#cost-chart').getAttribute('aria-label'), /^Cost of 1,000 users in a month from 0 to 200 requests .* they are equal at 50 requests\.$/);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'cost-parallelRequests');
  // Where the address changes the browser asks for the icon again.
  assert.deepEqual(asked.filter((url) => !url.endsWith('/demo/icon.svg')), []);
  assert.deepEqual(problems, []);
  await close();
});

test('the point of the break-even is drawn where both lines are equal', async () => {
  const { page, says, close } = await site.visit(linkTo({ ...typed, currency: 'EUR' }), { viewport: { width: 1440, height: 900 } }).then((opened) =>
    ({ ...opened, says: (id, pattern) => opened.page.waitForFunction(([id, source]) => new RegExp(source).test(document.getElementById(id).textContent), [id, pattern.source]) }));
  await says('cost-said', kAnswer);
  await page.locator('#cost-chart').scrollIntoViewIfNeeded();
  const found = await page.evaluate(() => {
    const token = getComputedStyle(document.documentElement).getPropertyValue('--alarm').trim();
    const probe = document.createElement('canvas').getContext('2d');
    probe.fillStyle = token;
    probe.fillRect(0, 0, 1, 1);
    const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
    const canvas = document.querySelector('#cost-chart canvas');
    const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const over = document.querySelector('#cost-chart .u-over').getBoundingClientRect(), all = canvas.getBoundingClientRect();
    const scale = width / all.width;
    let n = 0, sum = 0;
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
      const at = 4 * (y * width + x);
      if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255) { n++; sum += x; }
    }
    return { n, share: (sum / n - (over.left - all.left) * scale) / (over.width * scale) };
  });
  assert.ok(found.n > 30 && Math.abs(found.share - 0.25) < 0.02, JSON.stringify(found));  // 50 of 200 requests
  await close();
});

test('a link brings its numbers, is not overwritten by what is measured, and opens at its place', async () => {
  const { page, problems, close } = await site.visit(linkTo({ ...typed, currency: 'EUR' }), { viewport: { width: 1200, height: 700 } });
  await page.waitForSelector('#cost[data-open]');
  await page.waitForFunction((source) => new RegExp(source).test(document.getElementById('cost-said').textContent), kAnswer.source);
  assert.match(await page.locator('#cost-progress').textContent(), /^Measured/);
  for (const [name, number] of Object.entries(typed)) {
    assert.equal(await value(page, name), String(number));
    assert.equal(await note(page, name), `${name} from the link`);
  }
  await page.locator('#cost-measure').click();
  await page.waitForFunction(() => document.getElementById('cost-deviceMs').value !== '12.5');
  assert.equal(await note(page, 'deviceMs'), 'deviceMs measured here');
  assert.equal(await value(page, 'cdnPricePerGb'), '0.05');
  await page.locator('#cost-users').fill('7');
  await saysLink(page, 'users=7');
  await page.evaluate(() => { location.hash = '#cost?users=9&currency=CHF'; });
  await page.waitForFunction(() => document.getElementById('cost-users').value === '9');
  assert.deepEqual([await value(page, 'cdnPricePerGb'), await page.locator('#cost-currency').inputValue()], ['', 'CHF']);
  assert.deepEqual(problems, []);
  await close();
});

test('a link with what cannot be says so at the field, and nothing of it is markup', async () => {
  const { page, problems, close } = await site.visit(linkTo({ utilisation: 2, users: 'many', cdnPricePerGb: -1, nothing: 5, currency: '<b>x</b>', example: 'constructor' }));
  await page.waitForSelector('#cost[data-open]');
  assert.equal(await note(page, 'utilisation'), 'utilisation is 2: more than 1');
  assert.equal(await note(page, 'cdnPricePerGb'), 'cdnPricePerGb is -1: less than 0');
  assert.equal(await page.locator('#cost-utilisation').getAttribute('aria-invalid'), 'true');
  assert.equal(await page.locator('#cost-utilisation').getAttribute('aria-describedby'), 'cost-utilisation-note');
  assert.equal(await note(page, 'users'), 'users not given');
  assert.equal(await page.locator('#cost b').count(), 0);
  assert.doesNotMatch(await page.locator('#cost-formulas').textContent(), /<b>/);
  await page.locator('#cost-utilisation').fill('0.5');
  await page.waitForFunction(() => document.getElementById('cost-utilisation').getAttribute('aria-invalid') === 'false');
  assert.deepEqual(problems, []);
  await close();
});

test('an example is marked as one, also in a link, until its numbers are replaced', async () => {
  const { page, context, says, close } = await openMeasured();
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const marked = () => page.locator('#cost-fields [data-state=example]').count();
  await page.getByRole('button', { name: 'Example: serverless' }).click();
  await says('cost-said', /^The (device|cloud)/);
  const count = await marked();
  assert.ok(count >= 10 && await page.locator('#cost-invented').isVisible());
  assert.equal(await value(page, 'instancePricePerHour'), '');
  await page.locator('#cost-cdnPricePerGb').fill('0.06');
  await saysLink(page, 'cdnPricePerGb=0.06');
  assert.equal(await marked(), count - 1);
  await page.locator('#cost-link').click();
  await says('cost-linked', /^Copied\.$/);
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(link, page.url());
  await page.goto('about:blank');
  await page.goto(link);
  await page.waitForSelector('#cost[data-open]');
  assert.equal(await marked(), count - 1);
  assert.ok(await page.locator('#cost-invented').isVisible());
  assert.equal(await note(page, 'cdnPricePerGb'), 'cdnPricePerGb from the link');
  await page.locator('#cost-clear').click();
  await page.waitForFunction(() => location.hash.replace(/deviceMs|engineBytes|modelBytes|[?&=.\d]/g, '') === '#cost');
  assert.equal(await marked(), 0);
  assert.ok(await page.locator('#cost-invented').isHidden());
  await close();
});

test('files of a visitor are measured; what is no model says so, and what was typed stays', async () => {
  const { page, says, problems, close } = await openMeasured();
  await fill(page, { cdnPricePerGb: 0.05 });
  await drop(page, '#cost-drop', [onnx('colours.onnx', colourModel())]);
  await page.waitForFunction(() => /^Modelcolours\.onnx/.test(document.getElementById('cost-measured').textContent));
  assert.equal(await value(page, 'modelBytes'), String(colourModel().length));
  await page.locator('#cost-file').setInputFiles(onnx('notes.txt', Buffer.from('not a model')));
  await says('cost-progress', /InvalidModel/);
  assert.equal(await value(page, 'cdnPricePerGb'), '0.05');
  await page.locator('#cost-measure').click();
  await says('cost-progress', /InvalidModel/);
  await page.locator('#cost-file').setInputFiles(onnx('again.onnx', colourModel()));
  await says('cost-progress', /^Measured/);
  assert.deepEqual(problems, []);
  await close();
});

for (const width of [360, 1440]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`with a result axe and the width of ${width} px object to nothing, ${colorScheme}`, async () => {
      const { page, says, problems, close } = await openMeasured({ viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' });
      await page.getByRole('button', { name: 'Example: instances' }).click();
      await page.locator('#cost-currency').fill('EUR');
      await page.locator('#cost-users').fill('-3');
      await says('cost-said', /EUR/);
      await page.locator('#cost-out summary').click();
      assert.deepEqual(await objections(page, '#cost'), []);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is too wide');
      await page.locator('#cost').screenshot({ path: `${kShots}demo-cost-result-${width}-${colorScheme}.png` });
      assert.deepEqual(problems, []);
      await close();
    });
  }
}

test('"Open in code" is the text of the module that runs', async () => {
  const { page, close } = await site.open('cost');
  assert.match(await shownCode(page, 'cost'), /cost\(\{/);
  await close();
});
