// insitu/registry in a real Chromium: load, swap, canary and rollback by a models.json on a server, and a channel that is followed.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { insitu } from '../node/support/command-line.mjs';
import { shiftModel } from '../support/onnx-writer.mjs';
import { signer } from '../support/signer.mjs';
import { start } from './support.mjs';

const folder = mkdtempSync(join(tmpdir(), 'insitu-registry-'));
const at = (name) => join(folder, name);
const { pem, sign } = signer();
/* What the server was asked: method, path, and whether the browser named an ETag. */
const asked = [];
let site, server, address;

const registry = async (...args) => {
  const { status, stderr } = await insitu('registry', ...args, '--registry', at('models.json'));
  assert.equal(status, 0, stderr);
};

/* Models from another origin, with ETags. */
function answer(request, response) {
  const name = request.url.slice(1);
  const known = request.headers['if-none-match'];
  asked.push([request.method, name, known !== undefined]);
  response.setHeader('access-control-allow-origin', '*');
  try {
    const bytes = readFileSync(at(name));
    const etag = `"${Buffer.from(bytes).toString('base64').length}-${bytes.at(-1)}-${bytes.reduce((sum, byte) => (sum * 31 + byte) >>> 0, 7)}"`;
    response.writeHead(known === etag ? 304 : 200, { etag, 'cache-control': 'no-cache' }).end(known === etag ? undefined : bytes);
  } catch {
    response.writeHead(404).end();
  }
}

before(async () => {
  const models = Object.fromEntries([1, 2, 3].map((by) => [`${by}.onnx`, Buffer.from(shiftModel(by))]));
  for (const [name, bytes] of Object.entries({ ...models, 'all.sig': sign(models) })) writeFileSync(at(name), bytes);
  for (const by of [1, 2, 3]) {
    const parents = by > 1 ? ['--parent', `${by - 1}.0.0=fine-tuned`] : [];
    await registry('add', at(`${by}.onnx`), '--name', 'shift', '--version', `${by}.0.0`, '--signature', at('all.sig'), ...parents);
  }
  await registry('promote', 'shift', '1.0.0');
  await registry('promote', 'shift', '2.0.0', '--channel', 'canary');
  server = createServer(answer);
  await new Promise((listening) => server.listen(0, 'localhost', listening));
  address = `http://localhost:${server.address().port}/models.json`;
  site = await start();
});
after(async () => {
  await site.close();
  server.close();
  rmSync(folder, { recursive: true });
});

test('load, canary, promotion, the way back, and a channel that is followed', async () => {
  const { page, problems, close } = await site.open('blank/');
  await page.evaluate(async ([address, pem]) => {
    const { load, tensor } = await import('/index.js');
    const { followChannel, openRegistry } = await import('/registry.js');
    const registry = await openRegistry(address, { keys: [pem] });
    const stable = await registry.version('shift');
    const session = await load(stable.url, stable.options);
    const shift = async (options) => (await session.run({ x: tensor([1, 2, 3, 4], [1, 4]) }, options)).y.data[0] - 1;
    const follower = followChannel(session, stable, { every: 1e9 });
    const seen = [];
    follower.addEventListener('swap', ({ detail: { previous, next, rolledBack } }) => seen.push([previous.version, next.version, rolledBack]));
    follower.addEventListener('failure', ({ detail }) => seen.push(detail.code));
    Object.assign(globalThis, { registry, session, shift, follower, seen });
  }, [address, pem]);
  assert.equal(await page.evaluate(() => shift()), 1);

  const canary = await page.evaluate(async () => {
    const next = await registry.version('shift', 'canary');
    const canary = await session.canary(next.url, { ...next.options, share: 1 });
    const tried = await shift({ key: 'a' });
    await canary.rollback();
    return [next.version, tried, await shift({ key: 'a' })];
  });
  assert.deepEqual(canary, ['2.0.0', 2, 1]);

  asked.length = 0;
  assert.equal(await page.evaluate(() => follower.check()), false);
  assert.deepEqual(asked, [['GET', 'models.json', true]], 'asks once, by its ETag, without a preflight');

  await registry('promote', 'shift', '2.0.0');
  assert.deepEqual(await page.evaluate(async () => [await follower.check(), await shift()]), [true, 2]);
  await registry('promote', 'shift', '3.0.0');
  const good = readFileSync(at('3.onnx'));
  writeFileSync(at('3.onnx'), Buffer.from(good).fill(1, 90, 91));
  assert.deepEqual(await page.evaluate(async () => [await follower.check(), await shift()]), [false, 2]);
  writeFileSync(at('3.onnx'), good);
  assert.deepEqual(await page.evaluate(async () => [await follower.check(), await shift()]), [true, 3]);
  await registry('rollback', 'shift');
  assert.deepEqual(await page.evaluate(async () => [await follower.check(), await shift()]), [true, 2]);
  assert.deepEqual(await page.evaluate(() => seen), [['1.0.0', '2.0.0', false], 'Integrity', ['2.0.0', '3.0.0', false], ['3.0.0', '2.0.0', true]]);

  const back = await page.evaluate(async () => {
    const { url, options, version } = await registry.previous('shift');
    await session.swap(url, options);
    return [version, await shift()];
  });
  assert.deepEqual(back, ['1.0.0', 1]);
  assert.deepEqual(problems, []);
  await close();
});

test('what the pinned key has not signed is refused with an error of the one class, and the session goes on', async () => {
  const { page, problems, close } = await site.open('blank/');
  const result = await page.evaluate(async ([address, pem, strange]) => {
    const { InsituError, load, tensor } = await import('/index.js');
    const { openRegistry } = await import('/registry.js');
    const stable = await (await openRegistry(address, { keys: [pem] })).version('shift', '1.0.0');
    const session = await load(stable.url, stable.options);
    const { url, options } = await (await openRegistry(address, { keys: [strange] })).version('shift', '3.0.0');
    const refused = await session.swap(url, options).catch((thrown) => thrown);
    const { y } = await session.run({ x: tensor([1, 2, 3, 4], [1, 4]) });
    return [refused instanceof InsituError, refused.code, y.data[0]];
  }, [address, pem, signer().pem]);
  assert.deepEqual(result, [true, 'Integrity', 2]);
  assert.deepEqual(problems, []);
  await close();
});
