// The intent model as a user runs it: insitu and insitu/text of dist/, the tokenizer of the model's folder, and 360 held-out
// sentences of templates that training never saw (models/intents/held_out.py). fixtures/intents.json has, by train.py, what plain
// Python makes of each: the ids (models/intents/wordpiece.py) and the probabilities (network.py, quantize.py).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

const dist = new URL('../../dist/', import.meta.url);
const { Engine } = await import(new URL('index.js', dist).href);
const { createTokenizer } = await import(new URL('text.js', dist).href);
const models = new URL('../../models/intents/', import.meta.url);
const held = JSON.parse(readFileSync(new URL('fixtures/intents.json', import.meta.url), 'utf8'));
const best = (values) => values.indexOf(Math.max(...values));

let engine, tokenizer, labels;
const found = {};
before(async () => {
  engine = await Engine.create();
  for (const kind of ['fp32', 'int8']) {
    const session = await engine.load(new URL(`intents_${kind}.onnx`, models));
    tokenizer = await createTokenizer(new URL('tokenizer.json', models), { for: session.inputs });
    labels = JSON.parse(session.metadata.labels);
    found[kind] = [];
    for (const { text } of held) found[kind].push(Array.from((await session.run(tokenizer.encode(text))).probabilities.data));
    if (kind === 'int8') found.rows = await session.explain();
    await session.dispose();
  }
});
after(() => engine.dispose());

test('the tokenizer gives the ids that the model was trained on', () => {
  for (const { text, ids } of held) assert.deepEqual(Array.from(tokenizer.encode(text).input_ids.data, Number), ids, text);
});

for (const kind of ['fp32', 'int8']) {
  test(`${kind}: the probabilities are those of plain Python, to the four digits that are stored`, () => {
    held.forEach((row, i) => row[kind].forEach((value, k) =>
      assert.ok(Math.abs(value - found[kind][i][k]) <= 1e-4, `${row.text}: ${labels[k]} ${found[kind][i][k]}, not ${value}`)));
  });

  test(`${kind}: right on as many held-out sentences as the card says`, () => {
    const hits = held.filter(({ label }, i) => labels[best(found[kind][i])] === label).length;
    const [, all] = readFileSync(new URL('card.md', models), 'utf8').match(kind === 'fp32' ? /\| all.*?\*\*([\d.]+) %/ : /\| all.*\*\*([\d.]+) %/);
    assert.equal(((100 * hits) / held.length).toFixed(1), all);
    assert.ok(hits / held.length > 0.7);
  });
}

test('int8 decides as fp32 does on 98 of 100 sentences', () => {
  const same = held.filter((_, i) => best(found.int8[i]) === best(found.fp32[i])).length;
  assert.ok(same / held.length >= 0.98, `${same} of ${held.length}`);
});

test('the products of the int8 model run as integers on the fast kernel', () => {
  const products = found.rows.filter(({ op }) => op === 'DynamicQuantizeMatMul');
  assert.deepEqual(products.map(({ node, on }) => [node, on]), ['windows', 'hidden', 'labels'].map((name) => [name, 'kernel']));
});

test('a text gives the same whatever it is padded to, in the float model', async () => {
  const session = await engine.load(new URL('intents_fp32.onnx', models));
  const run = async (padTo) => (await session.run(tokenizer.encode('where is my parcel', { padTo }))).probabilities.data;
  const [plain, long] = [await run(), await run(40)];
  plain.forEach((value, i) => assert.ok(Math.abs(value - long[i]) < 1e-6));
  await session.dispose();
});
