// Signed models in a real Chromium: a page with a pinned key loads what was signed, and nothing that was changed on the way.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { signer } from '../support/signer.mjs';
import { isRestored, offline, visit } from './kept-visits.mjs';
import { dist, start } from './support.mjs';

const files = {
  'model.onnx': readFileSync(`${dist}demo/models/handwriting.int8.onnx`),
  'model.profile.json': readFileSync(`${dist}demo/models/handwriting.profile.json`),
  'card.md': Buffer.from('# What it is for\n'),
};
const ours = signer();

function changed(bytes, at) {
  const copy = Buffer.from(bytes);
  copy[at] ^= 1;
  return copy;
}

const folder = mkdtempSync(join(tmpdir(), 'insitu-trust-'));
const newer = { ...files, 'model.onnx': changed(files['model.onnx'], 5) };
const signatures = { 'same.sig': ours.sign(files), 'newer.sig': ours.sign(newer), 'others.sig': signer().sign(files) };

let site;
before(async () => {
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  writeFileSync(join(folder, 'model.sig'), ours.sign(files));
  mkdirSync(join(folder, 'signatures'));
  for (const [name, bytes] of Object.entries(signatures)) writeFileSync(join(folder, 'signatures', name), bytes);
  const mounts = new Map([['/models/', folder], ['/signatures/', join(folder, 'signatures')]]);
  site = await start({ csp: true, flags: ['--host-resolver-rules=MAP insecure.test 127.0.0.1'], mounts });
});
after(async () => {
  await site.close();
  rmSync(folder, { recursive: true });
});

/* What load() does in the page: the first output's name, or the error's code and message. */
const tryLoad = (page, options = {}) => page.evaluate(async ({ keys, monitor = {} }) => {
  const { load } = await import('/index.js');
  try {
    const session = await load('/models/model.onnx', { trust: { signature: '/models/model.sig', keys }, monitor });
    const [{ name }] = session.outputs;
    await session.dispose();
    return name;
  } catch ({ code, message }) {
    return `${code}: ${message}`;
  }
}, { keys: [ours.pem], ...options });

test('a signed model loads with the key that is pinned, and with no other', async () => {
  const { page, problems, foreign, close } = await site.open('blank/');
  for (const keys of [[ours.pem], [ours.jwk], [signer('P-384').pem, ours.pem]]) assert.equal(await tryLoad(page, { keys }), 'probabilities');
  assert.match(await tryLoad(page, { keys: [signer().pem] }), /^Integrity: the signature was made by no key that is pinned/);
  assert.equal(await tryLoad(page, { monitor: { profile: '/models/model.profile.json' } }), 'probabilities');
  assert.match(await tryLoad(page, { monitor: { profile: '/demo/models/handwriting.profile.json' } }), /^Integrity: the profile, 'handwriting/);
  assert.deepEqual([problems, foreign], [[], []]);
  await close();
});

test('one byte of the model, the signature or the profile that is changed on the way is refused', async () => {
  const { page, close } = await site.open('blank/');
  const signature = readFileSync(join(folder, 'model.sig'));
  const envelope = signature.indexOf('dsseEnvelope');
  for (const [name, bytes, at, pattern] of [
    ...[0, 1_000, files['model.onnx'].length - 1].map((at) => ['model.onnx', files['model.onnx'], at, /SHA-256 of the model/]),
    ...[0, 20, envelope + 40, envelope + 400, signature.length - 40, signature.length - 1].map((at) => ['model.sig', signature, at, /the signature/]),
    ['model.profile.json', files['model.profile.json'], 100, /SHA-256 of 'model\.profile\.json'/],
  ]) {
    await page.route(`**/${name}`, (route) => route.fulfill({ body: changed(bytes, at) }));
    const said = await tryLoad(page, { monitor: { profile: '/models/model.profile.json' } });
    assert.match(said, /^Integrity: /, `${name} at ${at}`);
    assert.match(said, pattern);
    await page.unroute(`**/${name}`);
  }
  assert.equal(await tryLoad(page, { monitor: { profile: '/models/model.profile.json' } }), 'probabilities');
  await close();
});

test('verifySignature() gives digests that fetch() checks', async () => {
  const { page, close } = await site.open('blank/');
  const read = () => page.evaluate(async (key) => {
    const { verifySignature } = await import('/index.js');
    const { integrity } = (await verifySignature('/models/model.sig', [key])).find(({ name }) => name === 'card.md');
    return fetch('/models/card.md', { integrity }).then((answer) => answer.text(), ({ name }) => name);
  }, ours.pem);
  assert.equal(await read(), '# What it is for\n');
  await page.route('**/card.md', (route) => route.fulfill({ body: 'another card' }));
  assert.equal(await read(), 'TypeError');
  await close();
});

test('a model that was kept is restored only under a signature of the same model', async () => {
  const { context, close } = await site.open('blank/');
  const asking = (name) => ({ trust: { signature: `/signatures/${name}`, keys: [ours.pem] } });
  const { outputs } = await visit(site, context, { trust: { signature: '/models/model.sig', keys: [ours.pem] } });
  const again = await visit(site, context, asking('same.sig'), { route: offline });
  assert.ok(isRestored(again), again.phases.join());
  assert.deepEqual(again.outputs, outputs);
  await assert.rejects(visit(site, context, asking('newer.sig')), /SHA-256 of the model/);
  await assert.rejects(visit(site, context, asking('newer.sig'), { route: offline }), /cannot reach/);
  await assert.rejects(visit(site, context, asking('others.sig'), { route: offline }), /no key that is pinned/);
  await close();
});

test('Ed25519, where the browser has it', async () => {
  const { page, close } = await site.open('blank/');
  const { pem, sign } = signer('Ed25519');
  const [said, has] = await page.evaluate(async ([key, text]) => {
    const { verifySignature } = await import('/index.js');
    const has = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']).then(() => true, () => false);
    return [await verifySignature(new Blob([text]), [key]).then((files) => files.length, ({ code, message }) => `${code}: ${message}`), has];
  }, [pem, String(sign(files))]);
  if (has) assert.equal(said, 3);
  else assert.match(String(said), /^InvalidArgument: keys\[0\] is Ed25519, which this browser does not verify/);
  await close();
});

test('a page that is not served securely has no WebCrypto, and is told so', async () => {
  const { page, close } = await site.open('blank/');
  await page.goto(new URL('/blank/', site.url).href.replace(/\/\/[^:/]+/, '//insecure.test'));
  assert.equal(await page.evaluate(() => isSecureContext), false);
  assert.match(await tryLoad(page), /^InvalidArgument: there is no WebCrypto.*https/);
  await close();
});
