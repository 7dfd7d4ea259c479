// insitu gate as a user meets it: a planted loss fails and the same model passes, every kind of threshold, evaluations of other models,
// the same bytes each time, exit statuses, and the recipe of docs/how-to/gate.md as it stands there.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { Hand, rasterize } from '../models/second-generator.mjs';
import { blocks } from '../readme/support/documents.mjs';
import { model, shiftModel, tensorProto } from '../support/onnx-writer.mjs';
import { sha256 } from '../support/signer.mjs';
import { folderOf, insitu } from './support/command-line.mjs';
import { cli, flavours } from './support/insitu.mjs';

const models = fileURLToPath(new URL('../../models/handwriting/', import.meta.url));
const [float, int8] = ['fp32', 'int8'].map((name) => readFileSync(join(models, `handwriting_${name}.onnx`)));
/* Some weights are 0. */
const damaged = Buffer.from(float).fill(0, 60_000, 62_900);
const count = 400;
const drawn = Array.from({ length: count }, (_, i) => new Hand(i).next()).map(({ digit, strokes }) => ({ digit, image: rasterize(strokes) }));

function npy(descr, shape, data) {
  const header = `${`{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`.padEnd(117)}\n`;
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), Buffer.from([header.length, 0]), Buffer.from(header), Buffer.from(data.buffer)]);
}
const digits = { 'image.npy': npy('<f4', [count, 1, 28, 28], Float32Array.from(drawn.flatMap(({ image }) => [...image]))), 'labels.npy': npy('<i4', [count], Int32Array.from(drawn, ({ digit }) => digit)) };

/* Scores of two classes as they are fed, 2,000 rows from a generator, and the first 20 off. */
const identity = (more = {}) => model({
  nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }], inputs: [{ name: 'x', dtype: 'float32', dims: ['n', 2] }], outputs: [{ name: 'y', dtype: 'float32', dims: ['n', 2] }], ...more,
});
const noise = (i) => ((Math.imul(i + 1, 2654435761) >>> 0) / 2 ** 32);
const rows = (from, to, of) => npy('<f4', [to - from, 2], Float32Array.from({ length: 2 * (to - from) }, (_, k) => (k % 2 ? 1 - of(from + (k >> 1)) : of(from + (k >> 1)))));
const labelled = (from, to, of) => npy('<i4', [to - from], Int32Array.from({ length: to - from }, (_, i) => Number(of(from + i) < 0.5 !== (i % 25 === 0))));
const ranked = Array.from({ length: 500 }, (_, i) => noise(i)).sort((a, b) => a - b);
const small = {
  'm.onnx': identity(), 'same.onnx': identity({ metadata: { copy: 'yes' } }),
  'test/x.npy': rows(0, 500, noise), 'test/labels.npy': labelled(0, 500, noise), 'learn/x.npy': rows(500, 2500, noise),
  'sorted/x.npy': rows(0, 500, (i) => ranked[i]),
  'moved/x.npy': rows(0, 500, (i) => noise(i) ** 2), 'moved/labels.npy': labelled(0, 500, (i) => noise(i) ** 2),
};
const folder = folderOf({ ...Object.fromEntries(Object.entries(digits).map(([name, bytes]) => [`digits/${name}`, bytes])), 'float.onnx': float, 'int8.onnx': int8, 'damaged.onnx': damaged, ...small });
const at = (name) => join(folder, name);
const flavour = ['--flavour', flavours[0]];
let written = 0;
async function gated(document, ...args) {
  const [file, report] = [`gate${++written}.json`, at(`report${written}.json`)];
  writeFileSync(at(file), typeof document === 'string' ? document : JSON.stringify({ format: 'insitu-gate/1', ...document }));
  const got = await insitu('gate', at(file), '--json', report, ...args, ...flavour);
  return { ...got, file: at(file), report: existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined, text: existsSync(report) ? readFileSync(report, 'utf8') : '' };
}
const verdicts = ({ report }) => report.checks.map(({ verdict }) => verdict);
async function passes(document, ...args) {
  const got = await gated(document, ...args);
  assert.deepEqual([got.status, got.report?.passed], [0, true], got.stdout + got.stderr);
  return got;
}
async function fails(document, why) {
  const got = await gated(document);
  assert.deepEqual([got.status, got.report?.passed], [1, false], got.stdout + got.stderr);
  if (why) assert.match(got.report.checks.map((check) => check.why ?? '').join('\n'), why);
  return got;
}

const strict = { metrics: { accuracy: { min: 0.985, minRatio: 0.99, maxLoss: 0.0149, nonInferior: { margin: 0.0149 } } } };
test('of real models: the same one and the int8 one pass, a planted loss of 1.5 points fails', async () => {
  const of = (its) => ({ model: its, baseline: 'float.onnx', data: 'digits', thresholds: strict });
  const same = await passes(of('float.onnx')), quantized = await passes(of('int8.onnx')), lost = await fails(of('damaged.onnx'));
  assert.match(same.stdout, /^accuracy {2}at least 0\.985 +0\.9975 +passed$/m);
  assert.match(same.stdout, /^passed: 4 of 4 checks passed$/m);
  assert.deepEqual(verdicts(quantized), new Array(4).fill('passed'));
  const loss = Number(/^[\d.]+/.exec(lost.report.checks[2].measured)[0]);
  assert.ok(loss >= 0.015 && loss < 0.03, `${loss}`);
  assert.deepEqual(verdicts(lost), new Array(4).fill('failed'));
  assert.match(lost.stdout, /^failed: 0 of 4 checks passed, 4 failed$/m);
  const { format, model: { name, sha256: of_ }, baseline, gate: { sha256: its }, times } = lost.report;
  assert.deepEqual([format, name, of_, baseline.sha256, its, times], ['insitu-gate-report/1', 'damaged.onnx', sha256(damaged), sha256(float), sha256(readFileSync(lost.file)), undefined]);
  const [added, refused] = await Promise.all([[same, '1'], [lost, '2']].map(([{ file }, version]) => insitu('registry', 'add', at('float.onnx'), '--name', 'digits', '--version', version,
    '--registry', at(`models${version}.json`), '--gate', file.replace('gate', 'report').replace(/(.*)gate/, '$1report'))));
  assert.deepEqual([added.status, refused.status], [0, 0], added.stderr + refused.stderr);
  assert.equal((await insitu('registry', 'promote', 'digits', '1', '--registry', at('models1.json'))).status, 0);
  assert.match((await insitu('registry', 'promote', 'digits', '2', '--registry', at('models2.json'))).stderr, /did not pass/);
});

test('the same bytes each time, and no clock but in times', async () => {
  const document = { model: 'm.onnx', baseline: 'same.onnx', data: 'test', slices: 'auto', thresholds: { metrics: { accuracy: { min: 0.9, minRatio: 1, mcnemar: {} } }, slices: { min: 0.5, maxLoss: 0 }, size: { raw: { max: 1e6 } } } };
  const runs = [];
  for (const name of ['a', 'b']) runs.push(await passes(document, '--markdown', at(`${name}.md`), '--junit', at(`${name}.xml`)));
  writeFileSync(runs[1].file, readFileSync(runs[0].file));
  const named = (text, { file }) => text.replaceAll(file.split('/').at(-1), 'gate');
  assert.equal(named(runs[0].text, runs[0]), named(runs[1].text, runs[1]));
  assert.equal(runs[0].stdout, runs[1].stdout);
  for (const ending of ['md', 'xml']) assert.equal(named(readFileSync(at(`a.${ending}`), 'utf8'), runs[0]), named(readFileSync(at(`b.${ending}`), 'utf8'), runs[1]), ending);
  const timed = { model: 'm.onnx', baseline: 'same.onnx', data: 'test', runs: 140, thresholds: { latency: { p95: { maxMs: 1e6, maxRatio: 1e6 } } } };
  const [withTimes, without] = [await passes(timed, '--markdown', at('t.md'), '--junit', at('t.xml')), await passes(timed, '--no-times', '--markdown', at('n.md'), '--junit', at('n.xml'))];
  assert.match(withTimes.report.times[0], /^[\d.]+ ms \(estimate of 140 runs\)$/);
  assert.deepEqual([without.report.times, withTimes.report.checks[0].measured], [undefined, null]);
  const files = (name) => readFileSync(at(`${name}.md`), 'utf8') + readFileSync(at(`${name}.xml`), 'utf8');
  assert.match(files('t'), / ms /);
  assert.doesNotMatch(files('n') + without.text + without.stdout, /\d ms \(|ms, the/);
  await fails({ ...timed, thresholds: { latency: { p95: { maxMs: 1e-6 } } }, baseline: undefined });
  await fails({ ...timed, runs: 100 }, /100 runs were timed, 130 are needed/);
});

test('slices, and found ones against the baseline', async () => {
  const declared = { low: { column: 'class', is: '1' }, odd: { column: 'class', is: '7' } };
  const of = (its, thresholds) => ({ model: its, baseline: 'float.onnx', data: 'digits', slices: declared, thresholds: { slices: thresholds } });
  await passes(of('int8.onnx', { min: 0.9, maxLoss: 0.03 }));
  const { report } = await fails({ ...of('damaged.onnx', { maxLoss: 0.001 }), slices: 'auto' });
  assert.ok(report.checks.length > 0 && report.checks.every(({ kind, verdict }) => kind === 'slice' && ['failed', 'passed'].includes(verdict)), JSON.stringify(report.checks));
});

test('size: raw and brotli, absolute and against the baseline', async () => {
  const packed = brotliCompressSync(int8).length;
  const of = (raw, brotli) => ({ model: 'int8.onnx', baseline: 'float.onnx', thresholds: { size: { raw: { max: raw, maxRatio: raw / float.length }, brotli: { max: brotli } } } });
  assert.match((await passes(of(int8.length, packed * 1.02))).stdout, /^size +at most 55,746 bytes +55,746 bytes +passed$/m);
  assert.deepEqual(verdicts(await fails(of(int8.length - 1, packed * 0.98))), ['failed', 'failed', 'failed']);
});

test('drift against the profile that the same source gave, and another one', async () => {
  const made = await insitu('profile', at('m.onnx'), '--data', at('learn'), '-o', at('p.json'), ...flavour);
  assert.equal(made.status, 0, made.stderr);
  const of = (data) => ({ model: 'm.onnx', data, profile: 'p.json', thresholds: { drift: { alpha: 0.001, maxPsi: 0.1 } } });
  const { report: { checks } } = await passes(of('test'));
  assert.match(checks[0].measured, /^least p [\d.e-]+, of '/);
  assert.deepEqual((await passes(of('sorted'))).report.checks, checks, 'neighbours that resemble each other count, too');
  assert.deepEqual(verdicts(await fails(of('moved'))), ['failed', 'failed']);
  writeFileSync(at('few.jsonl'), '{"feeds": {"x": [[0.5, 0.5]]}, "label": 1}\n');
  await fails(of('few.jsonl'), /InvalidArgument: .*20 rows/);
});

test('conformance', async () => {
  const set = (name, y) => {
    mkdirSync(at(`cases/${name}/test_data_set_0`), { recursive: true });
    writeFileSync(at(`cases/${name}/model.onnx`), shiftModel(1));
    for (const [file, data] of [['input_0', [1, 2, 3, 4]], ['output_0', y]]) writeFileSync(at(`cases/${name}/test_data_set_0/${file}.pb`), tensorProto(file[0] === 'i' ? 'x' : 'y', 'float32', [1, 4], Float32Array.from(data)));
  };
  const document = { model: 'm.onnx', cases: ['cases'], thresholds: { conformance: {} } };
  await fails(document, /there is no folder cases/);
  set('right', [2, 3, 4, 5]);
  assert.equal((await passes(document)).report.checks[0].measured, '1 passed, 0 failed, 0 skipped');
  set('wrong', [2, 3, 4, 6]);
  await fails(document, /failed: cases\/wrong/);
});

test('evaluations in files are taken by digest alone', async () => {
  const evaluation = async (its, to, ...more) => assert.equal((await insitu('evaluate', at(its), '--data', at('test'), '--json', at(to), ...more, ...flavour)).status, 0);
  await evaluation('m.onnx', 'm.json');
  await evaluation('same.onnx', 'same.json');
  const of = (more) => ({ model: 'm.onnx', data: 'test', evaluation: 'm.json', thresholds: { metrics: { accuracy: { min: 0.9 } } }, ...more });
  await passes(of());
  await fails(of({ evaluation: 'same.json' }), /^Integrity: the evaluation same\.json is of another model/);
  await fails(of({ data: 'moved' }), /is of other data/);
  writeFileSync(at('labels.txt'), '1\n'.repeat(500));
  await fails(of({ data: { path: 'test', labels: 'labels.txt' } }), /is of other data/);
  await fails(of({ evaluation: 'none.json' }), /cannot read none\.json/);
  const ratio = { metrics: { accuracy: { minRatio: 1 } } }, right = sha256(readFileSync(at('same.onnx')));
  await passes(of({ thresholds: ratio, baseline: { evaluation: 'same.json', sha256: right } }));
  await passes(of({ thresholds: ratio, baseline: { evaluation: 'same.json', model: 'same.onnx' } }));
  await fails(of({ thresholds: ratio, baseline: { evaluation: 'm.json', sha256: right } }), /m\.json is of another model/);
  await fails(of({ thresholds: ratio, baseline: { evaluation: 'm.json', model: 'same.onnx' } }), /m\.json is of another model/);
  await fails(of({ thresholds: ratio, baseline: { model: 'm.onnx', sha256: right } }), /m\.onnx is not the baseline/);
  await fails(of({ thresholds: { metrics: { accuracy: { mcnemar: {} } } }, baseline: 'same.onnx' }), /each sample is not known of the model/);
});

test('an evaluation in a file counts only where it was read and cut as the gate says', async () => {
  const evaluation = async (to, ...more) => {
    const { status, stderr } = await insitu('evaluate', at('m.onnx'), '--data', at('test'), '--json', at(to), ...more, ...flavour);
    assert.equal(status, 0, stderr);
    return to;
  };
  const low = { low: { column: 'class', is: '0' } }, metrics = { metrics: { accuracy: { min: 0.9 }, ece: { max: 1 } } };
  writeFileSync(at('low.json'), JSON.stringify(low));
  const of = (name, more) => ({ model: 'm.onnx', data: 'test', evaluation: name, thresholds: metrics, ...more });
  const sliced = (name, more) => of(name, { thresholds: { slices: { min: 0.1 } }, ...more });
  const plain = await evaluation('plain.json'), logits = await evaluation('logits.json', '--logits', '--output', 'y'), cut = await evaluation('cut.json', '--slices', at('low.json'), '--min-support', '30', '--bins', '10');
  const [read, bins, minSupport] = [{ path: 'test', logits: true, output: 'y' }, { bins: 10 }, { minSupport: 30 }];
  await passes(of(logits, { data: read }));
  for (const [name, data] of [[logits, 'test'], [plain, read], [logits, { ...read, task: 'classification' }]]) await fails(of(name, { data }), /is of other data, or of data that were read in another way/);
  await passes(of(cut, { options: bins }));  // no threshold asks for its slices
  await fails(of(cut), /^Integrity: the evaluation cut\.json is of 10 bins, not 15/);
  await passes(sliced(cut, { options: { ...bins, ...minSupport } }));
  await passes(sliced(cut, { options: { ...bins, ...minSupport }, slices: low }));
  await fails(sliced(cut, { options: bins }), /is of slices of 30 samples, not 20/);
  for (const slices of ['auto', { low: { column: 'class', is: '1' } }, { other: low.low }, { ...low, more: low.low }]) await fails(sliced(cut, { options: { ...bins, ...minSupport }, slices }), /is of other slices/);
  await fails(sliced(plain, { slices: low }), /is of other slices/);
  writeFileSync(at('strange.json'), JSON.stringify({ ...JSON.parse(readFileSync(at(plain), 'utf8')), format: 'insitu-evaluation/2' }));
  await fails(of('strange.json'), /^Integrity: the evaluation strange\.json is none of the format insitu-evaluation\/1/);
});

test('a gate does not take an evaluation of files that have changed since', async () => {
  for (const name of ['named/0.npy', 'named/1.npy']) mkdirSync(at('named'), { recursive: true }), writeFileSync(at(name), npy('<f4', [1, 2], Float32Array.of(0.9, 0.1)));
  writeFileSync(at('named/rows.jsonl'), [0, 1].map((i) => JSON.stringify({ feeds: { x: `${i}.npy` }, label: 0 })).join('\n'));
  assert.equal((await insitu('evaluate', at('m.onnx'), '--data', at('named/rows.jsonl'), '--json', at('named.json'), ...flavour)).status, 0);
  const document = { model: 'm.onnx', data: 'named/rows.jsonl', evaluation: 'named.json', thresholds: { metrics: { accuracy: { min: 0.9 } } } };
  await passes(document);
  writeFileSync(at('named/1.npy'), npy('<f4', [1, 2], Float32Array.of(0.1, 0.9)));
  await fails(document, /is of other data/);
});

test('what cannot be measured fails by name, and leaves no report of before', async () => {
  const document = { model: 'm.onnx', data: 'test', thresholds: { metrics: { accuracy: { min: 0.9 } }, size: { raw: { max: 1e6 } } } };
  const { file } = await passes(document);
  const report = file.replace(/gate(\d+)\.json$/, 'report$1.json');
  writeFileSync(file, JSON.stringify({ format: 'insitu-gate/1', ...document, model: 'gone.onnx' }));
  assert.equal((await insitu('gate', file, '--json', report, ...flavour)).status, 1);
  const { passed, checks, model: { sha256: none } } = JSON.parse(readFileSync(report, 'utf8'));
  assert.deepEqual([passed, none, checks.map(({ verdict }) => verdict)], [false, null, ['unmeasured', 'unmeasured']]);
  assert.match(checks[0].why, /^InvalidArgument: there is no gone\.onnx\./);
  symlinkSync(at('test/x.npy'), at('moved/link'));
  await fails({ ...document, data: 'moved' }, /link is no file, but a link/);
  assert.deepEqual((await fails({ ...document, data: 'learn' }, /has a label/)).report.checks.map(({ verdict }) => verdict), ['unmeasured', 'passed']);
  assert.equal((await insitu('gate', file, '--json', report, '--flavour', 'none')).status, 2);
});

test('no report of before is left, whatever is wrong; what is none is left alone', async () => {
  const document = { format: 'insitu-gate/1', model: 'm.onnx', thresholds: { size: { raw: { max: 1e6 } } } };
  const reports = ['json', 'markdown', 'junit'].map((flag) => [flag, at(`before.${flag}`)]), args = reports.flatMap(([flag, file]) => [`--${flag}`, file]);
  writeFileSync(at('before.json.gate'), JSON.stringify(document));
  for (const [status, broken] of [[2, '{'], [2, '{}'], [1, JSON.stringify({ ...document, model: '.' })], [2, JSON.stringify({ ...document, modle: 1 })]]) {
    assert.equal((await insitu('gate', at('before.json.gate'), ...args, ...flavour)).status, 0);
    for (const [, file] of reports) assert(existsSync(file), file);
    writeFileSync(at('broken.json'), broken);
    const got = await insitu('gate', at('broken.json'), ...args);
    assert.equal(got.status, status, got.stderr);
    for (const [, file] of reports) assert(!existsSync(file), `${broken} leaves ${file}`);
  }
  for (const gate of ['{', JSON.stringify(document)]) {
    writeFileSync(at('broken.json'), gate);
    await insitu('gate', at('broken.json'), '--json', at('m.onnx'));
    assert.deepEqual(readFileSync(at('m.onnx')), Buffer.from(small['m.onnx']));
  }
});

test('what is no model does not pass by its size, nor by cases that are of others', async () => {
  for (const [name, bytes] of [['empty.onnx', ''], ['json.onnx', '{"a": 1}'], ['text.onnx', 'no model']]) {
    writeFileSync(at(name), bytes);
    const size = { size: { raw: { max: 1e6 } } };
    assert.deepEqual(verdicts(await fails({ model: name, thresholds: size }, /not an ONNX model/)), ['unmeasured']);
    await fails({ model: 'm.onnx', baseline: name, thresholds: { size: { raw: { maxRatio: 1e9 } } } }, /not an ONNX model/);
  }
});

test('paths may be absolute, and no name stands twice in an object', async () => {
  await passes({ model: at('m.onnx'), data: at('test'), thresholds: { metrics: { accuracy: { min: 0.9 } } } });
  for (const [text, name] of [['"size": {"raw": {"max": 1e6}}, "size": {"raw": {"max": 1e9}}', 'size'], ['"size": {"raw": {"max": 1, "m\\u0061x": 1e9}}', 'max']]) {
    const { status, stderr, report } = await gated(`{"format": "insitu-gate/1", "model": "m.onnx", "thresholds": {${text}}}`);
    assert.deepEqual([status, report], [2, undefined]);
    assert.match(stderr, new RegExp(`gate\\d+\\.json has "${name}" twice in one object`));
  }
  await passes('{"format": "insitu-gate/1", "model": "m.onnx", "data": "test", "slices": {"a \\"size\\": {": {"column": "class", "in": ["0", "0"]}, "b": {"column": "class", "is": "1"}}, "options": {"minSupport": 1}, "thresholds": {"slices": {"min": 0.1}, "size": {"raw": {"max": 1e6}}}}');
});

test('a file that is wrong is wrong usage, and says where', async () => {
  const good = { model: 'm.onnx', data: 'test', thresholds: { metrics: { accuracy: { min: 0.9 } } } }, with_ = (more) => ({ ...good, ...more });
  for (const [document, pattern] of [
    ['{', /gate\d+\.json is no JSON/], ['[]', /format is undefined, not "insitu-gate\/1"/], [with_({ format: 'insitu-gate/2' }), /format is "insitu-gate\/2"/], [with_({ data: { path: 'd', image: { men: 0.5 } } }), /: data\.image\.men is not known; known are width,/], [with_({ modle: 'x' }), /: modle is not known; known are format, model, /],
    [with_({ model: undefined }), /: model is missing/], [with_({ model: 7 }), /model is 7, not a string/], [with_({ thresholds: {} }), /: thresholds is empty/], [with_({ thresholds: { metrics: { accuracy: { min: 97 } } } }), /: thresholds\.metrics\.accuracy\.min is 97/],
    [with_({ data: undefined }), /: data is missing/], [with_({ data: { labels: 'x' } }), /: data\.path is missing/], [with_({ data: { path: 'test', task: 'x' } }), /data\.task is "x"/], [with_({ thresholds: { metrics: { accuracy: { maxLoss: 0 } } } }), /: baseline is missing/],
    [with_({ baseline: 'same.onnx' }), /: baseline is there, but no thresholds that compare ask for it/], [with_({ profile: 'p.json' }), /: profile is there, but no/], [with_({ cases: ['x'] }), /: cases is there/], [with_({ slices: 'auto' }), /: slices is there/], [with_({ slices: 'auto', evaluation: 'm.json' }), /: slices is there, but no thresholds\.slices ask for it/],
    [with_({ thresholds: { slices: { min: 0.5 } } }), /: slices is missing/], [with_({ thresholds: { drift: { alpha: 0.1 } } }), /: profile is missing/], [with_({ thresholds: { conformance: {} } }), /: cases is missing/], [with_({ runs: 0 }), /runs is 0/], [with_({ runs: 1_000_001 }), /runs is 1000001, not a whole number from 1 to 1000000/], [with_({ options: { bins: 1.5 } }), /options\.bins is 1\.5/],
    [with_({ baseline: { evaluation: 'same.json' }, thresholds: { metrics: { accuracy: { maxLoss: 0 } } } }), /: baseline wants a model, or an evaluation with the sha256/], [with_({ baseline: { evaluation: 'e', sha256: 'A' }, thresholds: { metrics: { accuracy: { maxLoss: 0 } } } }), /baseline\.sha256 is not 64/],
    [with_({ baseline: { evaluation: 'e', sha256: 'a'.repeat(64) }, thresholds: { size: { raw: { maxRatio: 1 } } } }), /: baseline\.model is missing/],
  ]) {
    const { status, stderr, report } = await gated(document);
    assert.match(stderr, pattern);
    assert.deepEqual([status, report], [2, undefined], String(pattern));
  }
  for (const [args, pattern] of [[[], /pass one GATE\.json/], [[at('none.json')], /cannot read .*none\.json/], [[at('gate1.json'), '--json', at('gate1.json')], /--json names the gate itself/], [[at('gate1.json'), '--junit', '-', '--markdown', '-'], /--markdown and --junit cannot both have standard output/]]) {
    const { status, stderr } = await insitu('gate', ...args);
    assert.match(stderr, pattern);
    assert.equal(status, 2);
  }
});

test('the recipe of the document releases a model that passes, and stops at one that does not', async () => {
  const own = blocks.filter(({ document }) => document === 'docs/how-to/gate.md'), only = (language) => own.find((block) => block.language === language).source;
  const steps = [...only('yaml').matchAll(/- run: (.*)/g)].map(([, command]) => command);
  assert.deepEqual(steps, ['npm ci', 'sh release/gate.sh', 'cat build/gate.md >> "$GITHUB_STEP_SUMMARY"']);
  for (const [its, passed] of [[int8, true], [damaged, false]]) {
    const place = folderOf({ 'release/gate.sh': only('sh'), 'release/gate.json': only('json'), 'package.json': { version: '1.2.0' }, 'models/digits.onnx': its, 'models/digits_fp32.onnx': float,
      ...Object.fromEntries(Object.entries(digits).map(([name, bytes]) => [`data/test/${name}`, bytes])), 'node_modules/.bin/none': '' });
    symlinkSync(cli, join(place, 'node_modules/.bin/insitu'));
    const run = (command) => new Promise((resolve) => {
      execFile('sh', ['-c', command], { cwd: place, env: { ...process.env, GITHUB_STEP_SUMMARY: join(place, 'summary.md') } }, (error, stdout, stderr) => resolve({ status: error ? error.code : 0, stdout, stderr }));
    });
    const { status, stdout, stderr } = await run(steps[1]);
    assert.equal(status, passed ? 0 : 1, stdout + stderr);
    assert.equal((await run(steps[2])).status, 0);
    assert.match(readFileSync(join(place, 'summary.md'), 'utf8'), passed ? /^# Passed: gate\.json$/m : /^# Failed: gate\.json$/m);
    assert.match(stdout, passed ? /^passed: (\d+) of \1 checks passed$/m : /^failed: /m);
    assert.equal(existsSync(join(place, 'models/models.json')), passed);
    if (passed) assert.equal(JSON.parse(readFileSync(join(place, 'models/models.json'), 'utf8')).models.digits.channels.stable.version, '1.2.0');
  }
});
