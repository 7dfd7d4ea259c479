// The audit log in Node: what is written and what never is, and that nothing that fails with it fails a run.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { signer } from '../support/signer.mjs';
import { entriesOf, lineOf, noHash } from '../support/tampering.mjs';
import { AuditLog, eventsOf, folder, newFile, verifyAudit } from './support/audit-log.mjs';
import { Engine, flavours, insituError, tensor } from './support/insitu.mjs';

const models = new URL('../../models/handwriting/', import.meta.url);
const [fp32, int8] = ['handwriting_fp32.onnx', 'handwriting_int8.onnx'].map((name) => fileURLToPath(new URL(name, models)));
const profile = JSON.parse(readFileSync(new URL('handwriting.profile.json', models), 'utf8'));
const digestOf = (path) => createHash('sha256').update(readFileSync(path)).digest();
const image = (value = 0.5) => tensor(new Float32Array(784).fill(value), [1, 1, 28, 28]);

let engine;
before(async () => { engine = await Engine.create({ flavour: flavours[0] }); });
after(() => engine.dispose());

test('entries are lines of canonical JSON, each with the hash of the rest and of the one before', async () => {
  const file = newFile();
  const log = await AuditLog.open({ file });
  assert.equal(log.store, 'file');
  assert.equal(await log.head(), noHash);
  assert.equal(await log.export(), '');
  // What RFC 8785 shows of the order of members and of numbers.
  const details = {
    '\u20ac': 'Euro Sign', '\r': 'Carriage Return', '\ufb33': 'Hebrew Letter Dalet With Dagesh', 1: 'One', '\ud83d\ude00': 'Emoji', '\u0080': 'Control', '\u00f6': 'o',
    numbers: [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001, -0], string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\\"/', literals: [null, true, false],
  };
  await log.record('first', details);
  await log.record('second');
  const text = readFileSync(file, 'utf8');
  assert.equal(text, await log.export());
  const [one, two] = text.split('\n');
  assert(one.startsWith('{"details":{"\\r":"Carriage Return","1":"One","literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0],' +
    '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/","\u0080":"Control","\u00f6":"o","\u20ac":"Euro Sign","\ud83d\ude00":"Emoji","\ufb33":"Hebrew'), one);
  const entries = entriesOf(text);
  assert.deepEqual(entries.map(({ seq, event, previous }) => [seq, event, previous]), [[1, 'first', noHash], [2, 'second', entries[0].hash]]);
  for (const [i, entry] of entries.entries()) {
    assert.equal([one, two][i], lineOf(entry));
    assert.equal(new Date(entry.time).toISOString(), entry.time);
  }
  assert.equal(await log.head(), entries[1].hash);
  assert.deepEqual(await verifyAudit(text, { head: entries[1].hash }), { holds: true, entries: 2, head: entries[1].hash, torn: [] });
  assert.deepEqual(await verifyAudit(''), { holds: true, entries: 0, head: noHash, torn: [] });
  // Another log of the same file goes on.
  await (await AuditLog.open({ file: pathToFileURL(file) })).record('third');
  assert.equal((await verifyAudit(readFileSync(file))).entries, 3);
});

test('what cannot be written whole is taken back, and is not there twice when it is tried again', async () => {
  const file = newFile();
  const log = await AuditLog.open({ file });
  await log.record('before');
  const opened = await open(file);
  const handle = Object.getPrototypeOf(opened);
  await opened.close();
  const { writeFile, datasync } = handle;
  const failing = (code) => Promise.reject(Object.assign(new Error(code), { code }));
  const faults = {
    async writeFile(bytes) {
      await writeFile.call(this, bytes.subarray(0, -5));
      return failing('ENOSPC');
    },
    datasync: () => failing('EIO'),
    // What closes is of each handle its own.
    async close(bytes) {
      const { close } = this;
      this.close = () => close().then(() => failing('EDQUOT'));
      return writeFile.call(this, bytes);
    },
  };
  try {
    for (const [name, fault] of Object.entries(faults)) {
      const text = readFileSync(file, 'utf8');
      handle[name === 'datasync' ? name : 'writeFile'] = fault;
      await Promise.all([log.record(`one ${name}`), log.record(`two ${name}`)]);
      Object.assign(handle, { writeFile, datasync });
      assert.match(log.failure ?? '', /cannot be written/, name);
      assert.equal(readFileSync(file, 'utf8'), text);
      await log.record(`after ${name}`);
      assert.equal(log.failure, undefined);
    }
    // Some file systems know no datasync.
    for (const code of ['EINVAL', 'ENOTSUP']) {
      handle.datasync = () => failing(code);
      await log.record(code);
      assert.equal(log.failure, undefined);
    }
  } finally {
    Object.assign(handle, { writeFile, datasync });
  }
  assert.deepEqual(await eventsOf(log), ['before', ...Object.keys(faults).flatMap((name) => [`one ${name}`, `two ${name}`, `after ${name}`]), 'EINVAL', 'ENOTSUP']);
  assert((await verifyAudit(readFileSync(file))).holds);
});

test('logs of the same file take turns', async () => {
  const file = newFile();
  const logs = [await AuditLog.open({ file }), await AuditLog.open({ file })];
  await Promise.all(Array.from({ length: 40 }, (_, i) => logs[i % 2].record('turn', { i })));
  const { holds, entries } = await verifyAudit(readFileSync(file));
  assert.deepEqual([holds, entries], [true, 40]);
});

test('what happens to a session is written down, and nothing of what it is fed with or gives', async () => {
  const log = await AuditLog.open({ file: newFile() });
  const integrity = `sha256-${digestOf(int8).toString('base64')}`;
  const session = await engine.load(int8, { audit: log, integrity, monitor: { profile, slo: { p95Ms: 1e-6 }, falseAlarmEvery: 1000 } });
  const alarmed = new Promise((resolve) => { session.monitor.addEventListener('drift', resolve); });
  for (let i = 0; i < 400; i++) await session.run({ image: image(0.734375 + i / 1e6) }, { slice: { device: 'phone' } });
  await alarmed;
  await session.run({ image: image(NaN) });
  await session.monitor.export('prometheus');
  await session.monitor.exportProfile();
  await assert.rejects(session.swap(join(folder, 'missing.onnx')), insituError('Network'));
  await assert.rejects(session.swap(fp32, { golden: [{ feeds: { image: image() }, outputs: { probabilities: tensor(new Float32Array(11).fill(9), [1, 11]) } }] }), insituError('InvalidModel'));
  await session.swap(fp32);
  const shadow = await session.shadow(int8);
  await shadow.stop();
  await (await session.canary(int8, { share: 0.25 })).rollback();
  await (await session.canary(int8, { share: 0.5 })).promote();
  await session.monitor.export('ticket');
  const text = await log.export();
  const entries = entriesOf(text);
  assert((await verifyAudit(text, { head: await log.head() })).holds);
  const all = (event) => entries.filter((entry) => entry.event === event).map(({ details }) => details);
  const sha256 = digestOf(int8).toString('hex');
  assert.deepEqual(all('load')[0], { model: { name: int8, sha256 }, integrity: true, signed: false, encrypted: false, cache: 'none' });
  assert.deepEqual(all('load failed'), [{ model: { name: join(folder, 'missing.onnx') }, code: 'Network', integrity: false, signed: false, encrypted: false, cache: 'none' }]);
  assert(all('drift').length >= 1 && all('drift')[0].features.every((name) => typeof name === 'string'));
  assert.equal(all('drift')[0].model.sha256, sha256);
  assert(all('quality').some(({ tensor, issue }) => tensor === 'image' && issue === 'nan'), JSON.stringify(all('quality')));
  assert.equal(all('slow')[0].state, 'burning');
  assert.deepEqual(all('export').map(({ format, model }) => [format, model.name]), [['prometheus', int8], ['profile', int8], ['ticket', int8]]);
  assert.deepEqual(all('refused').map(({ code, candidate }) => [code, candidate.name]), [['InvalidModel', fp32]]);
  assert.deepEqual(all('swap').map(({ previous, next, golden }) => [previous.name, next.name, golden]), [[int8, fp32, 0]]);
  assert.deepEqual(all('shadow').map(({ candidate, every }) => [candidate.name, every]).length, 1);
  assert.deepEqual(all('canary').map(({ candidate, stable, share }) => [candidate.name, stable.name, share]), [[int8, fp32, 0.25], [int8, fp32, 0.5]]);
  assert.deepEqual(all('withdrawn').map(({ reason }) => reason), [undefined, 'asked']);
  assert.deepEqual(all('promoted').map(({ candidate }) => candidate.name), [int8]);
  assert.doesNotMatch(text, /0\.734|734375/);
  for (const { details } of entries) assert(!('feeds' in details || 'outputs' in details || 'because' in details));
  await session.dispose();
});

test('a canary that is withdrawn by itself says why, and its alarms are its own', async () => {
  const log = await AuditLog.open();
  const session = await engine.load(fp32, { audit: log });
  const canary = await session.canary(int8, { share: 1, monitor: { quality: 'reject' } });
  await session.run({ image: image(NaN) }, { key: 'one' }).catch(() => {});
  await new Promise((resolve) => { canary.addEventListener('rollback', resolve, { once: true }); });
  const entries = entriesOf(await log.export());
  assert.equal(entries.find(({ event }) => event === 'withdrawn').details.reason, 'failures');
  assert(entries.some(({ event, details }) => event === 'quality' && details.model.name === int8), await log.export());
  await session.dispose();
});

test('secrets in addresses and models in addresses are left out', async () => {
  const log = await AuditLog.open();
  const options = { audit: log };
  await engine.load('http://user:word@127.0.0.1:9/folder/model.onnx?token=hidden#part', options).catch(() => {});
  await engine.load(`data:application/octet-stream;base64,${Buffer.from('hidden').toString('base64')}`, options).catch(() => {});
  const text = await log.export();
  assert.deepEqual(entriesOf(text).map(({ details }) => details.model.name), ['http://127.0.0.1:9/folder/model.onnx', 'data:']);
  assert.doesNotMatch(text, /hidden|word|aGlkZGVu/);
});

for (const [written, name, page] of [
  ['https:user:word@127.0.0.1:9/m.onnx?token=hidden', 'https://127.0.0.1:9/m.onnx'],
  ['https:user:word@127.0.0.1:9/m.onnx', 'https://127.0.0.1:9/m.onnx', 'https://page.invalid/app/'],
  ['https://user:wo@rd:word@127.0.0.1:9/m.onnx', 'https://127.0.0.1:9/m.onnx'],
  ['  https://user:word@127.0.0.1:9/m.onnx', 'https://127.0.0.1:9/m.onnx'],
  ['https:\\\\user:word@127.0.0.1:9\\m.onnx', 'https://127.0.0.1:9/m.onnx'],
  ['https://user:wo@rd:word@no host/m.onnx#hidden', 'https://no host/m.onnx'],
  ['//user:word@host.invalid/m.onnx?hidden', '//host.invalid/m.onnx'],
  ['//user:word@host.invalid/m.onnx?hidden', 'https://host.invalid/m.onnx', 'https://page.invalid/app/'],
  ['/\\user:word@page.invalid/m.onnx', 'https://page.invalid/m.onnx', 'https://page.invalid/app/'],
  [' data:application/octet-stream;base64,aGlkZGVu', 'data:'], ['blob:https://page.invalid/word', 'blob:'],
  ['models/m@2.onnx?hidden', 'models/m@2.onnx', 'https://page.invalid/app/'], ['a b@2.onnx', 'a b@2.onnx'],
  ['C:\\models@2\\m.onnx', 'C:\\models@2\\m.onnx'], ['file:///none/m.onnx?hidden', 'file:///none/m.onnx'],
]) {
  test(`of ${JSON.stringify(written)} ${page ? 'in a page ' : ''}only ${JSON.stringify(name)} is written down`, async (t) => {
    const log = await AuditLog.open();
    if (page) globalThis.document = { baseURI: page };
    t.after(() => delete globalThis.document);
    await assert.rejects(engine.load(written, { audit: log }));
    const text = await log.export();
    assert.equal(entriesOf(text)[0].details.model.name, name);
    assert.doesNotMatch(text, /hidden|word|aGlkZGVu/);
  });
}

test('details that are nested too deep are refused, and the log goes on', async () => {
  const log = await AuditLog.open();
  const nested = (depth) => ({ a: JSON.parse('['.repeat(depth - 1) + ']'.repeat(depth - 1)) });
  await log.record('deep', nested(100));
  for (const depth of [101, 4000]) await assert.rejects(log.record('deeper', nested(depth)), insituError('InvalidArgument', /'deeper' are nested more than 100 deep/));
  await log.record('after');
  const text = await log.export();
  assert.deepEqual([entriesOf(text).map(({ event }) => event), (await verifyAudit(text)).holds, log.failure], [['deep', 'after'], true, undefined]);
});

test('an encrypted model is said to be one', async () => {
  const { encrypted } = await import('../support/encrypted.mjs');
  const log = await AuditLog.open();
  const key = Buffer.alloc(32, 3);
  await (await engine.load(encrypted(readFileSync(int8), key), { audit: log, encryption: { key } })).dispose();
  await assert.rejects(engine.load(encrypted(readFileSync(int8), key), { audit: log, encryption: { key: Buffer.alloc(32, 4) } }));
  const text = await log.export();
  assert.deepEqual(entriesOf(text).map(({ event, details }) => [event, details.encrypted, details.code]), [['load', true, undefined], ['load failed', true, 'Integrity']]);
  assert(!text.includes(key.toString('hex')) && !text.includes(key.toString('base64')));
});

test('of a model that is signed the digest that was signed is written down', async () => {
  const log = await AuditLog.open();
  const { pem, sign } = signer();
  const trust = { signature: sign({ 'handwriting_int8.onnx': readFileSync(int8), 'handwriting_fp32.onnx': readFileSync(fp32) }), keys: [pem] };
  const session = await engine.load(int8, { audit: log, trust, monitor: false });
  await session.swap(fp32);
  await session.dispose();
  const entries = entriesOf(await log.export());
  const loads = entries.filter(({ event }) => event === 'load').map(({ details }) => details);
  assert.deepEqual(loads.map(({ model, signed, integrity }) => [model, signed, integrity]),
    [int8, fp32].map((name) => [{ name, sha256: digestOf(name).toString('hex') }, true, false]));
  const { previous, next } = entries.find(({ event }) => event === 'swap').details;
  assert.deepEqual([previous, next], loads.map(({ model }) => model));
});

test('of a model that was held to a digest, every entry of it has that', async () => {
  const log = await AuditLog.open();
  const integrity = (path) => `sha256-${digestOf(path).toString('base64')}`;
  const session = await engine.load(int8, { audit: log, monitor: false, integrity: integrity(int8) });
  await (await session.canary(fp32, { share: 0.5, integrity: integrity(fp32) })).rollback();
  await session.swap(fp32);
  await session.dispose();
  const [one, other] = [int8, fp32].map((name) => ({ name, sha256: digestOf(name).toString('hex') }));
  const entries = entriesOf(await log.export());
  const of = (event, role) => entries.find((entry) => entry.event === event).details[role];
  assert.deepEqual([of('canary', 'stable'), of('canary', 'candidate'), of('withdrawn', 'candidate')], [one, other, other]);
  assert.deepEqual([of('swap', 'previous'), of('swap', 'next')], [one, { name: fp32 }]);
});

test('a load of which nothing can be written down is refused, and is no entry', async () => {
  const log = await AuditLog.open();
  const { bufferBytes } = await engine.memory();
  const untold = { toString() { throw new Error('no text'); } };
  for (const cache of [1n, Symbol('cache'), untold]) {
    await assert.rejects(engine.load(int8, { audit: log, cache, monitor: false }), insituError('InvalidArgument', /^cache is /));
  }
  assert.deepEqual(entriesOf(await log.export()), []);
  assert.equal((await engine.memory()).bufferBytes, bufferBytes);
});

test('a disk that fails fails no run: entries wait, and what is lost is counted', async () => {
  const place = join(folder, 'disk');
  mkdirSync(place);
  const log = await AuditLog.open({ file: join(place, 'audit.jsonl') });
  const failures = [];
  log.addEventListener('failure', ({ detail }) => failures.push(detail));
  await log.record('before');
  renameSync(place, `${place}-gone`);
  const session = await engine.load(int8, { audit: log, monitor: false });
  await session.run({ image: image() });
  await log.record('meanwhile');
  assert.match(log.failure, /^it cannot be written: .*ENOENT/);
  assert.equal(failures.at(-1).waiting, 2);
  assert.equal(failures.at(-1).message, log.failure);
  await assert.rejects(log.export(), insituError('Network', /audit log cannot be read/));
  renameSync(`${place}-gone`, place);
  assert.deepEqual(await eventsOf(log), ['before', 'load', 'meanwhile']);
  assert.equal(log.failure, undefined);
  renameSync(place, `${place}-gone`);
  for (let i = 0; i < 1010; i++) void log.record('many', { i });
  await log.record('last');
  renameSync(`${place}-gone`, place);
  const entries = entriesOf(await log.export()).slice(3);
  assert.deepEqual([entries[0].event, entries[0].details, entries.length], ['lost', { entries: 11 }, 1001]);
  assert.deepEqual([entries[1].details, entries.at(-1).event], [{ i: 11 }, 'last']);
  await log.record('all is well');
  assert.deepEqual((await eventsOf(log)).filter((event) => event === 'lost').length, 1);
  assert((await verifyAudit(await log.export())).holds);
  await session.dispose();
});

test('what is no log, and no audit, is refused', async () => {
  const copy = join(folder, 'model.onnx');
  copyFileSync(int8, copy);
  await assert.rejects(AuditLog.open({ file: copy }), insituError('InvalidArgument', /is no audit log/));
  assert.deepEqual(readFileSync(copy), readFileSync(int8));
  await assert.rejects(AuditLog.open({ file: join(folder, 'nowhere', 'x') }), insituError('InvalidArgument', /cannot append to/));
  for (const wrong of [{ name: '../up' }, { name: '' }, { name: 7 }, { store: 'disk' }, { file: 7 }, { fileBytes: 0 }, { fileBytes: NaN }, { fileBytes: '9' }, { fileBytes: 9n }, { fileBytes: null }, null, 'audit.jsonl', 7, { files: 'audit.jsonl' }, Object.create({ file: 'audit.jsonl' })]) await assert.rejects(AuditLog.open(wrong), insituError('InvalidArgument'));
  const log = await AuditLog.open({ store: 'memory' });
  assert.deepEqual([log.store, log.failure], ['memory', undefined]);
  for (const [event, details] of [['', {}], [7, {}], ['x'.repeat(101), {}], ['big', { text: 'x'.repeat(10_000) }], ['list', []], ['text', 'a'], ['one', 1n], ['none', { n: 1n }],
    ['torn', {}], ['lost', { entries: 3 }], ['load', {}], ['export', {}], ['drift', {}]]) {
    await assert.rejects(log.record(event, details), insituError('InvalidArgument'));
  }
  for (const audit of [{}, true, null, 'audit', new EventTarget()]) await assert.rejects(engine.load(int8, { audit }), insituError('InvalidArgument', /audit is no AuditLog/));
  const session = await engine.load(int8, { audit: log });
  await assert.rejects(session.swap(fp32, { audit: await AuditLog.open() }), insituError('InvalidArgument', /not the log of the session/));
  await session.swap(fp32, { audit: log });
  assert.deepEqual(await eventsOf(log), ['load', 'load', 'swap']);
  // Nor can it be switched off.
  await session.swap(int8, { audit: undefined });
  await (await session.canary(fp32, { share: 0.5, audit: undefined })).rollback();
  await session.monitor.export('prometheus');
  assert.deepEqual((await eventsOf(log)).slice(3), ['load', 'swap', 'load', 'canary', 'withdrawn', 'export']);
  await session.dispose();
});
