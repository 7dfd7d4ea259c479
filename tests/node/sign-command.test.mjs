// insitu sign and insitu verify: from a key to a page's load(), and what is said of files that were changed meanwhile.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync, verify as verifyBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { folderOf, insitu } from './support/command-line.mjs';
import { cli, flavours, load, tensor } from './support/insitu.mjs';
import { model } from '../support/onnx-writer.mjs';
import { rootOf, sha256, signer } from '../support/signer.mjs';

const value = (name) => ({ name, dtype: 'float32', dims: [2] });
const external = (location) => Buffer.from(model({
  nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }], inputs: [value('x')], outputs: [value('y')],
  initializers: [{ ...value('w'), external: { location, offset: 0, length: 8 } }], metadata: { location: 'Berlin' },
}));
const weights = Buffer.from(Float32Array.of(3, 4).buffer);
const kLong = `${'long/'.repeat(30)}w.bin`;

const { pem, privatePem, jwk } = signer();
const keys = folderOf({ 'key.pem': privatePem, 'public.pem': pem, 'other.pem': signer().pem });
const [key, publicKey, other] = ['key.pem', 'public.pem', 'other.pem'].map((name) => join(keys, name));

const site = (location = 'w.bin') => folderOf({
  'm.onnx': external(location), [location]: weights, 'card.md': 'a card\n', 'a-b/x.json': '{}', 'a/x.json': '{}', 'other.data': 'another model\'s',
});

const bundleIn = (file) => {
  const bundle = JSON.parse(readFileSync(file, 'utf8'));
  const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64');
  return { bundle, payload, statement: JSON.parse(payload) };
};

test('the model, the external data that it names, and what is named besides are signed as the specification says', async () => {
  const folder = site();
  const { status, stdout, stderr } = await insitu('sign', join(folder, 'm.onnx'), join(folder, 'card.md'), join(folder, 'a/x.json'), join(folder, 'a-b/x.json'),
    join(folder, 'card.md'), '--key', key);
  assert.equal(status, 0, stderr);
  const names = ['a-b/x.json', 'a/x.json', 'card.md', 'm.onnx', 'w.bin'];
  for (const name of names) assert.match(stdout, new RegExp(`^${sha256(readFileSync(join(folder, name)))}  ${name}$`, 'm'));
  const { bundle, payload, statement } = bundleIn(join(folder, 'm.onnx.sig'));
  assert.deepEqual(statement.predicate.resources, names.map((name) =>
    ({ name, algorithm: 'sha256', digest: sha256(readFileSync(join(folder, name))) })));
  assert.deepEqual(statement.subject, [{ name: 'm.onnx', digest: { sha256: rootOf(statement.predicate.resources) } }]);
  assert.equal(statement._type, 'https://in-toto.io/Statement/v1');
  assert.equal(statement.predicateType, 'https://model_signing/signature/v1.0');
  assert.deepEqual(statement.predicate.serialization, {
    method: 'files', hash_type: 'sha256', allow_symlinks: false, ignore_paths: ['.git', '.gitattributes', '.github', '.gitignore', 'm.onnx.sig'],
  });
  assert.equal(bundle.mediaType, 'application/vnd.dev.sigstore.bundle.v0.3+json');
  assert.deepEqual(bundle.verificationMaterial, { publicKey: { hint: createHash('sha256').update(pem).digest('hex') }, tlogEntries: [] });
  const { payloadType, signatures } = bundle.dsseEnvelope;
  assert.equal(signatures.length, 1);
  const covered = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload]);
  assert(verifyBytes('sha256', covered, createPublicKey(pem), Buffer.from(signatures[0].sig, 'base64')));
  assert.equal(readFileSync(join(folder, 'm.onnx.sig'), 'utf8').includes(privatePem.split('\n')[1]), false);
});

test('what is no private key, and files that are not there, are said', async () => {
  const folder = site(), at = (name) => join(folder, name);
  const refused = async (pattern, status, ...args) => {
    const ended = await insitu('sign', ...args);
    assert.match(ended.stderr, pattern);
    assert.equal(ended.status, status);
  };
  await refused(/public\.pem is a public key\n {2}Pass the private key/, 1, at('m.onnx'), '--key', publicKey);
  await refused(/there is no file \S+nope\.md\n {2}Check the path/, 1, at('m.onnx'), at('nope.md'), '--key', key);
  rmSync(at('w.bin'));
  await refused(/there is no file \S+w\.bin\n {2}The model names it/, 1, at('m.onnx'), '--key', key);
  await refused(/is an address, and this takes a file/, 2, 'http://localhost:9/m.onnx', '--key', key);
});

test('what was signed loads with the pinned key', async () => {
  for (const location of ['w.bin', kLong]) {
    const folder = site(location);
    const { status, stderr } = await insitu('sign', join(folder, 'm.onnx'), '--key', key, '-o', join(folder, 'a.sig'));
    assert.equal(status, 0, stderr);
    const options = { flavour: flavours[0], trust: { signature: join(folder, 'a.sig'), keys: [jwk] } };
    const session = await load(join(folder, 'm.onnx'), { ...options, externalData: { [location]: join(folder, location) } });
    assert.deepEqual([...(await session.run({ x: tensor([1, 1], [2]) })).y.data], [4, 5]);
    await session.dispose();
  }
});

test('verify says of each file what has become of it', async () => {
  const folder = site();
  const at = (name) => join(folder, name);
  const run = (...args) => insitu('verify', at('m.onnx.sig'), '--key', publicKey, ...args);
  await insitu('sign', at('m.onnx'), at('card.md'), at('a/x.json'), '--key', key);
  const first = await run();
  assert.equal(first.status, 1);
  assert.equal(first.stdout, ['holds       a/x.json', 'holds       card.md', 'holds       m.onnx', 'holds       w.bin',
    'not listed  a-b/x.json', 'not listed  other.data', '2 of 6 files do not hold', ''].join('\n'));
  const signedOnly = await run('--ignore-unsigned-files');
  assert.equal(signedOnly.status, 0);
  assert.match(signedOnly.stdout, /^4 of 4 files hold$/m);
  rmSync(at('other.data'));
  rmSync(at('a-b'), { recursive: true });
  mkdirSync(at('.git'));
  writeFileSync(at('.git/config'), '');
  assert.deepEqual([(await run()).status, (await run(folder)).status], [0, 0]);
  appendFileSync(at('card.md'), ' ');
  rmSync(at('a/x.json'));
  rmSync(at('w.bin'));
  writeFileSync(at('w'), weights);
  symlinkSync(at('w'), at('w.bin'));
  const { status, stdout } = await run('--json', '-', '--ignore-unsigned-files');
  assert.equal(status, 1);
  assert.deepEqual(JSON.parse(stdout).files, [{ name: 'a/x.json', state: 'missing' }, { name: 'card.md', state: 'changed' },
    { name: 'm.onnx', state: 'holds' }, { name: 'w.bin', state: 'changed' }]);
});

test('a signature that does not hold is an error, whoever else signed', async () => {
  const folder = site();
  const at = (name) => join(folder, name);
  await insitu('sign', at('m.onnx'), '--key', key);
  const wrong = await insitu('verify', at('m.onnx.sig'), '--key', other, folder);
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /^Integrity: the signature was made by no key that is pinned/);
  assert.equal(wrong.stdout, '');
  const both = await insitu('verify', at('m.onnx.sig'), '--key', other, '--key', publicKey, '--ignore-unsigned-files');
  assert.equal(both.status, 0, both.stderr);
  const secret = await insitu('verify', at('m.onnx.sig'), '--key', key);
  assert.match(secret.stderr, /^InvalidArgument: keys\[0\] is a private key/);
});

test('bundles of the reference implementation are verified with their files', async () => {
  const key = new URL('model-signing/public.pem', import.meta.url);
  const vector = (name) => readFileSync(new URL(`model-signing/${name}`, import.meta.url));
  // Version 1.0.1 did not yet write down what is left out.
  for (const [name, more] of [['v1.0.1.sig', {}], ['v1.1.0.sig', { 'ignore-me': '' }]]) {
    const folder = folderOf({ 'model.sig': vector(name), 'signme-1': 'signme-1\n', 'signme-2': 'signme-2', '.gitignore': '', '.git/config': '', ...more });
    const { status, stdout } = await insitu('verify', join(folder, 'model.sig'), '--key', fileURLToPath(key));
    assert.equal(status, 0, stdout);
    assert.equal(stdout, 'holds  signme-1\nholds  signme-2\n2 of 2 files hold\n');
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub', '.gitignore'), '');
    const below = await insitu('verify', join(folder, 'model.sig'), '--key', fileURLToPath(key));
    assert.deepEqual([below.status, /^not listed {2}sub\/\.gitignore$/m.test(below.stdout)], [1, true]);
  }
});

test('keys of every kind, and from standard input', async () => {
  const folder = site();
  const at = (name) => join(folder, name);
  for (const curve of ['P-384', 'P-521', 'Ed25519']) {
    const { pem, privatePem } = signer(curve);
    const input = (text, ...args) => spawnSync(process.execPath, [cli, ...args, '--key', '-'], { input: text, encoding: 'utf8' });
    assert.equal(input(privatePem, 'sign', at('m.onnx')).status, 0);
    assert.equal(input(pem, 'verify', at('m.onnx.sig'), '--ignore-unsigned-files').status, 0);
  }
});

test('what cannot be signed is refused, and nothing is written', async () => {
  const folder = site();
  const at = (name) => join(folder, name);
  symlinkSync(at('card.md'), at('link.md'));
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  const locked = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
  writeFileSync(join(keys, 'rsa.pem'), rsa);
  writeFileSync(join(keys, 'locked.pem'), locked);
  for (const [args, status, pattern] of [
    [[], 2, /pass a MODEL/], [[at('m.onnx')], 2, /--key KEY\.pem/], [[at('m.onnx'), '--key', publicKey], 1, /public\.pem is a public key/],
    [[at('m.onnx'), '--key', join(keys, 'rsa.pem')], 1, /another kind: rsa/], [[at('m.onnx'), '--key', join(keys, 'locked.pem')], 1, /encrypted[^]*openssl pkey/],
    [[at('m.onnx'), '--key', at('none.pem')], 1, /cannot read .*none\.pem/], [[at('none.onnx'), '--key', key], 1, /none\.onnx/],
    [[at('m.onnx'), key, '--key', key], 1, /not in the folder of the model/], [[at('m.onnx'), at('a'), '--key', key], 1, /a folder or a link/],
    [[at('m.onnx'), at('link.md'), '--key', key], 1, /a folder or a link/], [[at('m.onnx'), at('none.md'), '--key', key], 1, /there is no file .*none\.md/],
    [[at('m.onnx'), '--key', key, '-o', join(folder, 'no', 'a.sig')], 1, /there is no folder/], [[at('m.onnx'), '--key', at('card.md')], 1, /no private key in PEM/],
  ]) {
    const got = await insitu('sign', ...args);
    assert.equal(got.status, status, got.stderr);
    assert.match(got.stderr, pattern);
  }
  rmSync(at('w.bin'));
  assert.match((await insitu('sign', at('m.onnx'), '--key', key)).stderr, /there is no file .*w\.bin/);
  assert(!existsSync(at('m.onnx.sig')));
  for (const [args, status, pattern] of [
    [[], 2, /pass one SIGNATURE/], [[at('m.onnx')], 2, /--key PUBLIC\.pem/], [[at('none.sig'), '--key', publicKey], 1, /none\.sig/],
    [[at('m.onnx'), at('card.md'), '--key', publicKey], 1, /card\.md is no folder/], [[at('m.onnx'), '--key', publicKey], 1, /Integrity: the signature is no JSON/],
  ]) {
    const got = await insitu('verify', ...args);
    assert.equal(got.status, status, got.stderr);
    assert.match(got.stderr, pattern);
  }
});

test('a signature that is written again does not cover itself', async () => {
  const folder = site();
  const at = (name) => join(folder, name);
  for (let i = 0; i < 2; i++) {
    assert.equal((await insitu('sign', at('m.onnx'), '--key', key, '-o', at('s.sig'))).status, 0);
    assert.deepEqual(bundleIn(at('s.sig')).statement.predicate.resources.map(({ name }) => name), ['m.onnx', 'w.bin']);
  }
});

test('a signature is written over nothing that is signed, nor over the key', async () => {
  const folder = site();
  const at = (name) => join(folder, name);
  writeFileSync(at('key.pem'), privatePem);
  symlinkSync(at('m.onnx'), at('link.onnx'));
  linkSync(at('card.md'), at('hard.md'));
  const contents = () => readdirSync(folder).filter((name) => /\./.test(name)).map((name) => [name, readFileSync(at(name), 'utf8')]);
  const before = contents();
  for (const [args, pattern] of [
    [['-o', at('m.onnx')], /^-o names MODEL itself/], [['-o', at('link.onnx')], /^-o names MODEL itself/], [['-o', at('a/../m.onnx')], /^-o names MODEL itself/],
    [['-o', at('key.pem')], /^-o names the key itself/], [['-o', at('w.bin')], /^-o names .*w\.bin, which is to be signed, itself/],
    [[at('card.md'), '-o', at('card.md')], /^-o names .*card\.md, which is to be signed, itself/], [[at('card.md'), '-o', at('hard.md')], /^-o names .*card\.md/],
    [['--json', at('m.onnx')], /^--json names MODEL itself/], [['--json', at('key.pem')], /^--json names the key itself/],
    [['--json', at('m.onnx.sig')], /^--json names the file of -o itself/],
  ]) {
    const { status, stdout, stderr } = await insitu('sign', at('m.onnx'), ...args, '--key', at('key.pem'));
    assert.deepEqual([status, stdout], [2, ''], stderr);
    assert.match(stderr, pattern);
    assert.deepEqual(contents(), before);
  }
  assert.equal((await insitu('sign', at('m.onnx'), '--key', at('key.pem'))).status, 0);
  for (const [named, what] of [[at('m.onnx.sig'), 'SIGNATURE'], [publicKey, 'the file of --key'], [at('m.onnx'), 'm.onnx, which is signed,'], [at('w.bin'), 'w.bin, which is signed,']]) {
    const { status, stderr } = await insitu('verify', at('m.onnx.sig'), '--key', publicKey, '--json', named);
    assert.deepEqual([status, stderr.split(' itself')[0]], [2, `--json names ${what}`]);
  }
});
