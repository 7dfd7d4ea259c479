// The audit log in Node: what is written and what never is, that every change of it is found and said where, and that nothing that
// fails with it fails a run.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { canonical, chain, entriesOf, lineOf, noHash, tamperings } from '../support/tampering.mjs';
import { signer } from '../support/signer.mjs';
import { cli, dist, Engine, flavours, insituError, tensor } from './support/insitu.mjs';

const { AuditLog, verifyAudit } = await import(new URL('audit.js', dist).href);
const folder = mkdtempSync(join(tmpdir(), 'insitu-audit-'));
const models = new URL('../../models/handwriting/', import.meta.url);
const [fp32, int8] = ['handwriting_fp32.onnx', 'handwriting_int8.onnx'].map((name) => fileURLToPath(new URL(name, models)));
const profile = JSON.parse(readFileSync(new URL('handwriting.profile.json', models), 'utf8'));
const digestOf = (path) => createHash('sha256').update(readFileSync(path)).digest();
const image = (value = 0.5) => tensor(new Float32Array(784).fill(value), [1, 1, 28, 28]);

let engine, counter = 0;
before(async () => { engine = await Engine.create({ flavour: flavours[0] }); });
after(async () => {
  await engine.dispose();
  rmSync(folder, { recursive: true });
});

const newFile = () => join(folder, `audit-${counter++}.jsonl`);
const eventsOf = async (log) => entriesOf(await log.export()).map(({ event }) => event);

/* Lines of a log with some entries. */
async function sample(count = 7) {
  const log = await AuditLog.open();
  for (let i = 0; i < count; i++) await log.record(`event ${i}`, { i, text: 'ä "quoted" \n', list: [1, { b: 2, a: null }] });
  return (await log.export()).trimEnd().split('\n');
}

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

test('every byte that is changed is found, on its line', async () => {
  const lines = await sample(3);
  const bytes = new TextEncoder().encode(`${lines.join('\n')}\n`);
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at] ^= 1;
    const { holds, problem } = await verifyAudit(changed);
    assert(!holds, `byte ${at}`);
    const line = new TextDecoder().decode(bytes.subarray(0, at)).split('\n').length;
    assert.equal(problem.line, line, `byte ${at}: ${JSON.stringify(problem)}`);
  }
});

test('every entry that is changed, removed, inserted, moved, repeated or cut off is found, and said where', async () => {
  const lines = await sample();
  const head = JSON.parse(lines.at(-1)).hash;
  let count = 0, byHead = 0;
  for (const { name, lines: changed, line, what } of tamperings(lines)) {
    const text = changed.map((one) => `${one}\n`).join('');
    const found = await verifyAudit(text);
    if (line === undefined) {
      assert(found.holds, `${name}: ${JSON.stringify(found.problem)}`);
      byHead++;
    } else {
      assert.deepEqual([found.problem?.line, found.problem?.what], [line, what], `${name}: ${JSON.stringify(found.problem)}`);
      assert.equal(found.holds, false);
    }
    // With the head nothing escapes.
    assert.equal((await verifyAudit(text, { head })).holds, false, name);
    count++;
  }
  assert(count > 200 && byHead >= 2 * lines.length, `${count} ${byHead}`);
  const cut = await verifyAudit(lines.slice(0, 4).map((line) => `${line}\n`).join(''), { head });
  assert.deepEqual([cut.entries, cut.problem.line, cut.problem.what], [4, 5, 'truncated']);
  // An earlier head is one of the entries: the log has gone on since.
  assert((await verifyAudit(lines.join('\n'), { head: JSON.parse(lines[2]).hash })).holds);
});

test('what reads the same but is not the same bytes is found', async () => {
  const log = await AuditLog.open();
  await log.record('replaced \ufffd');
  await log.record('evidence', { sha256: createHash('sha256').update('garbage').digest('hex') });
  const bytes = Buffer.from(await log.export());
  const at = bytes.indexOf('\ufffd');
  const badly = Buffer.concat([bytes.subarray(0, at), Buffer.of(0xff), bytes.subarray(at + 3)]);
  assert.deepEqual((await verifyAudit(badly)).problem.line, 1);
  assert.deepEqual((await verifyAudit(Buffer.concat([Buffer.from('\ufeff'), bytes]))).problem.line, 1);
  // Only an entry 'torn' tells of a line that is none.
  const [first, second] = bytes.toString().split('\n');
  const { line, what } = (await verifyAudit(`${first}\ngarbage\n${second}\n`)).problem;
  assert.deepEqual([line, what], [2, 'inserted']);
});

test('a line that broke off is said, and the log that goes on says so itself', async () => {
  const lines = await sample(3);
  const whole = Buffer.from(`${lines.join('\n')}\n`);
  const start = Buffer.from(`${lines[0]}\n${lines[1]}\n`).length;
  for (let length = start + 1; length < whole.length; length++) {
    const file = newFile();
    writeFileSync(file, whole.subarray(0, length));
    const torn = length < whole.length - 1;  // all but its line feed is an entry
    const { holds, entries, problem } = await verifyAudit(readFileSync(file));
    assert.deepEqual([holds, entries, problem?.line, problem?.what], torn ? [false, 2, 3, 'torn'] : [true, 3, undefined, undefined], String(length));
    if (length % 40 !== 0 && torn) continue;
    const log = await AuditLog.open({ file });
    await log.record('after the crash');
    const text = await log.export();
    assert(text.startsWith(whole.subarray(0, length).toString()), 'nothing is removed');
    const after = await verifyAudit(text);
    assert.deepEqual([after.holds, after.entries, after.torn], torn ? [true, 4, [3]] : [true, 4, []]);
    if (!torn) continue;
    const told = JSON.parse(text.split('\n')[3]);
    assert.deepEqual([told.event, told.details.bytes], ['torn', length - start]);
    // What is torn cannot be exchanged for something else, nor something put beside it.
    const other = text.replace('"event":"event 2', '"event":"xvent 2').replace('{"details":{"i":2', '{"details":{"i":3');
    if (other !== text) assert.equal((await verifyAudit(other)).problem.what, 'changed');
    assert.equal((await verifyAudit(`${text.split('\n').toSpliced(3, 0, 'more').join('\n')}`)).holds, false);
  }
});

test('lines that were changed are not taken for one that broke off, whatever is appended to them', async () => {
  const lines = await sample(3);
  const [changed, shorter] = ['"event":"xvent', '"event":"e'].map((text) => lines.map((line) => line.replace('"event":"event', text)));
  const covering = (...between) => {
    const region = between.join('\n');
    const details = { bytes: region.length, sha256: createHash('sha256').update(region).digest('hex') };
    return chain([{ time: '2025-01-01T00:00:00.000Z', event: 'torn', details }], JSON.parse(lines[0]))[0];
  };
  for (const [between, ended] of [[[changed[1], changed[2]], true], [[changed[1]], true], [[shorter[1]], false], [['garbage', 'garbage'], true], [['{"details":{"i', '{"details":{"bytes'], false], [['{}'], true]]) {
    const file = newFile();
    writeFileSync(file, [lines[0], ...between].join('\n') + (ended ? '\n' : ''));
    const log = await AuditLog.open({ file });
    await log.record('d');
    await log.record('e');
    const text = await log.export();
    assert.deepEqual(entriesOf(text.split('\n').slice(-3).join('\n')).map(({ event }) => event), ['d', 'e']);
    // Nor where somebody else writes such an entry.
    for (const one of [text, [lines[0], ...between, covering(...between), ''].join('\n')]) {
      const { holds, entries, torn, problem } = await verifyAudit(one);
      assert.deepEqual([holds, entries, torn, problem?.line, problem?.what], [false, 1, [], 2, 'changed'], between.join());
    }
  }
  // One that broke off is no JSON; one that is has been changed, even at the end.
  assert.deepEqual((await verifyAudit([lines[0], changed[1]].join('\n'))).problem.what, 'changed');
});

test('what cannot be written whole is taken back, and is not there twice when it is tried again', async () => {
  const file = newFile();
  const log = await AuditLog.open({ file });
  await log.record('before');
  const opened = await open(file);
  const handle = Object.getPrototypeOf(opened);
  await opened.close();
  const { writeFile, datasync, close } = handle;
  const failing = (code) => Promise.reject(Object.assign(new Error(code), { code }));
  const faults = {
    writeFile: async function (bytes) { await writeFile.call(this, bytes.subarray(0, -5)); return failing('ENOSPC'); },
    datasync: () => failing('EIO'),
    close: async function () { await close.call(this); return failing('EDQUOT'); },
  };
  try {
    for (const [name, fault] of Object.entries(faults)) {
      const text = readFileSync(file, 'utf8');
      // Whoever reads closes, too: only of who writes it fails.
      handle.writeFile = function (...args) { this.writes = true; return (name === 'writeFile' ? fault : writeFile).apply(this, args); };
      if (name !== 'writeFile') handle[name] = function () { return (this.writes ? fault : close).call(this); };
      await Promise.all([log.record(`one ${name}`), log.record(`two ${name}`)]);
      Object.assign(handle, { writeFile, datasync, close });
      assert.match(log.failure, /cannot be written/);
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
    Object.assign(handle, { writeFile, datasync, close });
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
  const loads = entriesOf(await log.export()).filter(({ event }) => event === 'load').map(({ details }) => details);
  assert.deepEqual(loads.map(({ model, signed, integrity }) => [model, signed, integrity]),
    [int8, fp32].map((name) => [{ name, sha256: digestOf(name).toString('hex') }, true, false]));
});

test('a load of which nothing can be written down is a load all the same', async () => {
  const log = await AuditLog.open();
  const { bufferBytes } = await engine.memory();
  const untold = { toString() { throw new Error('no text'); } };
  for (const cache of [1n, Symbol('cache'), untold]) {
    const session = await engine.load(int8, { audit: log, cache, monitor: false });
    await session.run({ image: image() });
    await session.dispose();
    await assert.rejects(engine.load(join(folder, 'missing.onnx'), { audit: log, cache }), insituError('Network'));
  }
  const entries = entriesOf(await log.export());
  assert.deepEqual(entries.map(({ event }) => event), ['load', 'load failed', 'load', 'load failed', 'load', 'load failed']);
  assert.deepEqual(entries.map(({ details }) => details.cache ?? details.unknown),
    ['1', '1', 'Symbol(cache)', 'Symbol(cache)', 'no details: no text', 'no details: no text']);
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
  for (const wrong of [{ name: '../up' }, { name: '' }, { name: 7 }, { store: 'disk' }, { file: 7 }, null, 'audit.jsonl', 7]) await assert.rejects(AuditLog.open(wrong), insituError('InvalidArgument'));
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

test('what is no log does not hold', async () => {
  const [line] = await sample(1);
  const bytes = new TextEncoder().encode(`${line}\n`);
  assert.deepEqual([(await verifyAudit(bytes)).entries, (await verifyAudit(bytes.buffer)).entries], [1, 1]);
  for (const log of [undefined, null, new Blob([bytes]), 7, {}, [], [line], new Uint16Array(4), new DataView(bytes.buffer), Promise.resolve(line)]) {
    await assert.rejects(verifyAudit(log), insituError('InvalidArgument', /the log is no text and no bytes/));
  }
  for (const options of [null, 'head', 7, { head: null }, { head: '' }, { head: 7 }, { head: 'ab' }]) {
    await assert.rejects(verifyAudit(line, options), insituError('InvalidArgument'));
  }
});

test('insitu audit verify says what is wrong, and where', async () => {
  const lines = await sample(5);
  const head = JSON.parse(lines[4]).hash;
  const file = newFile();
  const verify = (text, ...args) => {
    writeFileSync(file, text);
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'audit', 'verify', file, ...args], { encoding: 'utf8' });
    return { status, stdout, stderr };
  };
  const whole = `${lines.join('\n')}\n`;
  assert.deepEqual(verify(whole), { status: 0, stdout: `5 entries hold; the last has the hash ${head}\n`, stderr: '' });
  assert.equal(verify(whole, '--head', head.toUpperCase()).status, 0);
  const changed = verify(whole.replace('"event":"event 2', '"event":"event 9'));
  assert.deepEqual([changed.status, changed.stdout.split('\n')[0]], [1, 'line 3: changed: its hash is not that of what it says']);
  assert.match(changed.stdout, /^2 entries hold/m);
  const cut = verify(`${lines.slice(0, 3).join('\n')}\n`, '--head', head, '--json', '-');
  assert.equal(cut.status, 1);
  const { holds, entries, problem } = JSON.parse(cut.stdout);
  assert.deepEqual([holds, entries, problem.line, problem.what], [false, 3, 4, 'truncated']);
  const refused = (status, pattern, ...args) => {
    const result = spawnSync(process.execPath, [cli, 'audit', ...args], { encoding: 'utf8' });
    assert.deepEqual([result.status, result.stdout], [status, '']);
    assert.match(result.stderr, pattern);
  };
  refused(2, /^pass verify and one FILE/);
  refused(2, /^there is no 'insitu audit check'/, 'check', file);
  refused(2, /^pass one FILE/, 'verify');
  refused(2, /^--head wants the 64 hexadecimal digits/, 'verify', file, '--head', 'abc');
  writeFileSync(file, whole);
  refused(2, /^--json names FILE itself/, 'verify', file, '--json', file);
  assert.equal(readFileSync(file, 'utf8'), whole);
  refused(1, /^Network: cannot read/, 'verify', join(folder, 'missing.jsonl'));
});
