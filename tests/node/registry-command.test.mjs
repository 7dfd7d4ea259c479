// insitu registry: what add writes, that versions do not change, that channels go on and back, and what verify finds.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { serve } from '../../scripts/serve.mjs';
import { folderOf, insitu } from './support/command-line.mjs';
import { model, shiftModel } from '../support/onnx-writer.mjs';
import { integrityOf, sha256, signer } from '../support/signer.mjs';

const { pem, privatePem, sign } = signer();
const keys = folderOf({ 'public.pem': pem, 'other.pem': signer().pem });
const value = (name) => ({ name, dtype: 'float32', dims: [2] });
const external = Buffer.from(model({
  nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }], inputs: [value('x')], outputs: [value('y')],
  initializers: [{ ...value('w'), external: { location: 'w.bin', offset: 0, length: 8 } }],
}));

const signed = { '1.onnx': external, 'w.bin': Buffer.alloc(8, 1), 'p.json': Buffer.from('{"a": 1}'), '2.onnx': Buffer.from(shiftModel(2)) };
const signature = sign(signed);

/* A folder with two versions of a model and all that belongs to them, and `insitu registry` in it. */
function site() {
  const folder = folderOf({
    ...signed, '1.sig': signature, 'card.json': {}, 'gates/ok.json': { passed: true }, 'gates/no.json': { verdict: 'failed' }, 'gates/both.json': { passed: false, verdict: 'passed' },
    'data/b/2.txt': 'two', 'data/b-a': 'three', 'data/a b.txt': 'one', 'data/ä': '', 'labels.csv': 'a,b\n',
  });
  const at = (name) => join(folder, name);
  const file = at('models.json');
  const run = (command, ...args) => insitu('registry', command, ...args, ...(command === 'verify' || command === 'list' ? [file] : ['--registry', file]));
  const add = (name, version, ...args) => run('add', at(name), '--name', 'digits', '--version', version, ...args);
  return { folder, at, file, run, add, read: () => JSON.parse(readFileSync(file, 'utf8')), text: () => readFileSync(file, 'utf8') };
}

const fine = async (asked, pattern = /./) => {
  const { status, stdout, stderr } = await asked;
  assert.equal(status, 0, stderr + stdout);
  assert.match(stdout, pattern);
  return stdout;
};
const refused = async (asked, status, pattern) => {
  const got = await asked;
  assert.equal(got.status, status, got.stdout + got.stderr);
  assert.match(got.stderr, pattern);
};

/* Everything that add takes. */
const both = async (one) => {
  const { at, add, run } = one;
  await fine(add('1.onnx', '1.0.0', '--signature', at('1.sig'), '--profile', at('p.json'), '--card', at('card.json'), '--gate', at('gates/ok.json'),
    '--code', 'abc123', '--tool', 'trainer=3.1', '--tool', 'a=1', '--data', `training=${at('data')}`, '--data', `evaluation=${at('labels.csv')}`,
    '--parent', `${integrityOf(Buffer.from('elsewhere'))}=fine-tuned`, '--when', '2026-01-31T12:00:00Z'));
  await fine(add('2.onnx', '2.0.0', '--signature', at('1.sig'), '--parent', '1.0.0=quantized', '--gate', at('gates/no.json')));
  await fine(run('promote', 'digits', '1.0.0'));
  return one;
};

test('add writes digests, sizes, verdicts and where a version comes from', async () => {
  const { at, folder, read, add } = await both(site());
  const bytes = (name) => readFileSync(at(name));
  const file = (name) => ({ url: name, integrity: integrityOf(bytes(name)) });
  const whole = (name) => ({ url: name, bytes: bytes(name).length, integrity: integrityOf(bytes(name)) });
  const shell = 'find . -type f -printf "%P\\n" | LC_ALL=C sort | xargs -d "\\n" sha256sum | sha256sum';
  const digest = execFileSync('bash', ['-c', shell], { cwd: at('data'), encoding: 'utf8' }).slice(0, 64);
  const { format, models: { digits } } = read();
  assert.equal(format, 'insitu-models/1');
  assert.deepEqual(digits.versions['1.0.0'], {
    ...whole('1.onnx'), externalData: { 'w.bin': whole('w.bin') }, signature: { ...file('1.sig'), name: '1.onnx' },
    card: file('card.json'), profile: file('p.json'),
    gates: [{ ...file('gates/ok.json'), verdict: 'passed', when: '2026-01-31T12:00:00Z' }],
    provenance: {
      code: 'abc123',
      data: [{ kind: 'training', name: 'data', sha256: digest, files: 4, bytes: 11 },
        { kind: 'evaluation', name: 'labels.csv', sha256: sha256(bytes('labels.csv')), files: 1, bytes: 4 }],
      tools: { a: '1', trainer: '3.1' },
      parents: [{ how: 'fine-tuned', integrity: integrityOf(Buffer.from('elsewhere')) }],
    },
  });
  writeFileSync(at('rows.jsonl'), 'no line\n{"feeds": {"x": "data/b-a", "y": "gone", "z": 3}}\nnull\n');
  assert.equal((await add('2.onnx', '3.0.0', '--data', `evaluation=${at('rows.jsonl')}`)).status, 0);
  const listed = execFileSync('bash', ['-c', 'sha256sum data/b-a rows.jsonl | sha256sum'], { cwd: folder, encoding: 'utf8' }).slice(0, 64);
  const [lines] = read().models.digits.versions['3.0.0'].provenance.data;
  assert.deepEqual(lines, { kind: 'evaluation', name: 'rows.jsonl', sha256: listed, files: 2, bytes: 5 + bytes('rows.jsonl').length });
  assert.deepEqual(digits.versions['2.0.0'].provenance.parents, [{ how: 'quantized', integrity: whole('1.onnx').integrity, model: 'digits', version: '1.0.0' }]);
  assert.deepEqual(readdirSync(folder).filter((name) => name.includes('.tmp')), []);
});

test('the same inputs give the same bytes', async () => {
  const [one, other] = [await both(site()), await both(site())];
  assert.equal(one.text(), other.text());
  const before = one.text();
  await both(one);
  assert.equal(one.text(), before);
});

test('a version does not change, except by --force', async () => {
  const { at, add, text, read } = await both(site());
  const before = text();
  await refused(add('2.onnx', '1.0.0'), 1, /has another digits 1\.0\.0.*\n.*--force/);
  await refused(add('1.onnx', '1.0.0'), 1, /has another digits 1\.0\.0/);
  appendFileSync(at('2.onnx'), 'x');
  await refused(add('2.onnx', '2.0.0'), 1, /has another digits 2\.0\.0/);
  assert.equal(text(), before);
  await fine(add('2.onnx', '2.0.0', '--force'));
  assert.equal(read().models.digits.versions['2.0.0'].integrity, integrityOf(readFileSync(at('2.onnx'))));
});

test('channels go on and back, and know where they were', async () => {
  const { at, add, run, read, text } = await both(site());
  await refused(run('promote', 'digits', '2.0.0'), 1, /2\.0\.0 did not pass gates\/no\.json/);
  await fine(add('2.onnx', '3.0.0', '--gate', at('gates/ok.json'), '--gate', at('gates/both.json')));
  assert.deepEqual(read().models.digits.versions['3.0.0'].gates.map(({ verdict }) => verdict), ['passed', 'failed']);
  await refused(run('promote', 'digits', '3.0.0'), 1, /3\.0\.0 did not pass gates\/both\.json/);
  await fine(run('promote', 'digits', '2.0.0', '--force', '--when', '2026-02-01T00:00:00Z'), /^digits stable: 1\.0\.0 -> 2\.0\.0 \(promoted\)$/m);
  await fine(add('2.onnx', '10', '--parent', `${at('1.onnx')}=converted`));
  await fine(run('promote', 'digits', '10'));
  const before = text();
  await fine(run('promote', 'digits', '10'), /10 already/);
  assert.equal(text(), before);
  await fine(run('rollback', 'digits'), /^digits stable: 10 -> 2\.0\.0 \(rolled back\)$/m);
  await fine(run('rollback', 'digits'), /2\.0\.0 -> 1\.0\.0/);
  await refused(run('rollback', 'digits'), 1, /named no other version before/);
  const { channels } = read().models.digits;
  assert.deepEqual(channels.stable.history.map(({ version, how, when }) => [version, how, when]), [['1.0.0', 'promoted', undefined],
    ['2.0.0', 'promoted', '2026-02-01T00:00:00Z'], ['10', 'promoted', undefined], ['2.0.0', 'rolled back', undefined], ['1.0.0', 'rolled back', undefined]]);
  assert.equal(channels.stable.version, '1.0.0');
  await fine(run('promote', 'digits', '10', '--channel', 'canary'));
  assert.match(await fine(run('list')), /^digits {2}1\.0\.0 +[\d,]+ bytes {2}stable {2}signed {2}1 of 1 gates passed\n.*0 of 1 gates passed\n.*1 of 2 gates passed\ndigits {2}10 .*canary\n$/);
  await refused(run('promote', 'digits', '9'), 1, /no version '9' of digits.*\n.*1\.0\.0, 2\.0\.0, 3\.0\.0, 10/);
  await refused(run('promote', 'other', '9'), 1, /no model 'other'/);
  await refused(run('promote', 'digits', '10', '--channel', '2.0.0'), 2, /is the name of a version/);
  await refused(add('2.onnx', 'canary'), 2, /--version canary is the name of a channel/);
  await fine(run('add', at('2.onnx'), '--name', 'others', '--version', 'canary'));
});

test('a model may be called as a member of every object is', async () => {
  const { run, at, add } = await both(site());
  await fine(run('add', at('2.onnx'), '--name', 'constructor', '--version', '1'));
  assert.match(await fine(run('list')), /^constructor {2}1 /m);
});

test('SOURCE_DATE_EPOCH says when', async () => {
  const { run, read } = await both(site());
  process.env.SOURCE_DATE_EPOCH = '1769860800';
  try {
    await fine(run('promote', 'digits', '2.0.0', '--force'));
    assert.equal(read().models.digits.channels.stable.history.at(-1).when, '2026-01-31T12:00:00Z');
  } finally {
    delete process.env.SOURCE_DATE_EPOCH;
  }
});

test('a registry that is whole holds, on disk and on a site', async () => {
  const { folder, run } = await both(site());
  const key = ['--key', join(keys, 'other.pem'), '--key', join(keys, 'public.pem')];
  const said = await fine(run('verify', ...key), /^\d+ of \d+ hold$/m);
  assert.match(said, /^holds {2}digits {2}1\.0\.0 {2}signed$/m);
  assert.match(said, /^holds {2}digits {2}2\.0\.0 {2}gate gates\/no\.json +failed$/m);
  const server = await serve({ root: folder });
  try {
    assert.equal(await fine(insitu('registry', 'verify', `${server.url}models.json`, ...key)), said);
  } finally {
    await server.close();
  }
});

const key = ['--key', join(keys, 'public.pem')];
const edit = (change) => (one) => {
  const document = one.read();
  change(document.models.digits);
  writeFileSync(one.file, JSON.stringify(document));
};
for (const [what, tamper, finding, flags = []] of [
  ['a model that is longer', ({ at }) => appendFileSync(at('1.onnx'), 'x'), /^changed +digits +1\.0\.0 +model 1\.onnx +\d+ bytes instead of \d+$/m],
  ['a byte of a model', ({ at }) => writeFileSync(at('w.bin'), Buffer.alloc(8, 2)), /^changed +digits +1\.0\.0 +data w\.bin +its SHA-256 is another$/m],
  ['a model that is gone', ({ at }) => rmSync(at('2.onnx')), /^missing +digits +2\.0\.0 +model 2\.onnx +cannot read/m],
  ['a signature', ({ at }) => appendFileSync(at('1.sig'), ' '), /^changed +digits +1\.0\.0 +signature 1\.sig/m],
  ['a card', ({ at }) => appendFileSync(at('card.json'), ' '), /^changed +digits +1\.0\.0 +card card\.json/m],
  ['a profile', ({ at }) => writeFileSync(at('p.json'), '{"a": 2}'), /^changed +digits +1\.0\.0 +profile p\.json/m],
  ['a report of a gate', ({ at }) => writeFileSync(at('gates/ok.json'), '{"passed":true }'), /^changed +digits +1\.0\.0 +gate gates\/ok\.json/m],
  ['an address that is none', edit(({ versions }) => { versions['1.0.0'].card.url = 'data:,x'; }), /^missing +digits +1\.0\.0 +card data:,x +'data:,x' is no address/m],
  ['a verdict', edit(({ versions }) => { versions['2.0.0'].gates[0].verdict = 'passed'; }), /^wrong +digits +2\.0\.0 +gate gates\/no\.json +says failed, not passed$/m],
  ['a channel on a version that failed', edit(({ channels }) => {
    channels.stable = { version: '2.0.0', history: [...channels.stable.history, { version: '2.0.0', how: 'promoted' }] };
  }), /^wrong +digits +2\.0\.0 +channel stable +did not pass gates\/no\.json$/m],
  ['a parent', ({ add }) => fine(add('2.onnx', '1.0.0', '--force')), /^changed +digits +2\.0\.0 +parent digits 1\.0\.0 +it is another model now$/m],
  ['another key', () => {}, /^wrong +digits +1\.0\.0 +signed +the signature was made by no key that is pinned/m, ['--key', join(keys, 'other.pem')]],
  ['no signature', edit(({ versions }) => { delete versions['2.0.0'].signature; }), /^wrong +digits +2\.0\.0 +signed +it has no signature$/m, key],
  ['another model of the same signature', edit(({ versions }) => { Object.assign(versions['2.0.0'], { ...versions['1.0.0'], externalData: undefined, signature: versions['2.0.0'].signature }); }),
    /^wrong +digits +2\.0\.0 +signed +2\.onnx is not signed as it is here$/m, key],
  ['external data and its digest', (one) => {
    const bytes = Buffer.alloc(8, 3);
    writeFileSync(one.at('w.bin'), bytes);
    edit(({ versions }) => { versions['1.0.0'].externalData['w.bin'].integrity = integrityOf(bytes); })(one);
  }, /^wrong +digits +1\.0\.0 +signed +w\.bin is not signed as it is here$/m, key],
  ['a profile and its digest', (one) => {
    writeFileSync(one.at('p.json'), '{}');
    edit(({ versions }) => { versions['1.0.0'].profile.integrity = integrityOf(Buffer.from('{}')); })(one);
  }, /^wrong +digits +1\.0\.0 +signed +p\.json is not signed as it is here$/m, key],
  ['a profile under another name', ({ at, ...one }) => {
    writeFileSync(at('q.json'), signed['p.json']);
    edit(({ versions }) => { versions['1.0.0'].profile.url = 'q.json'; })(one);
  }, /^wrong +digits +1\.0\.0 +signed +q\.json is not signed as it is here$/m, key],
  ['a profile that was signed under two names', ({ at, ...one }) => {
    const { 'p.json': profile, ...others } = signed;
    writeFileSync(at('1.sig'), sign({ ...others, 'x/p.json': profile, 'y/p.json': profile }));
    edit(({ versions }) => { for (const { signature } of Object.values(versions)) signature.integrity = integrityOf(readFileSync(at('1.sig'))); })(one);
  }, /^wrong +digits +1\.0\.0 +signed +p\.json is not signed as it is here$/m, key],
  ['a signature that is at no address', edit(({ versions }) => { versions['1.0.0'].signature.url = 'data:,x'; }),
    /^missing +digits +1\.0\.0 +signature data:,x.*\n(.*\n)*wrong +digits +1\.0\.0 +signed +'data:,x' is no address/m, key],
  ['a report of a gate that is none', ({ at, ...one }) => {
    writeFileSync(at('gates/ok.json'), '[]');
    edit(({ versions }) => { versions['1.0.0'].gates[0].integrity = integrityOf(Buffer.from('[]')); })(one);
  }, /^wrong +digits +1\.0\.0 +gate gates\/ok\.json +gates\/ok\.json is no report of a gate.*\n(.*\n)*holds +digits +2\.0\.0 +gate gates\/no\.json/m],
]) {
  test(`verify finds ${what}`, async () => {
    const one = await both(site());
    await tamper(one);
    const { status, stdout } = await one.run('verify', ...flags);
    assert.equal(status, 1, stdout);
    assert.match(stdout, finding);
    const json = JSON.parse((await one.run('verify', '--json', '-', ...flags)).stdout);
    assert.equal(json.holds, false);
    assert(json.findings.some(({ state }) => state !== 'holds'));
  });
}

test('verify --signature looks at models.json itself', async () => {
  const { file, at, run, text, folder } = await both(site());
  const ours = ['--key', join(keys, 'public.pem')];
  writeFileSync(at('key.pem'), privatePem);
  await fine(insitu('sign', file, '--key', at('key.pem')));
  const signed = ['--signature', `${file}.sig`];
  assert.match(await fine(run('verify', ...ours, ...signed)), /^holds +registry signed/m);
  const wrong = async (why, ...args) => {
    const { status, stdout } = await run('verify', ...args);
    assert.equal(status, 1);
    assert.match(stdout, new RegExp(`^wrong +registry signed +${why}`, 'm'));
  };
  await wrong('the signature was made by no key', '--key', join(keys, 'other.pem'), ...signed);
  await wrong('cannot read .*none.sig', ...ours, '--signature', at('none.sig'));
  await wrong("'models.json' is not among the files", ...ours, '--signature', at('1.sig'));
  await refused(run('verify', ...signed), 2, /--signature wants --key/);
  for (const name of ['1.onnx', 'w.bin', '1.sig', 'card.json', 'p.json', 'gates/ok.json']) await refused(run('verify', '--json', at(name)), 2, /--json names a file of the registry itself/);
  await refused(run('verify', ...ours, '--json', join(keys, 'public.pem')), 2, /--json names the file of --key itself/);
  await refused(run('verify', ...ours, ...signed, '--json', `${file}.sig`), 2, /--json names the signature itself/);
  const server = await serve({ root: folder });
  try {
    await fine(insitu('registry', 'verify', `${server.url}models.json`, ...ours, '--signature', `${server.url}models.json.sig`), /^holds +registry signed/m);
  } finally {
    await server.close();
  }
  assert.doesNotMatch(await fine(run('promote', 'digits', '1.0.0')), /sign it again/);
  assert.match(await fine(run('promote', 'digits', '1.0.0', '--channel', 'beta')), /\.sig is of .* as it was: sign it again$/m);
  await wrong('.*models.json is not the one that was signed', ...ours, ...signed);
  const { findings } = JSON.parse((await run('verify', ...ours, ...signed, '--json', '-')).stdout);
  assert.deepEqual(Object.keys(findings[0]), ['what', 'state', 'why']);
});

test('what cannot be added is refused, and nothing is written', async () => {
  const one = site();
  const { at, add, run, file } = one;
  symlinkSync(at('1.onnx'), at('link.onnx'));
  symlinkSync(at('1.onnx'), at('data/b/link'));
  const outside = folderOf({ 'm.onnx': 'x' });
  writeFileSync(at('short.onnx'), readFileSync(at('1.onnx')).subarray(0, 20));
  writeFileSync(at('list.json'), '[]');
  for (const [asked, status, pattern] of [
    [run('add'), 2, /pass one MODEL/], [run('add', at('1.onnx'), '--name', 'a'), 2, /wants --version/], [add('1.onnx', 'a b'), 2, /--version wants letters/],
    [add('1.onnx', '1', '--data', at('data')), 2, /--data wants/], [add('1.onnx', '1', '--data', `test=${at('data')}`), 2, /--data wants training=DIR/],
    [add('1.onnx', '1', '--data', `training=${at('data')}`), 1, /data\/b\/link is no file, but a link/], [add('1.onnx', '1', '--data', 'training=none'), 1, /there is no none/],
    [add('1.onnx', '1', '--parent', '1'), 2, /--parent wants VERSION=HOW/], [add('1.onnx', '1', '--parent', '0.9=quantized'), 1, /has no digits 0\.9, and there is no file/],
    [add('1.onnx', '1', '--when', 'today'), 2, /--when wants a time/], [add('1.onnx', '1', '--gate', at('card.json')), 1, /no report of a gate/],
    [add('1.onnx', '1', '--signature', at('card.json')), 1, /Integrity: the signature .* no Sigstore bundle/], [add('link.onnx', '1'), 1, /is no file/],
    [add('1.onnx', '1', '--card', at('none.json')), 1, /none\.json is no file/], [add('1.onnx', '1', '--card', join(outside, 'm.onnx')), 1, /not in the folder of/],
    [add('1.onnx', 'stable'), 2, /--version stable is the name of a channel/], [add('card.json', '1'), 1, /InvalidModel: .*card\.json is no ONNX model/], [add('labels.csv', '1'), 1, /labels\.csv is no ONNX model/],
    [add('short.onnx', '1'), 1, /short\.onnx is no ONNX model/], [add('1.onnx', '1', '--card', at('labels.csv')), 1, /InvalidArgument: .*labels\.csv is no JSON[^]*insitu card/], [add('1.onnx', '1', '--profile', at('list.json')), 1, /list\.json is no JSON object\n.*insitu profile/],
    [run('promote', 'digits', '1'), 1, /cannot read .*models\.json/], [run('verify'), 1, /cannot read .*models\.json/], [run('list'), 1, /cannot read .*models\.json/],
    [insitu('registry'), 2, /pass add, promote/], [insitu('registry', 'remove'), 2, /there is no 'insitu registry remove'/],
  ]) await refused(asked, status, pattern);
  assert(!existsSync(file));
  writeFileSync(at('p.json'), '{"changed": 1}');
  writeFileSync(at('q.json'), signed['p.json']);
  for (const name of ['p.json', 'q.json']) {
    await refused(add('1.onnx', '1', '--signature', at('1.sig'), '--profile', at(name)), 1, new RegExp(`does not list .*${name.replace('.', '\\.')} as it is`));
  }
  appendFileSync(at('1.onnx'), 'x');
  await refused(add('1.onnx', '1', '--signature', at('1.sig')), 1, /does not list .*1\.onnx as it is/);
  writeFileSync(file, '{"format": "insitu-models/1", "models": {"digits": {"versions": {}}}}');
  await refused(add('2.onnx', '1'), 1, /InvalidModel: .*models\.json: models\.digits\.channels is missing/);
  await refused(run('list', '--json', file), 2, /--json names the registry itself/);
  writeFileSync(file, 'x');
  await refused(run('list'), 1, /is no JSON/);
});
