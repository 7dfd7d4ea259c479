// The text playground: messages are read as they are written, and the code that is shown is the code that reads them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { serveShown, shownCode, startDemo } from './demo-site.mjs';

let site;
before(async () => { site = await startDemo(); });
after(() => site.close());

test('a message is read while it is written, its tokens are shown, and a doubtful one is not decided', async () => {
  const { page, says, problems, foreign, close } = await site.open('text');
  await says('intent', /^delivery$/);
  assert.equal(await page.locator('#intents li').count(), 10);
  assert.deepEqual((await page.locator('#tokens span').allTextContents()).slice(0, 4), ['where', 'is', 'my', 'parcel']);
  await page.locator('#message').fill('I was charged twice, please correct my invoice');
  await says('intent', /^billing$/);
  await page.getByRole('button', { name: 'I forgot my password' }).click();
  await says('intent', /^login$/);
  assert.match(await page.locator('#message').inputValue(), /^I forgot my password/);
  await page.locator('#message').fill('hm');
  assert.match(await says('intent', /not sure/), /^not sure$/);
  assert.match(await says('intent-share', /perhaps/), /perhaps [a-z]+, \d+ %/);
  await page.locator('#message').fill('');
  await says('intent', /^–$/);
  assert.deepEqual(problems, []);
  assert.deepEqual(foreign, []);
  await close();
});

test('the code that is shown gives what the playground says', async () => {
  const { page, context, says, close } = await site.open('text');
  await serveShown(context, await shownCode(page, 'text'));
  await page.locator('#message').fill('the app crashes when I pay');
  await says('intent', /^bug$/);
  const shares = await page.locator('#intents li').allTextContents();
  const ranked = await page.evaluate(async () => {
    const [{ Engine }, { open }] = await Promise.all([import('/index.js'), import('/shown.js')]);
    const engine = await Engine.create();
    const { classify } = await open(engine);
    const ranked = await classify('the app crashes when I pay');
    await engine.dispose();
    return ranked;
  });
  assert.deepEqual(ranked.map(({ label, score }) => `${label}${(100 * score).toFixed(1)} %`), shares);
  await close();
});

test('where the model cannot be fetched the section says so', async () => {
  const { page, context, close } = await site.visit('blank/');
  await context.route('**/intents_int8.onnx', (route) => route.fulfill({ status: 404, body: '' }));
  await page.goto(new URL('demo/#text', site.url).href);
  assert.match(await page.locator('#text .problem').textContent(), /Network: .*404/);
  await close();
});
