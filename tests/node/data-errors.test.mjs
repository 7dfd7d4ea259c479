// Data that the command line refuses: the message names file and line, says what is wrong with it and what to do.
import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encode as encodePng } from 'fast-png';
import jpeg from 'jpeg-js';
import { model } from '../support/onnx-writer.mjs';
import { folderOf, insitu } from './support/command-line.mjs';
import { flavours } from './support/insitu.mjs';

const flavour = ['--flavour', flavours[0]];

function npy(descr, shape, data) {
  const header = `${`{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`.padEnd(117)}\n`;
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), Buffer.from([header.length, 0]), Buffer.from(header), Buffer.from(data.buffer)]);
}

const identity = (dims) => model({
  nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }], inputs: [{ name: 'x', dtype: 'float32', dims }], outputs: [{ name: 'y', dtype: 'float32', dims }],
});
const pixels = { width: 4, height: 4, data: new Uint8Array(64).fill(9) };
const picture = { jpg: jpeg.encode({ width: 16, height: 16, data: new Uint8Array(1024).fill(9) }, 90).data, png: encodePng({ ...pixels, channels: 4, depth: 8 }) };
const many = Array.from({ length: 784 }, (_, i) => `p${i}`).join();
const line = (x) => `{"feeds": {"x": ${JSON.stringify(x)}}, "label": 0}\n`;
const good = line([[1, 0, 0]]);
const folder = folderOf({
  'm.onnx': identity([1, 3]), 'picture.onnx': identity([1, 3, 4, 4]), 'good.jsonl': good,
  'big.csv': 'a,b,c,label\n1,0,0,0\n1e999,0,0,0\n', 'wide.csv': 'a,b,c,label\n1e39,0,0,0\n', 'text.csv': 'a,b,c,site\nx,0,0,0\n', 'many.csv': `${many}\n`,
  'dims.jsonl': good + line([[1, 2]]), 'npy.jsonl': good + line('double.npy'), 'json.jsonl': line([[1, 2], [3]]), 'infinite.jsonl': '{"feeds": {"x": [[1e999, 0, 0]]}}',
  'double.npy': npy('<f8', [1, 3], Float64Array.of(1, 0, 0)), 'big.npy': npy('>f4', [1, 3], Float32Array.of(1, 0, 0)), 'endian.jsonl': line('big.npy'),
  'stack/x.npy': npy('<f8', [2, 3], Float64Array.of(1, 0, 0, 1, 0, 0)), 'twice.txt': 'cat\ndog\ncat\n', 'none.json': '{}',
  'empty/a/1.png': '', 'text/a/1.jpg': 'no picture', 'jpg/a/1.jpg': picture.jpg.subarray(0, picture.jpg.length - 2), 'png/a/1.png': picture.png.subarray(0, 50),
});
const at = (name) => join(folder, name);

for (const [data, pattern, args = [], status = 1, of = 'm.onnx'] of [
  ['big.csv', /^InvalidArgument: \S+big\.csv:3: '1e999' in the column 'a' is no number$/m],
  ['wide.csv', /^InvalidArgument: \S+wide\.csv:2: '1e39' in the column 'a' is beyond float32$/m],
  ['text.csv', /--metadata-columns\b/], ['many.csv', /^ShapeMismatch: .*\n.*--metadata-columns make the input/],
  ['many.csv', /no column 'z'\n {2}It has p0, p1, p2, p3, p4, p5, p6, p7, p8, p9 and 774 others\.$/m, ['--label-column', 'z']],
  ['dims.jsonl', /^ShapeMismatch: \S+dims\.jsonl:2: 'x' was given with dims \[1,2\]$/m], ['npy.jsonl', /^InvalidArgument: \S+npy\.jsonl:2: 'x': \S+double\.npy: 'x' was given as float64$/m],
  ['json.jsonl', /^InvalidArgument: \S+json\.jsonl:1: 'x': an array of 1 stands where the arrays before have 2\n {2}Write nested arrays of equal lengths\.\n$/],
  ['infinite.jsonl', /infinite\.jsonl:1: 'x': Infinity is no number/], ['endian.jsonl', /big\.npy is big-endian, which is not supported\n {2}Save array\.astype\('<f4'\)\.$/m],
  ['stack', /^InvalidArgument: \S+x\.npy, sample 0: 'x' was given as float64$/m],
  ['good.jsonl', /twice\.txt: two classes are called 'cat'/, ['--classes', at('twice.txt')]], ['good.jsonl', /^InvalidArgument: slices are \{\}/, ['--slices', at('none.json')]],
  ['good.jsonl', /^InvalidArgument: bins is 99999999999\n {2}Pass a whole number from 1 to 10,000\.$/m, ['--bins', '99999999999']],
  ['good.jsonl', /^--image: men is not known; known are width, height, fit/, ['--image', '{"men": 0.5}'], 2],
  ['good.jsonl', /^--image: quantization\.zero is not known/, ['--image', '{"quantization": {"scale": 1, "zero": 0}}'], 2], ['good.jsonl', /^--image: it is 3, not an object/, ['--image', at('three.json')], 2],
  ['empty', /1\.png cannot be read: it is empty$/m, [], 1, 'picture.onnx'], ['text', /1\.jpg cannot be read: it is neither PNG nor JPEG$/m, [], 1, 'picture.onnx'],
  ['jpg', /1\.jpg cannot be read: the picture is damaged or cut short$/m, [], 1, 'picture.onnx'], ['png', /1\.png cannot be read: the picture is damaged or cut short$/m, [], 1, 'picture.onnx'],
]) {
  test(`${data} ${args.join(' ').replaceAll(folder, '')}`, async () => {
    writeFileSync(at('three.json'), '3');
    const { status: ended, stderr, stdout } = await insitu('evaluate', at(of), '--data', at(data), ...args, ...flavour);
    assert.match(stderr, pattern);
    assert.deepEqual([ended, stdout], [status, '']);
  });
}

test('a file of JSON lines may be named with its whole path', async () => {
  const elsewhere = folderOf({ 'rows.jsonl': line(at('x.npy')) });
  writeFileSync(at('x.npy'), npy('<f4', [1, 3], Float32Array.of(1, 0, 0)));
  const { status, stderr } = await insitu('evaluate', at('m.onnx'), '--data', join(elsewhere, 'rows.jsonl'), ...flavour);
  assert.equal(status, 0, stderr);
});

test('external data are the files that the model names, and what is missing beside it is said', async () => {
  const info = { name: 'w', dtype: 'float32', dims: [3] };
  const place = folderOf({
    'm.onnx': model({
      nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }], inputs: [{ ...info, name: 'x' }], outputs: [{ ...info, name: 'y' }],
      initializers: [{ ...info, external: { location: 'below/w.bin', offset: 0, length: 12 } }],
    }),
    'below/w.bin': Buffer.from(Float32Array.of(1, 2, 3).buffer),
  });
  const run = (...args) => insitu(...args, ...flavour);
  const fine = await run('run', join(place, 'm.onnx'), '--json', '-');
  assert.equal(fine.status, 0, fine.stderr);
  const lone = folderOf({ 'case/test_data_set_0/input_0.pb': '' });
  copyFileSync(join(place, 'm.onnx'), join(lone, 'case/model.onnx'));
  for (const command of ['run', 'inspect', 'bench']) {
    const { status, stderr } = await run(command, join(lone, 'case'));
    assert.equal(status, 1);
    assert.match(stderr, /^InvalidArgument: \S+model\.onnx keeps weights in 'below\/w\.bin', and there is no \S+case\/below\/w\.bin\n {2}Put the file there/);
  }
  assert.match((await run('test', lone)).stdout, /^failed .*keeps weights in 'below\/w\.bin'/);
});
