// Encrypted models in Node: what `insitu encrypt` writes is what the document says, loads as the plain model, and whatever is
// done to it is refused before anything is parsed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes, webcrypto } from 'node:crypto';
import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { encrypted, header, headerBytes, tagBytes, tamperings } from '../support/encrypted.mjs';
import { model as onnx } from '../support/onnx-writer.mjs';
import { folderOf } from './support/command-line.mjs';
import { cli, Engine, flavours, insituError, load, tensor } from './support/insitu.mjs';

const folder = mkdtempSync(join(tmpdir(), 'insitu-encryption-'));
const plain = readFileSync(new URL('../../models/handwriting/handwriting_int8.onnx', import.meta.url));
const key = randomBytes(32);
const shardBytes = 4096;
const file = encrypted(plain, key, { shardBytes });
const integrityOf = (bytes) => `sha256-${createHash('sha256').update(bytes).digest('base64')}`;
const image = tensor(Float32Array.from({ length: 784 }, (_, i) => (i % 100) / 100), [1, 1, 28, 28]);

let engine, expected;
before(async () => {
  engine = await Engine.create({ flavour: flavours[0] });
  expected = await outputsOf(plain);
});
after(async () => {
  await engine.dispose();
  rmSync(folder, { recursive: true });
});

async function outputsOf(source, options = {}, on = engine) {
  const session = await on.load(source, options);
  const outputs = await session.run({ image });
  await session.dispose();
  return outputs;
}

function insitu(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

/* Refused with that code, before the engine has parsed anything and without anything left in its memory. */
async function refused(source, options, code, pattern) {
  const phases = [];
  const { bufferBytes } = await engine.memory();
  const onProgress = ({ phase }) => phases.push(phase);
  await assert.rejects(engine.load(source, { ...options, onProgress }), insituError(code, pattern));
  assert(phases.every((phase) => phase === 'download'), phases.join());
  assert.equal((await engine.memory()).bufferBytes, bufferBytes);
}

test('an encrypted model gives the same as the plain one, wherever it comes from and however the key is given', async () => {
  const path = join(folder, 'model.onnx.enc');
  writeFileSync(path, file);
  const held = await webcrypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']);
  const pieces = (length) => new ReadableStream({
    start(controller) {
      for (let at = 0; at < file.length; at += length) controller.enqueue(new Uint8Array(file.subarray(at, at + length)));
      controller.close();
    },
  });
  const sources = [path, file, new Uint8Array(file).buffer, new Blob([file]), new Response(file), pieces(1), pieces(1000), pieces(file.length)];
  for (const source of sources) assert.deepEqual(await outputsOf(source, { encryption: { key: held } }), expected);
  assert.deepEqual(await outputsOf(file, { encryption: { key } }), expected);
  assert.deepEqual(await outputsOf(file, { encryption: { key: new Uint8Array(key) }, integrity: integrityOf(plain) }), expected);
  const worker = await Engine.create({ flavour: flavours[0], worker: true });
  assert.deepEqual(await outputsOf(path, { encryption: { key } }, worker), expected);
  await worker.dispose();
});

test('inspect() reads it, too', async () => {
  assert.deepEqual(await engine.inspect(file, { encryption: { key } }), await engine.inspect(plain));
  await assert.rejects(engine.inspect(file, { encryption: { key: randomBytes(32) } }), insituError('Integrity', /shard 1 of 14 .* does not decrypt/));
});

test('a key that is overwritten once it was given is the one that was given', async () => {
  const { signer } = await import('../support/signer.mjs');
  const { pem, sign } = signer();
  const trust = { signature: sign({ 'a.onnx': plain }), keys: [pem], name: 'a.onnx' };
  const overwritten = async (work, bytes) => {
    const result = work({ encryption: { key: bytes } });
    bytes.fill(0);
    return result;
  };
  for (const make of [() => new Uint8Array(key), () => Buffer.from(key)]) {
    for (const open of [(options) => engine.load(file, options), (options) => engine.load(file, { ...options, trust }), (options) => load(file, { ...options, flavour: flavours[0] })]) {
      const session = await overwritten(open, make());
      assert.deepEqual(await session.run({ image }), expected);
      await session.dispose();
    }
    assert.equal((await overwritten((options) => engine.inspect(file, options), make())).inputs[0].name, 'image');
  }
});

test('progress counts the bytes of the model', async () => {
  const seen = [];
  await outputsOf(file, { encryption: { key }, onProgress: ({ phase, loaded, total }) => phase === 'download' && seen.push([loaded, total]) });
  assert.equal(seen.length, 15);
  assert.deepEqual(seen.at(-1), [plain.length, plain.length]);
});

test('another key, and whatever is done to the file, is refused before anything is parsed', async () => {
  await refused(file, { encryption: { key: randomBytes(32) } }, 'Integrity', /^shard 1 of 14 of the model does not decrypt\. The key is another one/);
  const other = encrypted(plain, key, { shardBytes });
  const list = tamperings(file, other, shardBytes);
  assert(list.length > 300, String(list.length));
  for (const [what, bytes] of list) await refused(bytes, { encryption: { key } }, 'Integrity').catch((thrown) => assert.fail(`${what}: ${thrown.message}`));
  // The engine is as good as before.
  assert.deepEqual(await outputsOf(file, { encryption: { key } }), expected);
});

test('errors say which shard and what happened to it', async () => {
  const sealed = shardBytes + tagBytes;
  const options = { encryption: { key } };
  await refused(plain, options, 'Integrity', /is not encrypted as insitu does it/);
  await refused(file.subarray(0, headerBytes + 2 * sealed), options, 'Integrity', /ends in shard 3 of 14/);
  await refused(Buffer.concat([file, Buffer.of(1)]), options, 'Integrity', /goes on after its last shard/);
  const damaged = Buffer.from(file);
  damaged[headerBytes + 2 * sealed + 1] ^= 1;
  await refused(damaged, options, 'Integrity', /shard 3 of 14 of the model does not decrypt/);
  await assert.rejects(engine.load(file), insituError('InvalidModel'));
});

test('headers that lie take no memory', async () => {
  const most = 16 << 20;
  for (const says of [
    { shardBytes: 2 ** 32 - 1, total: 2 ** 40 }, { shardBytes: 1023, total: 5000 }, { shardBytes: 4096, total: 2 ** 40 },
    { shardBytes: 4096, total: plain.length, shards: 13 }, { shardBytes: 4096, total: 0, shards: 0 }, { shardBytes: most, total: Number.MAX_SAFE_INTEGER },
  ]) await refused(Buffer.concat([header(says), file.subarray(headerBytes)]), { encryption: { key } }, 'Integrity', /the header of the model is wrong/);
  // One that contradicts nothing, in front of a stream without an end: as much is read as one shard may have.
  let given = 0, cancelled = false;
  const endless = new ReadableStream({
    cancel() { cancelled = true; },
    pull(controller) {
      const chunk = given === 0 ? header({ shardBytes: most, total: most * 65_536 }) : new Uint8Array(1 << 20);
      given += chunk.length;
      controller.enqueue(new Uint8Array(chunk));
    },
  });
  const { heapBytes } = await engine.memory();
  await refused(endless, { encryption: { key } }, 'Integrity', /shard 1 of 65536 of the model does not decrypt/);
  assert(cancelled && given <= most + (3 << 20), String(given));
  assert.equal((await engine.memory()).heapBytes, heapBytes);
});

test('a header that lies is refused even where who wrote it had the key', async () => {
  const shorter = encrypted(plain, key, { says: { total: plain.length - 4096 } });
  const longer = encrypted(plain, key, { says: { total: plain.length + 4096 } });
  const other = encrypted(plain, key, { says: { total: plain.length - 1 } });
  for (const lie of [shorter, longer, other]) await refused(lie, { encryption: { key } }, 'Integrity');
});

test('external data is encrypted file by file, and none may be plain', async () => {
  const weights = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);
  const float = (name, dims) => ({ name, dtype: 'float32', dims });
  const withData = Buffer.from(onnx({
    nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }], inputs: [float('x', [4])], outputs: [float('y', [4])],
    initializers: [{ ...float('w', [4]), external: { location: 'w.data', length: 16 } }],
  }));
  const sealed = { model: encrypted(withData, key), weights: encrypted(weights, key) };
  const load = (model, data, more = {}) => engine.load(model, { externalData: { 'w.data': data }, encryption: { key }, ...more });
  const session = await load(sealed.model, sealed.weights, { externalIntegrity: { 'w.data': integrityOf(weights) } });
  const { y } = await session.run({ x: tensor(Float32Array.of(1, 1, 1, 1)) });
  assert.deepEqual([...y.data], [2, 3, 4, 5]);
  await session.dispose();
  await assert.rejects(load(sealed.model, weights), insituError('Integrity', /'w\.data' is not encrypted/));
  await assert.rejects(load(withData, sealed.weights), insituError('Integrity', /the model is not encrypted/));
  await assert.rejects(load(sealed.model, encrypted(weights, randomBytes(32))), insituError('Integrity', /shard 1 of 1 of 'w\.data' does not decrypt/));
  // Files of the same key in each other's place are files of that key: digests tell them apart.
  const exchanged = encrypted(Buffer.from(Float32Array.of(4, 3, 2, 1).buffer), key);
  await (await load(sealed.model, exchanged)).dispose();
  await assert.rejects(load(sealed.model, exchanged, { externalIntegrity: { 'w.data': integrityOf(weights) } }), insituError('Integrity', /SHA-256 of 'w\.data'/));
});

test('digests are of the model, not of its ciphertext', async () => {
  const encryption = { key };
  await assert.rejects(engine.load(file, { encryption, integrity: integrityOf(file) }), insituError('Integrity', /SHA-256 of the model/));
  assert.deepEqual(await outputsOf(encrypted(plain, key), { encryption, integrity: integrityOf(plain) }), expected);
});

test('what is no key, and a cache, is refused', async () => {
  const { subtle } = webcrypto;
  const keys = [
    undefined, null, 'secret', 7, {}, new Uint8Array(31), new Uint8Array(16), new ArrayBuffer(32), key.toString('hex'),
    await subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt']), await subtle.importKey('raw', key.subarray(16), 'AES-GCM', false, ['decrypt']),
    await subtle.importKey('raw', key, 'AES-CTR', false, ['decrypt']),
  ];
  for (const wrong of keys) await refused(file, { encryption: { key: wrong } }, 'InvalidArgument', /encryption\.key/);
  for (const encryption of [null, false, true, 'secret']) await refused(file, { encryption }, 'InvalidArgument', /^encryption\.key is no key/);
  await refused(file, { encryption: key }, 'InvalidArgument', /^encryption is no plain object\. Pass a plain object: what is inherited does not count\.$/);
  await refused(file, { encryption: { key }, cache: 'opfs' }, 'InvalidArgument', /cache: 'opfs' does not go with `encryption`: .*in the clear/);
  await assert.rejects(engine.inspect(file, { encryption: { key: 'secret' } }), insituError('InvalidArgument'));
});

test('an abort ends it, and swap() takes an encrypted model', async () => {
  const controller = new AbortController();
  const onProgress = ({ loaded }) => loaded > 0 && controller.abort();
  await assert.rejects(engine.load(file, { encryption: { key }, signal: controller.signal, onProgress }), insituError('Cancelled'));
  const session = await engine.load(plain);
  await assert.rejects(session.swap(file), insituError('InvalidModel'));
  await session.swap(file, { encryption: { key } });
  assert.deepEqual(await session.run({ image }), expected);
  await session.dispose();
});

test('insitu encrypt writes what the document says, and inspect reads it', async () => {
  const model = join(folder, 'digits.onnx');
  writeFileSync(model, plain);
  const forms = { raw: key, hex: `${key.toString('hex')}\n`, base64: key.toString('base64'), url: `${key.toString('base64url')}\r\n` };
  for (const [form, text] of Object.entries(forms)) {
    const keyFile = join(folder, `${form}.key`), output = join(folder, `${form}.enc`);
    writeFileSync(keyFile, text);
    const { status, stdout, stderr } = insitu('encrypt', model, '--key-file', keyFile, '-o', output, '--shard-bytes', '4096', '--json', '-');
    assert.equal(status, 0, stderr);
    const made = readFileSync(output);
    assert.deepEqual(JSON.parse(stdout), { output, bytes: made.length, shards: 14, shardBytes: 4096, integrity: integrityOf(plain) });
    // Byte for byte what the prefix decides.
    assert.deepEqual(made, encrypted(plain, key, { says: { prefix: made.subarray(24, headerBytes) } }));
    assert.deepEqual(await outputsOf(output, { encryption: { key } }), expected);
  }
  assert.notDeepEqual(readFileSync(join(folder, 'raw.enc')).subarray(24, 33), readFileSync(join(folder, 'hex.enc')).subarray(24, 33));
  const keyFile = join(folder, 'raw.key');
  const { stdout } = insitu('encrypt', model, '--key-file', keyFile);
  assert.match(stdout, /digits\.onnx\.enc: 55,795 bytes, 1 shard\nintegrity of the model: sha256-/);
  const report = insitu('inspect', `${model}.enc`, '--key-file', keyFile);
  assert.equal(report.status, 0, report.stderr);
  assert.match(report.stdout, /input {2}'image'/);
  for (const size of [0, 1, 1023, 1024, 1025, 2048]) {
    const [odd, output] = [join(folder, 'odd'), join(folder, 'odd.enc')];
    writeFileSync(odd, plain.subarray(0, size));
    assert.equal(insitu('encrypt', odd, '--key-file', keyFile, '--shard-bytes', '1024').status, 0);
    const made = readFileSync(output);
    assert.deepEqual(made, encrypted(plain.subarray(0, size), key, { shardBytes: 1024, says: { prefix: made.subarray(24, headerBytes) } }));
  }
});

test('insitu encrypt says what is wrong and leaves nothing half written', () => {
  const model = join(folder, 'digits.onnx'), keyFile = join(folder, 'raw.key');
  const before = readdirSync(folder).sort();
  const wrong = (status, pattern, ...args) => {
    const result = insitu('encrypt', ...args);
    assert.deepEqual([result.status, result.stdout], [status, ''], args.join(' '));
    assert.match(result.stderr, pattern);
  };
  const bad = join(tmpdir(), `insitu-bad-${process.pid}.key`);
  try {
    // 32 bytes as well, but half the key.
    for (const digits of [key.toString('hex').slice(0, 32), `${key.toString('hex').slice(0, 32).toUpperCase()}\n`]) {
      writeFileSync(bad, digits);
      wrong(1, /^InvalidArgument: .* holds 32 hexadecimal digits, which are a key of 128 bits\n.*openssl rand -hex 32/, model, '--key-file', bad);
    }
    writeFileSync(bad, 'too short');
    wrong(1, /^InvalidArgument: .* holds no key\n.*openssl rand -hex 32/, model, '--key-file', bad);
  } finally {
    rmSync(bad);
  }
  wrong(2, /^pass --key-file/, model);
  wrong(2, /^pass one MODEL/, '--key-file', keyFile);
  wrong(2, /--shard-bytes wants a number from 1024 to 16777216, not 1023/, model, '--key-file', keyFile, '--shard-bytes', '1023');
  wrong(2, /-o names MODEL itself/, model, '--key-file', keyFile, '-o', model);
  wrong(1, /^InvalidArgument: cannot read .*missing\.key/, model, '--key-file', join(folder, 'missing.key'));
  wrong(1, /^Network: cannot read .*missing\.onnx/, join(folder, 'missing.onnx'), '--key-file', keyFile);
  wrong(1, /there is no folder/, model, '--key-file', keyFile, '-o', join(folder, 'nowhere', 'out'));
  assert.deepEqual(readdirSync(folder).sort(), before);
});

test('insitu encrypt writes over none of what it reads', () => {
  const files = folderOf({ 'x.onnx.part': plain, 'x.key': key, 'y.onnx': plain });
  const at = (name) => join(files, name);
  symlinkSync(at('x.key'), at('link.key'));
  linkSync(at('y.onnx'), at('hard.onnx'));
  const run = (...args) => insitu('encrypt', ...args, '--key-file', at('x.key'));
  const { status, stderr } = run(at('x.onnx.part'), '-o', at('x.onnx'));
  assert.equal(status, 0, stderr);
  assert.equal(readFileSync(at('x.onnx')).length, encrypted(plain, key, { shardBytes: 1 << 20 }).length);
  for (const [args, pattern] of [
    [[at('y.onnx'), '-o', at('x.key')], /^-o names the key itself/], [[at('y.onnx'), '-o', at('link.key')], /^-o names the key itself/],
    [[at('y.onnx'), '-o', at('hard.onnx')], /^-o names MODEL itself/], [[at('y.onnx'), '--json', at('x.key')], /^--json names the key itself/],
    [[at('y.onnx'), '--json', at('y.onnx')], /^--json names MODEL itself/], [[at('y.onnx'), '-o', at('new'), '--json', at('new')], /^--json names the file of -o itself/],
  ]) {
    const refused = run(...args);
    assert.equal(refused.status, 2, refused.stderr);
    assert.match(refused.stderr, pattern);
  }
  assert.deepEqual(readdirSync(files).sort(), ['hard.onnx', 'link.key', 'x.key', 'x.onnx', 'x.onnx.part', 'y.onnx']);
  for (const name of ['x.onnx.part', 'y.onnx']) assert.deepEqual(readFileSync(at(name)), plain);
  assert.deepEqual(readFileSync(at('x.key')), key);
});
