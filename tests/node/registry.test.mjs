// insitu/registry: what load() and swap() take of a registry, what is refused, and a session that follows a channel.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { folderOf } from './support/command-line.mjs';
import { dist, Engine, flavours, insituError, load, tensor } from './support/insitu.mjs';
import { model, shiftModel } from '../support/onnx-writer.mjs';
import { integrityOf, signer } from '../support/signer.mjs';

const { followChannel, openRegistry } = await import(new URL('registry.js', dist).href);

const ours = signer();
const value = (name) => ({ name, dtype: 'float32', dims: [2] });
const external = Buffer.from(model({
  nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }], inputs: [value('x')], outputs: [value('y')],
  initializers: [{ ...value('w'), external: { location: 'w.bin', offset: 0, length: 8 } }],
}));
const profile = readFileSync(new URL('../../models/handwriting/handwriting.profile.json', import.meta.url));
const handwriting = readFileSync(new URL('../../models/handwriting/handwriting_int8.onnx', import.meta.url));
const weights = Buffer.from(Float32Array.of(3, 4).buffer);
const contents = {
  '1.onnx': Buffer.from(shiftModel(1)), '2.onnx': Buffer.from(shiftModel(2)), '3.onnx': Buffer.from(shiftModel(3)), 'e.onnx': external, 'w.bin': weights,
  'h.onnx': handwriting, 'p.json': profile,
};
const file = (url) => ({ url, integrity: integrityOf(contents[url]) });
const whole = (url) => ({ ...file(url), bytes: contents[url].length });

/* The registry's text; `stable` is the history of that channel of `shift`. */
const documentOf = (stable, change = () => {}) => {
  const signature = (name) => ({ url: 'all.sig', integrity: integrityOf(Buffer.from('any')), name });
  const document = {
    format: 'insitu-models/1',
    models: {
      shift: {
        versions: { 1: { ...whole('1.onnx'), signature: signature('1.onnx') }, 2: { ...whole('2.onnx'), signature: signature('2.onnx') }, 3: whole('3.onnx') },
        channels: { stable: { version: stable.at(-1).version, history: stable } },
      },
      sum: { versions: { 1: { ...whole('e.onnx'), externalData: { 'w.bin': whole('w.bin') }, signature: signature('e.onnx') } }, channels: {} },
      digits: { versions: { 1: { ...whole('h.onnx'), profile: file('p.json'), signature: signature('h.onnx') } }, channels: {} },
    },
  };
  change(document.models);
  return JSON.stringify(document);
};
const first = [{ version: '1', how: 'promoted' }];
const second = [...first, { version: '2', how: 'promoted' }];
const back = [...second, { version: '1', how: 'rolled back' }];

function site(text = documentOf(first)) {
  const folder = folderOf({ ...contents, 'all.sig': ours.sign(contents), 'models.json': text });
  const write = (text, name = 'models.json') => writeFileSync(join(folder, name), text);
  const sign = (by, files = { 'models.json': readFileSync(join(folder, 'models.json')) }) => write(by.sign(files), 'models.json.sig');
  return { at: (name) => join(folder, name), write, sign };
}

let engine;
before(async () => (engine = await Engine.create({ flavour: flavours[0] })));
after(() => engine.dispose());

const shiftOf = async (session) => (await session.run({ x: tensor([10, 0, 0, 0], [1, 4]) })).y.data[0] - 10;

test('a version loads by its channel or its name, with external data, and with a signature', async () => {
  const { at } = site(documentOf(second));
  for (const options of [{}, { keys: [ours.pem] }]) {
    const registry = await openRegistry(at('models.json'), options);
    const stable = await registry.version('shift');
    assert.deepEqual([stable.version, stable.channel, stable.options.integrity], ['2', 'stable', integrityOf(contents['2.onnx'])]);
    const session = await engine.load(stable.url, stable.options);
    assert.equal(await shiftOf(session), 2);
    const before = await registry.previous('shift');
    assert.deepEqual([before.version, before.channel], ['1', undefined]);
    await session.swap(before.url, before.options);
    assert.equal(await shiftOf(session), 1);
    await session.dispose();
    const sum = await registry.version('sum', '1');
    const other = await engine.load(sum.url, sum.options);
    assert.deepEqual([...(await other.run({ x: tensor([1, 1], [2]) })).y.data], [4, 5]);
    await other.dispose();
  }
});

test('an answer that comes late changes nothing back', async (t) => {
  let answer = (response) => response.end(documentOf(back));
  const server = createServer((_, response) => answer(response));
  await new Promise((listening) => server.listen(0, 'localhost', listening));
  t.after(() => server.close().closeAllConnections());
  const registry = await openRegistry(`http://localhost:${server.address().port}/models.json`);
  for (const [now, changed] of [[back, false], [first, true]]) {
    const asked = new Promise((came) => { answer = came; });
    const late = registry.refresh();
    const held = await asked;
    answer = (response) => response.end(documentOf(now));
    assert.equal(await registry.refresh(), changed);
    held.end(documentOf(second));
    assert.equal(await late, false);
    assert.deepEqual(registry.models.shift.channels.stable.history, now);
  }
});

test('a profile is taken with its model, and none of another model stays', async () => {
  const { at } = site();
  for (const options of [{}, { keys: [ours.pem] }]) {
    const registry = await openRegistry(at('models.json'), { ...options, monitor: { slo: { p95Ms: 50 } } });
    const digits = await registry.version('digits', '1');
    const session = await engine.load(digits.url, digits.options);
    const { drift, slo } = await session.monitor.snapshot();
    assert.equal(drift.profile.modelMatches, true);
    assert.equal(slo.p95Ms, 50);
    await session.dispose();
    assert.equal((await registry.version('shift')).options.monitor.profile, undefined);
    assert('profile' in (await registry.version('shift')).options.monitor);
  }
  const unwatched = await openRegistry(at('models.json'), { monitor: false });
  assert.equal((await unwatched.version('digits', '1')).options.monitor, false);
});

test('options of openRegistry() that are unknown, of another kind or inherited are refused', async () => {
  const { at } = site();
  for (const source of [at('models.json'), JSON.parse(documentOf(first))]) {
    for (const [options, pattern] of [
      [{ key: [ours.pem] }, /'key' is unknown\. Known: keys, /], [Object.create({ keys: [ours.pem] }), /^options is no plain object/], [null, /^options is null/],
      [new Map([['keys', [ours.pem]]]), /^options is no plain object/], [{ monitor: null }, /^monitor is null/], [{ monitor: true }, /^monitor is /],
      [{ base: 5 }, /^base is a number/], [{ signal: {} }, /^signal is /], [{ keys: ours.pem }, /^keys is no list/],
    ]) await assert.rejects(openRegistry(source, options), insituError('InvalidArgument', pattern));
  }
});

test('what was changed, is signed by nobody or by another key is refused, and the session goes on', async () => {
  const { at } = site(documentOf(first));
  const registry = await openRegistry(at('models.json'));
  const pinned = await openRegistry(at('models.json'), { keys: [ours.pem] });
  const strange = await openRegistry(at('models.json'), { keys: [signer().pem] });
  const one = await pinned.version('shift');
  const session = await engine.load(one.url, one.options);
  const swap = async (registry, name, version) => {
    const { url, options } = await registry.version(name, version);
    return session.swap(url, options);
  };
  await assert.rejects(pinned.version('shift', '3'), insituError('Integrity', /shift 3 is not signed/));
  await assert.rejects(swap(strange, 'shift', '2'), insituError('Integrity', /made by no key that is pinned/));
  writeFileSync(at('2.onnx'), contents['3.onnx']);
  await assert.rejects(swap(pinned, 'shift', '2'), insituError('Integrity', /SHA-256 of the model/));
  const { url, options } = await registry.version('shift', '2');
  await assert.rejects(engine.load(url, options), insituError('Integrity', /SHA-256 of the model/));
  // Other bytes with their own digest are not those that were signed.
  const forged = await openRegistry(JSON.parse(documentOf(first, ({ shift }) => Object.assign(shift.versions[2], whole('3.onnx')))), { keys: [ours.pem], base: `file://${at('')}/` });
  await assert.rejects(swap(forged, 'shift', '2'), insituError('Integrity', /another digest than the integrity/));
  writeFileSync(at('w.bin'), Buffer.alloc(8));
  const sum = await registry.version('sum', '1');
  await assert.rejects(engine.load(sum.url, sum.options), insituError('Integrity', /'w\.bin'/));
  writeFileSync(at('p.json'), profile.subarray(0, -1));
  for (const one of [registry, pinned]) {
    await assert.rejects(one.version('digits', '1'), insituError('Integrity', /p\.json is not the one in the registry/));
  }
  rmSync(at('2.onnx'));
  await assert.rejects(swap(pinned, 'shift', '2'), insituError('Network'));
  assert.equal(await shiftOf(session), 1);
  await session.dispose();
});

test('with keys a profile has to be the one in the registry and the one that was signed, under its name', async () => {
  const { at, write } = site();
  const base = `file://${at('')}/`, other = Buffer.concat([profile, Buffer.from(' ')]);
  const opened = (profile) => openRegistry(JSON.parse(documentOf(first, ({ digits }) => Object.assign(digits.versions[1].profile, profile))), { keys: [ours.pem], base });
  write(other, 'other.json');
  await assert.rejects((await opened({ integrity: integrityOf(other) })).version('digits', '1'), insituError('Integrity', /p\.json is not the one in the registry/));
  await assert.rejects((await opened({ url: 'other.json', integrity: integrityOf(other) })).version('digits', '1'), insituError('Integrity', /'other\.json' is not among.*under the name/));
  write(other, 'p.json');
  await assert.rejects((await opened({ integrity: integrityOf(other) })).version('digits', '1'), insituError('Integrity', /p\.json is not the one that was signed/));
  write(profile, 'p.json');
  const { 'p.json': _, ...others } = contents;
  write(ours.sign({ ...others, 'x/p.json': profile, 'y/p.json': profile }), 'all.sig');
  await assert.rejects((await opened({})).version('digits', '1'), insituError('Integrity', /'p\.json' is the name of several files/));
  write(signer().sign(contents), 'all.sig');
  await assert.rejects((await opened({})).version('digits', '1'), insituError('Integrity', /made by no key that is pinned/));
});

test('a registry that is gone or broken leaves what was read', async () => {
  const { at, write } = site();
  const registry = await openRegistry(at('models.json'));
  assert.equal(await registry.refresh(), false);
  write('{"format": "insitu-models/1", "models": 1}');
  await assert.rejects(registry.refresh(), insituError('InvalidModel', /models\.json: models is 1, not an object/));
  write('{');
  await assert.rejects(registry.refresh(), insituError('InvalidModel', /no JSON/));
  rmSync(at('models.json'));
  await assert.rejects(registry.refresh(), insituError('Network', /models\.json/));
  assert.equal((await registry.version('shift')).version, '1');
  write(documentOf(second));
  assert.equal(await registry.refresh(), true);
  assert.equal((await registry.version('shift')).version, '2');
  await assert.rejects(openRegistry(at('none.json')), insituError('Network', /none\.json/));
  await assert.rejects(openRegistry(at('models.json'), { signal: AbortSignal.abort() }), insituError('Cancelled'));
});

const withSignature = { keys: [ours.pem], signature: 'models.json.sig' };

test('with a signature models.json is read only as one of the keys has signed it, each time', async () => {
  const { at, write, sign } = site();
  const open = () => openRegistry(at('models.json'), { ...withSignature, keys: [signer().pem, ours.pem] });
  await assert.rejects(open(), insituError('Network', /models\.json\.sig/));
  sign(ours);
  const registry = await open();
  const refused = async (code, pattern) => {
    await assert.rejects(registry.refresh(), insituError(code, pattern));
    await assert.rejects(open(), insituError(code, pattern));
    assert.equal((await registry.version('shift')).version, '1');
  };
  write('{');
  await refused('Integrity', /models\.json is not the one that was signed/);
  write(documentOf(second));
  await refused('Integrity', /models\.json is not the one that was signed/);
  sign(signer());
  await refused('Integrity', /made by no key that is pinned/);
  const bytes = Buffer.from(documentOf(second));
  sign(ours, { 'other.json': bytes });
  await refused('Integrity', /'models\.json' is not among the files that were signed/);
  sign(ours, { 'a/models.json': bytes, 'b/models.json': bytes });
  await refused('Integrity', /'models\.json' is the name of several files that were signed/);
  write('{}', 'models.json.sig');
  await refused('Integrity', /no Sigstore bundle/);
  rmSync(at('models.json.sig'));
  await refused('Network', /models\.json\.sig/);
  sign(ours, { 'models/models.json': bytes, '1.onnx': contents['1.onnx'] });
  assert.equal(await registry.refresh(), true);
  assert.equal((await registry.version('shift')).version, '2');
  assert.equal((await (await open()).version('shift')).version, '2');
});

test('a signature that cannot be verified is refused before anything is asked for', async () => {
  const { at, sign } = site();
  sign(ours);
  const { keys } = withSignature;
  for (const options of [{ signature: 'models.json.sig' }, { keys, signature: 1 }, { keys, signature: null }, { keys, signature: 'data:,x' }]) {
    await assert.rejects(openRegistry(at('none.json'), options), insituError('InvalidArgument', /signature|'data:,x' is no address/));
  }
  await assert.rejects(openRegistry(JSON.parse(documentOf(first)), withSignature), insituError('InvalidArgument', /parsed already/));
  await assert.rejects(openRegistry(at('models.json'), { ...withSignature, keys: ['no key'] }), insituError('InvalidArgument', /keys\[0\]/));
  await assert.rejects(openRegistry(at('models.json'), { keys, signature: '' }), insituError('Integrity', /no Sigstore bundle/));
  await openRegistry(at('models.json'), { keys, signature: new URL(`file://${at('models.json.sig')}`) });
});

/* The session of a follower over a server that counts what it is asked. */
async function followed(t, options, ofRegistry) {
  const folder = site();
  folder.sign(ours);
  const asked = [];
  const server = createServer((request, response) => {
    const name = request.url.slice(1);
    const bytes = readFileSync(folder.at(name));
    const etag = integrityOf(bytes);
    const known = request.headers['if-none-match'] === `"${etag}"`;
    asked.push([name, known ? 304 : 200]);
    response.writeHead(known ? 304 : 200, { etag: `"${etag}"` }).end(known ? undefined : bytes);
  });
  await new Promise((listening) => server.listen(0, 'localhost', listening));
  const registry = await openRegistry(`http://localhost:${server.address().port}/models.json`, ofRegistry);
  const stable = await registry.version('shift');
  const session = await load(stable.url, stable.options);
  const follower = followChannel(session, stable, options);
  const failures = [];
  follower.addEventListener('failure', ({ detail }) => failures.push(detail));
  t.after(async () => {
    follower.stop();
    await session.dispose();
    server.closeAllConnections();
    server.close();
  });
  return { ...folder, asked, session, follower, failures };
}

test('a follower goes on and back with its channel, and asks only whether something has changed', async (t) => {
  const { write, asked, session, follower, failures } = await followed(t, { every: 1e9 });
  const swaps = [];
  follower.addEventListener('swap', ({ detail }) => swaps.push(detail));
  assert.equal(await follower.check(), false);
  assert.deepEqual(asked.at(-1), ['models.json', 304]);
  write(documentOf(second));
  assert.deepEqual(await Promise.all([follower.check(), follower.check()]), [true, true]);
  assert.equal(await shiftOf(session), 2);
  write(documentOf(back));
  assert.equal(await follower.check(), true);
  assert.equal(await shiftOf(session), 1);
  assert.deepEqual(swaps.map(({ previous, next, rolledBack }) => [previous.version, next.version, rolledBack]), [['1', '2', false], ['2', '1', true]]);
  assert.match(swaps[0].report.next.name, /2\.onnx$/);
  assert.equal(follower.model.version, '1');
  assert.deepEqual(failures, []);
  const before = asked.length;
  follower.stop();
  write(documentOf(second));
  assert.equal(await follower.check(), false);
  assert.equal(asked.length, before);
});

test('a follower takes a signed models.json once its signature is there, too', async (t) => {
  const { write, sign, asked, session, follower, failures } = await followed(t, { every: 1e9 }, withSignature);
  assert.equal(await follower.check(), false);
  assert.deepEqual([asked.at(-1), asked.filter(([name]) => name === 'models.json.sig').length], [['models.json', 304], 1]);
  write(documentOf(second));
  for (let i = 0; i < 2; i++) {
    assert.equal(await follower.check(), false);
    insituError('Integrity', /models\.json is not the one that was signed/)(failures.pop());
    assert.equal(await shiftOf(session), 1);
  }
  sign(ours);
  assert.equal(await follower.check(), true);
  assert.equal(await shiftOf(session), 2);
  assert.deepEqual(failures, []);
});

test('a follower looks by itself', async (t) => {
  const { write, session, follower } = await followed(t, { every: 20 });
  write(documentOf(second));
  await once(follower, 'swap');
  assert.equal(await shiftOf(session), 2);
});

test('what fails is an event, the session goes on, and the next check takes what was mended', async (t) => {
  const { at, write, session, follower, failures } = await followed(t, { every: 1e9 });
  const fails = async (code, pattern) => {
    assert.equal(await follower.check(), false);
    assert.equal(failures.length, 1);
    insituError(code, pattern)(failures.pop());
    assert.equal(await shiftOf(session), 1);
    assert.equal(follower.model.version, '1');
  };
  writeFileSync(at('2.onnx'), contents['3.onnx']);
  write(documentOf(second));
  await fails('Integrity', /SHA-256/);
  await fails('Integrity', /SHA-256/);
  write('{}');
  await fails('InvalidModel', /format is missing/);
  write(documentOf(second, (models) => { delete models.shift; }));
  await fails('InvalidModel', /no channel 'stable' any more/);
  write(documentOf(second));
  const shadow = await session.shadow(contents['1.onnx']);
  await fails('InvalidArgument', /on trial/);
  await shadow.stop();
  writeFileSync(at('2.onnx'), contents['2.onnx']);
  assert.equal(await follower.check(), true);
  assert.equal(await shiftOf(session), 2);
});

test('golden vectors hold for every version that comes', async (t) => {
  const x = tensor([0, 0, 0, 0], [1, 4]);
  const golden = [{ feeds: { x }, outputs: { y: tensor([1, 1, 1, 1], [1, 4]) } }];
  const { write, session, follower, failures } = await followed(t, { every: 1e9, golden });
  write(documentOf(second));
  assert.equal(await follower.check(), false);
  insituError('InvalidModel', /golden vector 0/)(failures[0]);
  assert.equal(await shiftOf(session), 1);
});

test('a follower ends with its session or its signal', async (t) => {
  const end = new AbortController();
  const one = await followed(t, { every: 1e9, signal: end.signal });
  end.abort();
  one.write(documentOf(second));
  assert.equal(await one.follower.check(), false);
  assert.equal(await shiftOf(one.session), 1);
  const other = await followed(t, { every: 1e9 });
  const { length } = other.asked;
  assert.equal(other.session.disposed, false);
  await other.session.dispose();
  assert.equal(other.session.disposed, true);
  other.write(documentOf(second));
  for (let i = 0; i < 2; i++) assert.equal(await other.follower.check(), false);
  assert.deepEqual([other.asked.length, other.failures], [length, []]);
});

test('a follower whose session is disposed while it looks ends, too, and by itself', async (t) => {
  const { write, asked, session, follower, failures } = await followed(t, { every: 20 });
  write(documentOf(second));
  const checking = follower.check();
  await session.dispose();
  assert.equal(await checking, false);
  const { length } = asked;
  await new Promise((resolve) => { setTimeout(resolve, 100); });
  assert.equal(asked.length, length);
  assert.ok(failures.every(({ code }) => code === 'Disposed'), String(failures));
});

test('what cannot be followed is refused', async () => {
  const { at } = site();
  const registry = await openRegistry(at('models.json'));
  const stable = await registry.version('shift');
  const session = await engine.load(stable.url, stable.options);
  const byName = await registry.version('shift', '1');
  for (const args of [[{}, stable], [session, byName], [session, undefined], ...[0, -1, NaN, '1', 2 ** 31].map((every) => [session, stable, { every }])]) {
    assert.throws(() => followChannel(...args), insituError('InvalidArgument'));
  }
  for (const [options, pattern] of [
    [{ evry: 5 }, /'evry' is unknown\. Known: golden, /], [{ golden: {} }, /^golden is an object/], [{ onProgress: 5 }, /^onProgress is /], [{ signal: 5 }, /^signal is /],
    [null, /^options is null/], [5, /^options is a number/], [Object.create({ golden: [] }), /^options is no plain object/],
  ]) assert.throws(() => followChannel(session, stable, options), insituError('InvalidArgument', pattern));
  await session.dispose();
});
