// insitu evaluate and insitu compare as a user meets them: every format of data, slices, records, the same bytes each time, and
// errors that name file and line.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encode as encodePng } from 'fast-png';
import jpeg from 'jpeg-js';
import { Hand, rasterize } from '../models/second-generator.mjs';
import { kPictures, kTurns, pixelsOf } from '../support/exif.mjs';
import { model } from '../support/onnx-writer.mjs';
import { sha256 } from '../support/signer.mjs';
import { folderOf, insitu } from './support/command-line.mjs';
import { flavours } from './support/insitu.mjs';

const models = fileURLToPath(new URL('../../models/handwriting/', import.meta.url));
const [float, int8] = ['fp32', 'int8'].map((name) => join(models, `handwriting_${name}.onnx`));
const flavour = ['--flavour', flavours[0]];
const count = 120;
const drawn = Array.from({ length: count }, (_, i) => new Hand(i).next()).map(({ digit, strokes }) => ({ digit, image: rasterize(strokes) }));

function npy(descr, shape, data) {
  const header = `${`{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`.padEnd(117)}\n`;
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), Buffer.from([header.length, 0]), Buffer.from(header), Buffer.from(data.buffer)]);
}

/* y = x, as scores of three classes. */
const scores = model({
  nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  inputs: [{ name: 'x', dtype: 'float32', dims: ['n', 3] }], outputs: [{ name: 'y', dtype: 'float32', dims: ['n', 3] }],
});
const folder = folderOf({
  'stack/image.npy': npy('<f4', [count, 1, 28, 28], Float32Array.from(drawn.flatMap(({ image }) => [...image]))),
  'stack/labels.npy': npy('<i4', [count], Int32Array.from(drawn, ({ digit }) => digit)),
  'stack/metadata.csv': `hand,place\n${drawn.map((_, i) => `${i % 4},"room, ${i % 2 ? 'north' : 'south'}"`).join('\n')}\n`,
  'scores.onnx': scores,
  ...Object.fromEntries(drawn.map(({ digit, image }, i) => [`pictures/${digit}/${i}.png`, encodePng({ width: 28, height: 28, data: Uint8Array.from(image, (v) => Math.round(v * 255)), channels: 1, depth: 8 })])),
});
const at = (path) => join(folder, path);

async function evaluated(...args) {
  const { status, stdout, stderr } = await insitu('evaluate', ...args, '--json', '-', ...flavour);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

test('NumPy, with labels and metadata beside it: figures, slices, records, and the same bytes each time', async () => {
  const run = (to) => insitu('evaluate', int8, '--data', at('stack'), '--slices', 'auto', '--json', at(`${to}.json`), '--records', at(`${to}.jsonl`), ...flavour);
  const { status, stdout, stderr } = await run('one');
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^classification by 'probabilities': 120 labelled samples$/m);
  assert.match(stdout, /^accuracy +\d+(\.\d+)? % +\d+\.\d+ % to \d+(\.\d+)? % \(95 %\)$/m);
  assert.match(stdout, /slices of 20 samples or more were tested/);
  assert.equal((await run('two')).stdout, stdout);
  for (const ending of ['json', 'jsonl']) assert.deepEqual(readFileSync(at(`one.${ending}`)), readFileSync(at(`two.${ending}`)), ending);
  const report = JSON.parse(readFileSync(at('one.json'), 'utf8')), records = readFileSync(at('one.jsonl'), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual([report.format, report.labelled, records.length, report.classes.length], ['insitu-evaluation/1', count, count, 11]);
  assert.equal(records.filter(({ correct }) => correct).length / count, report.metrics.accuracy.value);
  assert.ok(report.metrics.accuracy.value > 0.95);
  const shell = 'find . -type f -printf "%P\\n" | LC_ALL=C sort | xargs -d "\\n" sha256sum | sha256sum';
  const digest = execFileSync('bash', ['-c', shell], { cwd: at('stack'), encoding: 'utf8' }).slice(0, 64);
  assert.deepEqual([report.model, report.data], [{ name: 'handwriting_int8.onnx', sha256: sha256(readFileSync(int8)) }, { name: 'stack', sha256: digest }]);
  assert.equal(report.latency, undefined);
});

test('pictures in folders, declared slices and a file of names', async () => {
  const stack = await evaluated(float, '--data', at('stack'));
  writeFileSync(at('slices.json'), JSON.stringify({ low: { column: 'class', in: ['0', '1', '2', '3', '4'] }, dark: { column: 'image.brightness', below: 0.1 } }));
  const pictures = await evaluated(float, '--data', at('pictures'), '--slices', at('slices.json'));
  assert.ok(Math.abs(pictures.metrics.accuracy.value - stack.metrics.accuracy.value) < 0.02);
  writeFileSync(at('labels.txt'), `${drawn.map(({ digit }) => digit).join('\n')}\n`);
  const named = await evaluated(float, '--data', at('stack'), '--labels', at('labels.txt'));
  assert.deepEqual(named.data, { ...stack.data, labels: sha256(readFileSync(at('labels.txt'))) });
  const low = pictures.slices.slices.find(({ name }) => name === 'low');
  assert.equal(low.n, drawn.filter(({ digit }) => digit < 5).length);
  const inverted = await evaluated(float, '--data', at('pictures'), '--image', '{"mean": 1, "std": -1}');
  assert.ok(inverted.metrics.accuracy.value < 0.5, 'the options of the image were not used');
  const turned = await evaluated(float, '--data', at('pictures'), '--image', '{"std": -1, "mean": 1}');
  assert.deepEqual([JSON.stringify(inverted.data), pictures.data.reading], [JSON.stringify({ ...pictures.data, reading: { image: { mean: 1, std: -1 } } }), undefined]);
  assert.equal(JSON.stringify(turned.data), JSON.stringify(inverted.data));
});

test('PNG of every kind and JPEG become the same tensors', async () => {
  const level = (x, y) => ((x >> 3) + (y >> 3)) % 2 * 255;   // blocks of 8, which JPEG keeps
  const each = (channels, from, type = Uint8Array) => type.from({ length: 16 * 16 * channels }, (_, i) => from(level(Math.floor(i / channels) % 16, Math.floor(i / channels / 16)), i % channels));
  const png = (channels, depth, data) => encodePng({ width: 16, height: 16, channels, depth, data });
  const files = {
    'grey8.png': png(1, 8, each(1, (v) => v)), 'grey16.png': png(1, 16, each(1, (v) => v * 257, Uint16Array)), 'alpha.png': png(2, 8, each(2, (v, c) => (c === 1 ? 255 : v))),
    'rgb.png': png(3, 8, each(3, (v) => v)), 'rgba.png': png(4, 8, each(4, (v, c) => (c === 3 ? 255 : v))),
    'picture.jpg': jpeg.encode({ width: 16, height: 16, data: each(4, (v, c) => (c === 3 ? 255 : v)) }, 100).data,
  };
  const flat = model({
    nodes: [{ op: 'ReduceMean', inputs: ['x'], outputs: ['y'], attributes: { axes: [1, 2], keepdims: 0 } }],
    inputs: [{ name: 'x', dtype: 'float32', dims: [1, 1, 16, 16] }], outputs: [{ name: 'y', dtype: 'float32', dims: [1, 16] }],
  });
  const place = folderOf({ 'flat.onnx': flat, ...files, 'all.jsonl': Object.keys(files).map((name) => JSON.stringify({ feeds: { x: name }, label: new Array(16).fill(0.5), name })).join('\n') });
  const { metrics, task } = await evaluated(join(place, 'flat.onnx'), '--data', join(place, 'all.jsonl'));
  assert.equal(task, 'regression');
  assert.ok(metrics.mae.value < 0.01, `${metrics.mae.value}`);
  writeFileSync(join(place, 'rgb.png'), 'no picture');
  const broken = await insitu('evaluate', join(place, 'flat.onnx'), '--data', join(place, 'all.jsonl'), ...flavour);
  assert.match(broken.stderr, /^InvalidArgument: .*all\.jsonl:4: 'x': .*rgb\.png cannot be read/);
});

test('JPEG and PNG files are turned as their EXIF block says', async () => {
  for (const [dims, isThis] of [[[1, 1, 24, 16], (orientation) => orientation <= 4], [[1, 1, 16, 24], (orientation) => orientation > 4]]) {
    const flat = model({
      nodes: [{ op: 'Flatten', inputs: ['x'], outputs: ['y'] }],
      inputs: [{ name: 'x', dtype: 'float32', dims }], outputs: [{ name: 'y', dtype: 'float32', dims: [1, 16 * 24] }],
    });
    const pictures = kPictures.filter(([, , orientation]) => isThis(orientation));
    const rows = pictures.map(([, , orientation], i) => JSON.stringify({ feeds: { x: `${i}.jpg` }, label: pixelsOf(kTurns[orientation]) }));
    const files = Object.fromEntries(pictures.map(([, bytes], i) => [`${i}.jpg`, bytes]));
    const place = folderOf({ 'flat.onnx': flat, ...files, 'all.jsonl': rows.join('\n') });
    const { metrics } = await evaluated(join(place, 'flat.onnx'), '--data', join(place, 'all.jsonl'));
    assert.ok(metrics.mae.value < 0.01, `${metrics.mae.value}`);
  }
});

const odd = [
  ['[[1, 2], [3], [4, 5, 6]]', /an array of 1 stands where the arrays before have 2/], ['[[1, 2, 3], 4]', /4 stands where the arrays before have 3/],
  ['[1, [2, 3], 4]', /an array of 2 stands where the arrays before have a number/], ['[[null, 1, 2]]', /null is no number/], ['[["abc", 1, 2]]', /"abc" is no number/], ['[["constructor", 1, 2]]', /"constructor" is no number/],
  ['[["", 1, 2]]', /"" is no number/], ['null', /null is no number/], ['{"dims": [1, 3], "data": [1, null, 2]}', /null is no number/],
  ['{"dims": [1, 3], "data": [[1, 2, 3]]}', /\[1,2,3\] is no number/], ['{"dims": [1, 3]}', /"data" is no array/],
];
for (const [text, why] of odd) {
  test(`a feed of ${text} is refused with its line`, async () => {
    const place = folderOf({ 'rows.jsonl': `{"feeds": {"x": [[0.1, 0.2, 0.7]]}, "label": 2}\n{"feeds": {"x": ${text}}, "label": 0}\n` });
    const { status, stderr } = await insitu('evaluate', at('scores.onnx'), '--data', join(place, 'rows.jsonl'), ...flavour);
    assert.equal(status, 1);
    assert.match(stderr, /rows\.jsonl:2: 'x': /);
    assert.match(stderr, why);
  });
}

test('numbers that JSON lacks may be written as text, and truth as numbers', async () => {
  const place = folderOf({ 'rows.jsonl': '{"feeds": {"x": [["-Infinity", false, true]]}, "label": 2}\n' });
  assert.equal((await evaluated(at('scores.onnx'), '--data', join(place, 'rows.jsonl'), '--logits')).metrics.accuracy.value, 1);
});

test('CSV and JSON lines, with labels by name', async () => {
  writeFileSync(at('names.txt'), 'cat\ndog\nbird\n');
  writeFileSync(at('rows.csv'), 'a,b,c,kind,site\r\n0.7,0.2,0.1,cat,"x ""1"""\r\n0.1,0.2,0.7,bird,y\r\n0.1,8e-1,.1,cat,y\r\n');
  const args = ['--label-column', 'kind', '--metadata-columns', 'site', '--classes', at('names.txt')];
  writeFileSync(at('sites.json'), JSON.stringify({ quoted: { column: 'site', is: 'x "1"' }, plain: { column: 'site', is: 'y' } }));
  const csv = await evaluated(at('scores.onnx'), '--data', at('rows.csv'), ...args, '--slices', at('sites.json'));
  assert.deepEqual(csv.slices.slices.map(({ name, n }) => [name, n]).sort(), [['plain', 2], ['quoted', 1]]);
  assert.deepEqual(csv.data.reading, { labelColumn: 'kind', metadataColumns: ['site'] });
  assert.deepEqual([csv.metrics.accuracy.value, csv.classes.map(({ name }) => name)], [2 / 3, ['cat', 'dog', 'bird']]);
  writeFileSync(at('rows.jsonl'), '{"feeds": {"x": [[0.7, 0.2, 0.1]]}, "label": 0, "metadata": {"site": "x"}}\n\n{"feeds": {"x": {"dims": [1, 3], "data": [0.1, 0.2, 0.7]}}, "label": 2}\n');
  const lines = await evaluated(at('scores.onnx'), '--data', at('rows.jsonl')), logits = await evaluated(at('scores.onnx'), '--data', at('rows.jsonl'), '--logits');
  assert.deepEqual([lines.metrics.accuracy.value, lines.scores, logits.scores], [1, 'probabilities', 'logits']);
});

test('names of classes that look like numbers keep their text', async () => {
  writeFileSync(at('codes.txt'), '010\n2\n1e3\n');
  writeFileSync(at('codes.csv'), 'a,b,c,label\n0.7,0.2,0.1,010\n0.1,0.7,0.2,2\n0.1,0.1,0.8,1e3\n0.7,0.2,0.1,0\n0.7,0.2,0.1,\n');
  const { metrics, classes, labelled } = await evaluated(at('scores.onnx'), '--data', at('codes.csv'), '--classes', at('codes.txt'));
  assert.deepEqual([metrics.accuracy.value, classes.map(({ name, support }) => [name, support]), labelled], [1, [['010', 2], ['2', 1], ['1e3', 1]], 4]);
  writeFileSync(at('two.npy'), npy('<f4', [2, 3], Float32Array.of(0.7, 0.2, 0.1, 0.1, 0.8, 0.1)));
  for (const [labels, right] of [['010\n2\n', 1], ['0\n 1 \n', 1], ['0.000000000000000000e+00\n2.000000000000000000e+00\n', 0.5]]) {
    writeFileSync(at('codes.labels.txt'), labels);
    mkdirSync(at('codes'), { recursive: true });
    writeFileSync(at('codes/x.npy'), readFileSync(at('two.npy')));
    const { metrics: { accuracy } } = await evaluated(at('scores.onnx'), '--data', at('codes'), '--labels', at('codes.labels.txt'), '--classes', at('codes.txt'));
    assert.equal(accuracy.value, right, labels);
  }
  const same = { name: 'x', dtype: 'float32', dims: ['n', 1] };
  writeFileSync(at('one.onnx'), model({ nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }], inputs: [same], outputs: [{ ...same, name: 'y' }] }));
  writeFileSync(at('one.csv'), 'a,label\n2.5,2\n3.5,4e0\n');
  const regression = await evaluated(at('one.onnx'), '--data', at('one.csv'));
  assert.deepEqual([regression.task, regression.metrics.mae.value], ['regression', 0.5]);
});

test('the digest of JSON lines covers the files that they name', async () => {
  const bytes = (...row) => npy('<f4', [1, 3], Float32Array.from(row));
  const place = folderOf({ 'b.npy': bytes(0.7, 0.2, 0.1), 'below/a.npy': bytes(0.1, 0.2, 0.7), 'plain.jsonl': '{"feeds": {"x": [[0.7, 0.2, 0.1]]}, "label": 0}\n', 'other.txt': '' });
  const path = (name) => join(place, name), digest = async (name) => (await evaluated(at('scores.onnx'), '--data', path(name))).data.sha256;
  writeFileSync(path('m.jsonl'), ['b.npy', 'below/a.npy', 'b.npy'].map((x) => `{"feeds": {"x": "${x}"}, "label": 0}\n`).join(''));
  const listed = () => execFileSync('bash', ['-c', 'sha256sum b.npy below/a.npy m.jsonl | sha256sum'], { cwd: place, encoding: 'utf8' }).slice(0, 64), before = listed();
  assert.equal(await digest('m.jsonl'), before);
  writeFileSync(path('below/a.npy'), bytes(0.2, 0.1, 0.7));
  assert.notEqual(listed(), before);
  assert.equal(await digest('m.jsonl'), listed());
  assert.equal(await digest('plain.jsonl'), sha256(readFileSync(path('plain.jsonl'))));
});

test('bad rows are named by file and line, bad flags by what they are', async () => {
  let written = 0;
  const file = (ending, text) => {
    const name = at(`${++written}/bad.${ending}`);
    mkdirSync(dirname(name));
    writeFileSync(name, text);
    return ['--data', name];
  };
  const csv = (text) => file('csv', text), lines = (text) => file('jsonl', text);
  const good = '{"feeds": {"x": [[0.7, 0.2, 0.1]]}, "label": 0}\n';
  writeFileSync(at('two.txt'), '0\n1\n');
  writeFileSync(at('two.csv'), 'a\n1\n2\n');
  for (const [data, pattern, status = 1] of [
    [csv('a,b,c,label\n0.1,0.2,0.7,1\n0.1,x,0.7,1\n'), /^InvalidArgument: .*bad\.csv:3: 'x' in the column 'b' is no number/], [csv('a,b,c,label\n0.1,0.2\n'), /bad\.csv:2: 2 cells for 4 columns/],
    [csv('a,b,c,label\n0.1,"0.2,1,1\n'), /bad\.csv:2: a quote is not closed/], [csv('a,a,c,label\n'), /bad\.csv:1: two columns are called 'a'/], [csv('a,b,label\n1,2,0\n'), /^ShapeMismatch: .*2 columns/],
    [csv('a,b,c\n'), /no samples/], [lines(`${good}{"feeds"\n`), /bad\.jsonl:2: no JSON/], [lines(`${good}{"feeds": {"z": 1}}`), /bad\.jsonl:2: there is no feed 'x'/],
    [lines(`${good}{"feeds": {"x": "none.npy"}, "label": 1}`), /bad\.jsonl:2: 'x': there is no file/], [lines(`${good}{"feeds": {}, "lable": 1}`), /bad\.jsonl:2: 'lable' is not known/],
    [lines(`${good}{"feeds": {"x": [[0.5, 0.5, 0]]}, "label": 7, "name": "odd"}`), /the label of odd is 7/],
    [['--data', at('nowhere')], /there is no folder/], [[...csv('a,b,c,label\n'), '--label-column', 'z'], /no column 'z'/], [[], /wants --data/, 2], [['--data', at('stack'), '--task', 'x'], /--task is 'x'/, 2],
    [['--data', at('stack'), '--latency', 'fast'], /--latency is 'fast'/, 2], [['--data', at('stack'), '--queries', '5'], /--queries is for --latency/, 2], [['--data', at('stack'), '--slices', at('none.json')], /cannot read/],
    [[...lines(good), '--image', '{'], /--image is no JSON/],
    [[...lines(good), '--labels', at('two.txt')], /^ShapeMismatch: .*two\.txt has 2 labels for 1 samples/], [[...lines(`${good}${good}${good}`), '--labels', at('two.txt')], /2 labels for 3 samples/],
    [[...lines(good), '--metadata', at('two.csv')], /^ShapeMismatch: .*two\.csv has 2 lines for 1 samples/], [[...lines(good), '--output', 'z'], /no output "z"/],
  ]) {
    const { status: ended, stdout, stderr } = await insitu('evaluate', at('scores.onnx'), ...data, ...flavour);
    assert.match(stderr, pattern);
    assert.deepEqual([ended, stdout], [status, ''], String(pattern));
  }
});

test('latency only where it is asked for, with what is missing', async () => {
  const { status, stdout } = await insitu('evaluate', int8, '--data', at('stack'), '--latency', 'all', '--queries', '70', '--json', at('timed.json'), ...flavour);
  assert.equal(status, 0);
  assert.match(stdout, /^single-stream: 70 queries of one sample, after 10 runs that were not timed; .* samples\/s$/m);
  assert.match(stdout, /^ {2}p90, early-stopping estimate +[\d.]+ ms$/m);
  assert.match(stdout, /^ {2}p90 +23,816 queries are missing$/m);
  assert.match(stdout, /^ {2}p99, early-stopping estimate +592 queries are missing$/m);
  const { latency } = JSON.parse(readFileSync(at('timed.json'), 'utf8'));
  assert.deepEqual(latency.map(({ scenario, samplesPerQuery }) => [scenario, samplesPerQuery]), [['single-stream', 1], ['multi-stream', 8], ['offline', 70]]);
});

test('compare: how far two models are apart, the same bytes each time', async () => {
  const run = (to) => insitu('compare', float, int8, '--data', at('stack'), '--worst', '3', '--json', at(to), ...flavour);
  const { status, stdout, stderr } = await run('c1.json');
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^disagreement +\d+(\.\d+)? % \(\d+ of 120\), /m);
  assert.match(stdout, /^McNemar +right in A alone \d+, in B alone \d+, p /m);
  await run('c2.json');
  assert.deepEqual(readFileSync(at('c1.json')), readFileSync(at('c2.json')));
  const { format, worst, inferRatio, a, b } = JSON.parse(readFileSync(at('c1.json'), 'utf8'));
  assert.deepEqual([format, worst.length, inferRatio, a.name, b.name], ['insitu-comparison/1', 3, null, 'handwriting_fp32.onnx', 'handwriting_int8.onnx']);
  assert.match((await insitu('compare', float, int8, '--data', at('stack'), '--latency', ...flavour)).stdout, /^time of B over A +[\d.]+, [\d.]+ to [\d.]+/m);
  assert.equal((await insitu('compare', float, '--data', at('stack'))).status, 2);
});
