// verifySignature(): signatures of other implementations hold, and everything that is not exactly right is refused.
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify as verifyBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { dist, insituError } from './support/insitu.mjs';
import { integrityOf, rootOf, sha256, signer, statementOf, toBytes } from '../support/signer.mjs';

const { verifySignature } = await import(new URL('index.js', dist).href);
const vector = (name) => readFileSync(new URL(`model-signing/${name}`, import.meta.url));
const refused = (pattern) => insituError('Integrity', pattern);

const ours = signer();
const files = { 'model.onnx': Buffer.from('a model'), 'notes/card.md': Buffer.from('a card') };

test('the vectors of other implementations hold, with the digests of their files', async () => {
  const key = String(vector('public.pem'));
  const [one, two] = [{ name: 'signme-1', content: 'signme-1\n' }, { name: 'signme-2', content: 'signme-2' }]
    .map(({ name, content }) => ({ name, sha256: sha256(content), integrity: integrityOf(content) }));
  for (const [name, expected] of Object.entries({
    'v0.3.1.sig': [one], 'v1.0.0.sig': [one], 'v1.0.1.sig': [one, two], 'v1.1.0.sig': [one, two], 'go.sig': [one, two],
  })) {
    assert.deepEqual(await verifySignature(vector(name), [key]), expected, name);
    await assert.rejects(verifySignature(vector(name), [signer('P-384').pem]), refused(/no key that is pinned/), name);
  }
  const folders = await verifySignature(vector('folders.sig'), [key]);
  assert.deepEqual(folders.map(({ name }) => name), ['config.json', 'subdir/adapter.bin', 'weights.bin']);
});

test('every kind of key, in every form, wherever it stands among those that are pinned', async () => {
  for (const curve of ['P-256', 'P-384', 'P-521', 'Ed25519']) {
    const { pem, jwk, sign } = signer(curve);
    const algorithm = curve === 'Ed25519' ? { name: curve } : { name: 'ECDSA', namedCurve: curve };
    const imported = await crypto.subtle.importKey('jwk', jwk, algorithm, true, ['verify']);
    const others = [signer('P-256').pem, signer(curve).jwk];
    for (const key of [pem, `\n${pem.replaceAll('\n', '\r\n')}`, jwk, imported]) {
      for (const keys of [[key], [...others, key], [key, ...others]]) {
        const [model] = await verifySignature(sign(files), keys);
        assert.deepEqual(model, { name: 'model.onnx', sha256: sha256('a model'), integrity: integrityOf('a model') });
      }
    }
    await assert.rejects(verifySignature(sign(files), others), refused(/no key that is pinned/));
  }
});

test('numbers of signatures that begin with zeros', async () => {
  for (const [curve, times] of [['P-256', 600], ['P-521', 20]]) {  // one in 128, and one in two
    const { pem, sign } = signer(curve);
    for (let i = 0; i < times; i++) await verifySignature(sign({ [i]: '' }), [pem]);
  }
});

test('a signature comes from whatever a model comes from', async () => {
  const bytes = ours.sign(files);
  const stream = () => new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 100) controller.enqueue(new Uint8Array(bytes.subarray(at, at + 100)));
      controller.close();
    },
  });
  for (const source of [bytes, new Blob([bytes]), new Response(bytes), stream(), `data:application/json;base64,${bytes.toString('base64')}`]) {
    assert.equal((await verifySignature(source, [ours.pem])).length, 2);
  }
});

test('what is no public key that is known is refused as an argument, and never passed over', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  const other = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey;
  const { key } = { key: await crypto.subtle.importKey('jwk', ours.jwk, { name: 'ECDSA', namedCurve: 'P-256' }, true, []) };
  const hmac = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign', 'verify']);
  for (const bad of [
    rsa.export({ type: 'spki', format: 'pem' }), other.export({ type: 'spki', format: 'pem' }), rsa.export({ format: 'jwk' }), '', 'key.pem', {}, null, 5,
    ours.pem.replace('M', 'N'), ours.pem.replace('PUBLIC KEY-----\n', 'PUBLIC KEY-----\n*'), { ...ours.jwk, x: 'AAAA' }, key, hmac,
  ]) {
    await assert.rejects(verifySignature(ours.sign(files), [ours.pem, bad]), insituError('InvalidArgument', /keys\[1\]/));
  }
  for (const secret of [ours.privatePem, ours.privateJwk]) {
    await assert.rejects(verifySignature(ours.sign(files), [secret]), insituError('InvalidArgument', /keys\[0\] is a private key/));
  }
  for (const keys of [[], undefined, ours.pem, new Set([ours.pem])]) {
    await assert.rejects(verifySignature(ours.sign(files), keys), insituError('InvalidArgument', /no key is pinned/));
  }
  await assert.rejects(verifySignature(undefined, [ours.pem]), insituError('InvalidArgument', /no model source/));
});

/* Each makes of a good statement one that is signed all the same. */
const statements = [
  ['another type of statement', /in-toto statement/, (it) => { it._type = 'https://in-toto.io/Statement/v0.1'; }],
  ['the predicate of version 0.2', /another predicate/, (it) => { it.predicateType = 'https://model_signing/Digests/v0.1'; }],
  ['no predicate', /no predicate/, (it) => { delete it.predicate; }],
  ['no serialization', /serializes/, (it) => { delete it.predicate.serialization; }],
  ['shards', /'shards'/, (it) => { it.predicate.serialization.method = 'shards'; }],
  ['another hash', /'blake3'/, (it) => { it.predicate.serialization.hash_type = 'blake3'; }],
  ['another hash of one file', /'notes\/card\.md' without a sha256/, (it) => { it.predicate.resources[1].algorithm = 'blake2b'; }],
  ['no files', /lists no files/, (it) => { it.predicate.resources = []; it.subject[0].digest.sha256 = rootOf([]); }],
  ['files that are no list', /lists no files/, (it) => { it.predicate.resources = { length: 1 }; }],
  ['no subject', /one subject/, (it) => { it.subject = []; }],
  ['two subjects', /one subject/, (it) => { it.subject.push(it.subject[0]); }],
  ['a subject without digest', /subject whose digest/, (it) => { delete it.subject[0].digest; }],
  ['a subject of other files', /subject whose digest/, (it) => { it.subject[0].digest.sha256 = sha256('others'); }],
  ['the files in another order', /subject whose digest/, (it) => { it.predicate.resources.reverse(); }],
  ['a digest that is too short', /without a sha256/, (it) => { it.predicate.resources[0].digest = 'ab'; }],
  ['a digest in capitals', /without a sha256/, (it) => { it.predicate.resources[0].digest = it.predicate.resources[0].digest.toUpperCase(); }],
  ['a resource that is null', /proper name/, (it) => { it.predicate.resources[0] = null; }],
  ...['', '/model.onnx', '../model.onnx', 'a/../b', './a', 'a//b', 'a/', '.', '..', 'a\0b', 5, 'x'.repeat(1_025)].map((name) =>
    [`the name ${String(name).slice(0, 12)}`, /proper name/, (it) => { it.predicate.resources[0].name = name; }]),
  ['a name twice', /a name twice/, (it) => { it.predicate.resources[1].name = 'model.onnx'; }],
];

for (const [what, pattern, change] of statements) {
  test(`refused although it is signed: ${what}`, async () => {
    const statement = statementOf(files);
    change(statement);
    await assert.rejects(verifySignature(toBytes(ours.bundle(statement)), [ours.pem]), refused(pattern));
  });
}

test('refused although it is signed: payloads that are no statement, or too long a list', async () => {
  for (const [payload, pattern] of [
    ['[]', /no JSON object/], ['null', /no JSON object/], ['{', /no JSON/], [Buffer.from([0x22, 0xff, 0x22]), /no JSON/], ['', /payload that is not base64/],
  ]) {
    await assert.rejects(verifySignature(toBytes(ours.bundle(payload)), [ours.pem]), refused(pattern));
  }
  const [before, after] = JSON.stringify(statementOf({ 'm?.onnx': '' })).split('?').map((text) => Buffer.from(text));
  const latin = ours.bundle(Buffer.concat([before, Buffer.from([0xe9]), after]));
  await assert.rejects(verifySignature(toBytes(latin), [ours.pem]), refused(/no JSON/));
  const many = statementOf(Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`${i}`, ''])));
  await assert.rejects(verifySignature(toBytes(ours.bundle(many)), [ours.pem]), refused(/more than 10000/));
  many.predicate.resources.pop();
  many.subject[0].digest.sha256 = rootOf(many.predicate.resources);
  assert.equal((await verifySignature(toBytes(ours.bundle(many)), [ours.pem])).length, 10_000);
});

const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const envelopes = [
  ['another media type', /Sigstore bundle v0\.3/, (it) => { it.mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.2'; }],
  ['a certificate', /not made with a key/, (it) => { it.verificationMaterial = { certificate: { rawBytes: '' } }; }],
  ['no verification material', /not made with a key/, (it) => { delete it.verificationMaterial; }],
  ['no envelope', /no DSSE envelope/, (it) => { delete it.dsseEnvelope; }],
  ['no signature', /one signature/, (it) => { it.dsseEnvelope.signatures = []; }],
  ['signatures that are no list', /one signature/, (it) => { delete it.dsseEnvelope.signatures; }],
  ['two signatures, both good', /one signature/, (it) => { it.dsseEnvelope.signatures.push(it.dsseEnvelope.signatures[0]); }],
  ['a signature that is null', /sig that is not base64/, (it) => { it.dsseEnvelope.signatures[0] = null; }],
  ['a sig that is a number', /sig that is not base64/, (it) => { it.dsseEnvelope.signatures[0].sig = 1; }],
  ['a blank in the base64', /sig that is not base64/, (it) => { it.dsseEnvelope.signatures[0].sig += ' '; }],
  ['base64 for addresses', /payload that is not base64/, (it) => { it.dsseEnvelope.payload = Buffer.from('>>>').toString('base64url'); }],
  ['base64 without its end', /payload that is not base64/, (it) => { it.dsseEnvelope.payload = 'QQ'; }],
  ['base64 with a lax end', /payload that is not base64/, (it) => { it.dsseEnvelope.payload = 'QR=='; }],
  ['another payload', /no key that is pinned/, (it) => {
    it.dsseEnvelope.payload = base64(JSON.stringify(statementOf({ ...files, 'model.onnx': 'another model' })));
  }],
];

for (const [what, pattern, change] of envelopes) {
  test(`refused: ${what}`, async () => {
    const bundle = ours.bundle(statementOf(files));
    change(bundle);
    await assert.rejects(verifySignature(toBytes(bundle), [ours.pem]), refused(pattern));
  });
}

test('refused although it is signed: another type of payload', async () => {
  const bundle = ours.bundle(statementOf(files), { payloadType: 'text/plain' });
  await assert.rejects(verifySignature(toBytes(bundle), [ours.pem]), refused(/payload that is not/));
  bundle.dsseEnvelope.payloadType = 'application/vnd.in-toto+json';
  await assert.rejects(verifySignature(toBytes(bundle), [ours.pem]), refused(/no key that is pinned/));
});

test('of ECDSA signatures one form alone counts', async () => {
  let bundle, der;
  do {
    bundle = ours.bundle(statementOf(files));
    der = Buffer.from(bundle.dsseEnvelope.signatures[0].sig, 'base64');
  } while (der[3] !== 33);  // a first number that is positive by a zero alone
  const numbers = [der.subarray(4, 4 + der[3]), der.subarray(6 + der[3])];
  const integer = (bytes) => Buffer.from([2, bytes.length, ...bytes]);
  const sequence = (...parts) => { const body = Buffer.concat(parts); return Buffer.from([0x30, body.length, ...body]); };
  const [r, s] = numbers.map(integer);
  const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64');
  const covered = Buffer.concat([Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${payload.length} `), payload]);
  assert.ok(verifyBytes('sha256', covered, createPublicKey(ours.pem), sequence(r, s)), 'it is taken apart rightly');
  const raw = Buffer.concat(numbers.map((number) => Buffer.concat([Buffer.alloc(32), number]).subarray(-32)));
  for (const [what, sig] of Object.entries({
    raw, 'a zero too many': sequence(integer([0, ...numbers[0]]), s), 'a third number': sequence(r, s, integer([1])), 'one number': sequence(r),
    'bytes behind it': Buffer.concat([sequence(r, s), Buffer.alloc(1)]), 'cut off': der.subarray(0, -1), 'no number': sequence(integer([]), s),
    negative: sequence(integer(numbers[0].subarray(1)), s), 'a long length': Buffer.from([0x30, 0x81, der[1], ...der.subarray(2)]),
    'no sequence': Buffer.from([0x31, ...der.subarray(1)]), 'too large a number': sequence(integer([1, ...Buffer.alloc(32)]), s), zeros: sequence(integer([0]), integer([0])),
  })) {
    bundle.dsseEnvelope.signatures[0].sig = sig.toString('base64');
    await assert.rejects(verifySignature(toBytes(bundle), [ours.pem]), refused(/no key that is pinned/), what);
  }
});

test('no byte can be changed without being noticed, but those that mean nothing', async () => {
  const bytes = ours.sign({ 'm.onnx': 'a' });
  const expected = await verifySignature(bytes, [ours.pem]);
  const meaningless = String(bytes).replace(/^.*?"publicKey":(.*?),"dsseEnvelope.*$/s, '$1');
  const begin = bytes.indexOf(meaningless);
  const held = [];
  for (let at = 0; at < bytes.length; at++) {
    for (const bit of [1, 0x10]) {
      const changed = Buffer.from(bytes);
      changed[at] ^= bit;
      try {
        assert.deepEqual(await verifySignature(changed, [ours.pem]), expected);
        held.push(at);
      } catch (thrown) {
        refused(/^the signature /)(thrown);
      }
    }
  }
  const keyid = bytes.indexOf('"keyid"');
  const strays = held.filter((at) => !(at >= begin && at < begin + meaningless.length) && !(at >= keyid && at < keyid + 8));
  assert.deepEqual(strays.map((at) => `${at}: ${bytes.subarray(at - 8, at + 8)}`), []);
  assert(held.length < 0.1 * bytes.length, `${held.length} of ${bytes.length}`);
});

test('every prefix is refused, and what is too large is not read to its end', async () => {
  const bytes = ours.sign({ m: '' });
  for (let end = 0; end < bytes.length; end++) await assert.rejects(verifySignature(bytes.subarray(0, end), [ours.pem]), refused(/JSON/));
  let given = 0, stopped = false;
  const endless = new ReadableStream({
    pull(controller) { given++; controller.enqueue(new Uint8Array(1 << 20).fill(0x20)); },
    cancel() { stopped = true; },
  });
  await assert.rejects(verifySignature(endless, [ours.pem]), refused(/larger than/));
  assert(stopped && given < 10, `${given} MiB`);
  const blanks = Buffer.concat([bytes, Buffer.alloc((4 << 20) - bytes.length, 0x20)]);
  await verifySignature(blanks, [ours.pem]);
  await assert.rejects(verifySignature(Buffer.concat([blanks, Buffer.alloc(1, 0x20)]), [ours.pem]), refused(/larger than/));
});

test('JSON that nests deeply is refused', async () => {
  const deep = Buffer.from('['.repeat(1e6));
  await assert.rejects(verifySignature(deep, [ours.pem]), refused(/no JSON/));
  await assert.rejects(verifySignature(Buffer.from(`${'['.repeat(1e6)}${']'.repeat(1e6)}`), [ours.pem]), refused(/no JSON/));
});
