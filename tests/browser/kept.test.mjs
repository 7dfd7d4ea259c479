// cache: 'opfs' in a real Chromium: what a visit keeps, the next one restores, and whatever is wrong with it does no harm.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { files, isRestored, offline, startWithModels, visit as visitSite } from './kept-visits.mjs';
import { dist } from './support.mjs';

const flavours = JSON.parse(readFileSync(`${dist}flavours.json`, 'utf8'));

let site, model;
before(async () => {
  site = await startWithModels(['model.onnx', 'other.onnx']);
  model = join(site.folder, 'model.onnx');
});
after(() => site.close());

const visit = (...what) => visitSite(site, ...what);
const integrityOf = (bytes) => `sha256-${createHash('sha256').update(bytes).digest('base64')}`;

for (const flavour of flavours) {
  test(`${flavour}: the second visit restores what the first one kept, and computes the same`, async () => {
    const { page, context, problems, close } = await site.open('blank/');
    const plain = await visit(context, { flavour, cache: 'none' });
    assert.deepEqual(await files(page), {});
    const first = await visit(context, { flavour });
    assert.ok(first.phases.includes('download') && first.phases.includes('keep'), first.phases.join());
    assert.deepEqual(first.outputs, plain.outputs);
    assert.deepEqual(first.again, plain.outputs);
    const [size] = Object.values(await files(page));
    assert.ok(size > 50_000, `${size} bytes are no model`);
    const second = await visit(context, { flavour });
    assert.ok(isRestored(second), second.phases.join());
    assert.deepEqual(second.outputs, plain.outputs);
    assert.deepEqual(second.explained, plain.explained);
    assert.deepEqual(problems, []);
    await close();
  });
}

test('a model that has changed at its address is loaded anew, and kept in place of the former', async () => {
  const { page, context, close } = await site.open('blank/');
  await visit(context);
  utimesSync(model, new Date(), new Date(Date.now() - 1e7));
  const changed = await visit(context);
  assert.ok(changed.phases.includes('download') && !changed.phases.includes('restore'), changed.phases.join());
  assert.equal(Object.keys(await files(page)).length, 1);
  assert.ok(isRestored(await visit(context)));
  await close();
});

test('files that were changed or cut short are noticed, and the model is loaded', async () => {
  const { page, context, close } = await site.open('blank/');
  const { outputs } = await visit(context);
  for (const change of [{ at: 0 }, { at: 0.001 }, { at: 0.5 }, { at: 0.99 }, { at: 0.5, cut: true }, { at: 0, cut: true }]) {
    await files(page, change);
    const visited = await visit(context);
    assert.ok(visited.phases.includes('download'), `${JSON.stringify(change)}: ${visited.phases.join()}`);
    assert.deepEqual(visited.outputs, outputs);
    assert.ok(isRestored(await visit(context)), `not kept again after ${JSON.stringify(change)}`);
  }
  await close();
});

test('with integrity a kept model needs no server, and none but the model of that digest is used', async () => {
  const { page, context, close } = await site.open('blank/');
  const integrity = integrityOf(readFileSync(model));
  const first = await visit(context, { integrity });
  assert.ok(first.phases.includes('verify'));
  const second = await visit(context, { integrity }, { route: offline });
  assert.ok(isRestored(second) && !second.unchecked, second.phases.join());
  assert.deepEqual(second.outputs, first.outputs);
  const wrong = integrityOf('another');
  await assert.rejects(visit(context, { integrity: wrong }), /SHA-256 of the model/);
  await assert.rejects(visit(context, { integrity: wrong }, { route: offline }), /cannot reach/);
  // A kept file that was changed is no longer the model: it is asked for again, and checked again.
  await files(page, { at: 0.5 });
  await assert.rejects(visit(context, { integrity }, { route: offline }), /cannot reach/);
  await visit(context, { integrity });
  await files(page, { at: 0.5 });
  const forged = (route) => route.fulfill({ body: readFileSync(model).fill(1, 500, 510) });
  await assert.rejects(visit(context, { integrity }, { route: forged }), /SHA-256 of the model/);
  assert.deepEqual(await files(page), {});
  await close();
});

test('an integrity that is empty is none, whatever is kept of the address', async () => {
  const { context, close } = await site.open('blank/');
  await visit(context);
  await assert.rejects(visit(context, { integrity: '' }), /'' is no integrity/);
  await close();
});

test('where nobody answers, what was kept of the address is used and said to be unchecked; an answer is an answer', async () => {
  const { page, context, close } = await site.open('blank/');
  const { outputs } = await visit(context);
  const alone = await visit(context, {}, { route: offline });
  assert.ok(isRestored(alone) && alone.unchecked, alone.phases.join());
  assert.deepEqual(alone.outputs, outputs);
  const online = await visit(context);
  assert.ok(isRestored(online) && !online.unchecked);
  for (const status of [404, 503]) {
    await assert.rejects(visit(context, {}, { route: (route) => route.fulfill({ status }) }), new RegExp(`answered ${status}`));
  }
  await assert.rejects(visit(context, { cache: 'none' }, { route: offline }), /cannot reach/);
  await assert.rejects(visit(context, { backend: 'reference' }, { route: offline }), /cannot reach/);
  await assert.rejects(visit(context, {}, { model: 'other.onnx', route: offline }), /cannot reach/);
  await assert.rejects(visit(context, { integrity: integrityOf('another') }, { route: offline }), /cannot reach/);
  await files(page, { at: 0.5 });
  await assert.rejects(visit(context, {}, { route: offline }), /cannot reach/);
  await close();
});

test('a load that the Request of its model stops is stopped, not served with what was kept', async () => {
  const { page, context, close } = await site.open('blank/');
  await visit(context);
  const next = await context.newPage();
  await next.goto(new URL('blank/', site.url).href);
  await next.route('**/models/**', () => {});  // no answer comes
  const said = await next.evaluate(async () => {
    const { load } = await import('/index.js');
    const answers = [];
    for (const late of [false, true]) {
      const stop = new AbortController();
      if (!late) stop.abort('left');
      const loading = load(new Request('/models/model.onnx', { signal: stop.signal }), { cache: 'opfs' });
      setTimeout(() => stop.abort('left'), 300);
      answers.push(await loading.then(() => 'loaded', ({ code, cause }) => `${code} ${cause}`));
    }
    return answers;
  });
  assert.deepEqual(said, ['Cancelled left', 'Cancelled left']);
  await visit(context, {}, { route: offline });
  await close();
});

test('other options keep another file, and a restored session is watched', async () => {
  const { page, context, close } = await site.open('blank/');
  const profile = '/demo/models/handwriting.profile.json';
  await visit(context);
  await visit(context, { backend: 'reference' });
  await visit(context, { monitor: { profile } });
  assert.equal(Object.keys(await files(page)).length, 3);
  const watched = await visit(context, { monitor: { profile } });
  assert.ok(isRestored(watched), watched.phases.join());
  assert.ok(watched.monitored);
  await close();
});

test('a session that goes while its model is being kept leaves nothing behind, and clearCache() removes the rest', async () => {
  const { page, context, problems, close } = await site.open('blank/');
  await page.evaluate(async () => {
    const { load } = await import('/index.js');
    await (await load('/models/model.onnx', { cache: 'opfs' })).dispose();
  });
  const { phases } = await visit(context);
  assert.ok(phases.includes('download') || phases.includes('restore'));
  assert.equal(Object.keys(await files(page)).length, 1);
  await page.evaluate(async () => (await import('/index.js')).clearCache());
  assert.deepEqual(await files(page), {});
  await page.evaluate(async () => (await import('/index.js')).clearCache());
  assert.deepEqual(problems, []);
  await close();
});

test('bytes at hand are not kept, but load as ever', async () => {
  const { page, close } = await site.open('blank/');
  const outputs = await page.evaluate(async () => {
    const { load } = await import('/index.js');
    const blob = await (await fetch('/models/model.onnx')).blob();
    const sources = [blob, await blob.arrayBuffer(), new File([blob], 'model.onnx'), blob.stream()];
    const names = [];
    for (const source of sources) names.push((await load(source, { cache: 'opfs' })).outputs[0].name);
    return names;
  });
  assert.equal(new Set(outputs).size, 1);
  assert.deepEqual(await files(page), {});
  await close();
});
