// insitu/text where it is used: in a page under a strict policy, and in a worker of the page's own, with a model behind it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { start } from './support.mjs';

const models = new URL('../../models/intents/', import.meta.url);
const expected = new Map(JSON.parse(readFileSync(new URL('../models/fixtures/intents.json', import.meta.url), 'utf8'))
  .map(({ text, ids }) => [text, ids]));
const texts = [...expected.keys()].slice(0, 40);

let site, opened;
before(async () => {
  site = await start({ csp: true, mounts: new Map([['/text/', models.pathname]]) });
  opened = await site.open('demo/');
});
after(() => site.close());

test('a page tokenizes and classifies, asks for the files it names alone, and the policy has nothing to say', async () => {
  const { page, problems, foreign } = opened;
  const answer = await page.evaluate(async (texts) => {
    const [{ load }, { createTokenizer }] = await Promise.all([import('/index.js'), import('/text.js')]);
    const session = await load('/text/intents_int8.onnx');
    const tokenizer = await createTokenizer('/text/tokenizer.json', { for: session.inputs });
    const ids = texts.map((text) => Array.from(tokenizer.encode(text).input_ids.data, Number));
    const { probabilities } = await session.run(tokenizer.encode('where is my parcel, it should be here by now'));
    const labels = JSON.parse(session.metadata.labels);
    await session.dispose();
    return { ids, label: labels[probabilities.data.indexOf(Math.max(...probabilities.data))] };
  }, texts);
  assert.deepEqual(answer.ids, texts.map((text) => expected.get(text)));
  assert.equal(answer.label, 'delivery');
  assert.deepEqual(problems, []);
  assert.deepEqual(foreign, []);
});

test('a worker of the page tokenizes the same, and errors are InsituErrors of index.js', async () => {
  const { page, context } = opened;
  await context.route('**/text-worker.js', (route) => route.fulfill({
    contentType: 'text/javascript', headers: { 'cross-origin-embedder-policy': 'require-corp' }, body: `
    import { InsituError } from '/index.js';
    import { createTokenizer } from '/text.js';
    onmessage = async ({ data }) => {
      const tokenizer = await createTokenizer('/text/tokenizer.json');
      const ids = data.map((text) => Array.from(tokenizer.encode(text).input_ids.data, Number));
      const thrown = await createTokenizer('/text/none.json').catch((error) => error);
      postMessage({ ids, code: thrown instanceof InsituError && thrown.code });
    };` }));
  const answer = await page.evaluate((texts) => new Promise((resolve, reject) => {
    const worker = new Worker('/text-worker.js', { type: 'module' });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(texts);
  }), texts);
  assert.deepEqual(answer, { ids: texts.map((text) => expected.get(text)), code: 'Network' });
});
