// insitu quantize as a user meets it: the model that it writes, what it says, goals that are reached and that are not, wrong uses.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { model } from '../../support/onnx-writer.mjs';
import { folderOf, insitu } from '../support/command-line.mjs';
import { Engine, flavours } from '../support/insitu.mjs';
import { drawings, handwriting } from './support.mjs';

const flavour = ['--flavour', flavours[0]];
const count = 300;

function npy(descr, shape, data) {
  const header = `${`{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`.padEnd(117)}\n`;
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), Buffer.from([header.length, 0]), Buffer.from(header), Buffer.from(data.buffer)]);
}

const stack = (samples) => npy('<f4', [samples.length, 1, 28, 28], Float32Array.from(samples.flatMap(({ feeds }) => [...feeds.image.data])));
const labels = (samples) => npy('<i4', [samples.length], Int32Array.from(samples, ({ label }) => label));
const seen = drawings(100, 10_000), held = drawings(count, 0);
const folder = folderOf({
  'calibration/image.npy': stack(seen), 'test/image.npy': stack(held), 'test/labels.npy': labels(held),
  // Two scores of which the second is higher by less than a step of the weights.
  'close.onnx': model({
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    inputs: [{ name: 'x', dtype: 'float32', dims: [1, 2] }], outputs: [{ name: 'y', dtype: 'float32', dims: [1, 2] }],
    initializers: [{ name: 'w', dtype: 'float32', dims: [2, 2], data: Float32Array.of(1, 1, 0.5, 0.5003) }],
  }),
  'other.data': 'of another model',
  'half.txt': held.map(({ label }, i) => (label + i % 2) % 11).join('\n'),
  'close.csv': `a,b,label\n${'0,1,1\n'.repeat(20)}`,
});
const at = (path) => join(folder, path);
copyFileSync(fileURLToPath(handwriting), at('float.onnx'));
const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
const quantized = (...args) => insitu('quantize', at('float.onnx'), ...args, ...flavour);

test('int8 with a goal: the table, the report, and the same bytes each time', async () => {
  const run = (to) => quantized('--calibration', at('calibration'), '-o', at(`${to}.onnx`), '--sensitivity', '--goal', '0.99', '--data', at('test'), '--json', at(`${to}.json`));
  const { status, stdout, stderr } = await run('one');
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^float\.onnx to int8: \d+ nodes, 100 samples observed$/m);
  assert.match(stdout, /operator +SQNR of weights +of outputs$/m);
  assert.match(stdout, /^size +176,605 -> [\d,]+ bytes \(\d\d\.\d %\)$/m);
  assert.match(stdout, /^accuracy +\d+\.\d\d % -> \d+\.\d\d %; 99\.00 % of it is reached$/m);
  assert.match(stdout, new RegExp(`^written to ${at('one.onnx')}$`, 'm'));
  await run('two');
  assert.deepEqual(readFileSync(at('two.onnx')), readFileSync(at('one.onnx')));
  const report = JSON.parse(readFileSync(at('one.json'), 'utf8'));
  assert.deepEqual([report.format, report.samples, report.goalMet, report.goal, report.metric], ['insitu-quantization/1', 100, true, 0.99, 'accuracy']);
  assert.ok(report.after >= 0.99 * report.before && report.before > 0.97, `${report.before} ${report.after}`);
  assert.deepEqual(report.output, { name: 'one.onnx', sha256: sha256(at('one.onnx')) });
  assert.deepEqual(report.model, { name: 'float.onnx', sha256: sha256(at('float.onnx')) });
  assert.equal(report.parent, report.model.sha256);
  // As the registry and cards have the digest of a folder.
  assert.equal(report.calibration, createHash('sha256').update(`${sha256(at('calibration/image.npy'))}  image.npy\n`).digest('hex'));
  const evaluated = await insitu('evaluate', at('one.onnx'), '--data', at('test'), '--json', '-', ...flavour);
  assert.equal(JSON.parse(evaluated.stdout).metrics.accuracy.value, report.after);
  const { metadata } = JSON.parse((await insitu('inspect', at('one.onnx'), '--json', '-', ...flavour)).stdout);
  assert.deepEqual([metadata['insitu.parent'], metadata['insitu.calibration']], [report.parent, report.calibration]);
});

test('samples that are used are spread over all; flags become options', async () => {
  const { status, stderr, stdout } = await quantized('--calibration', at('calibration'), '-o', at('few.onnx'), '--samples', '7', '--method', 'percentile', '--percentile', '99.5',
    '--activations', 'int8', '--per-tensor', '--reduce-range', '--no-bias-correction', '--equalize', '--exclude-op', 'Gemm', '--exclude-op', 'Softmax', '--keep-float', '1', '--json', '-');
  assert.equal(status, 0, stderr);
  const report = JSON.parse(stdout);
  assert.deepEqual([report.samples, report.goalMet, report.excluded.length], [7, null, 1]);
  const { metadata } = JSON.parse((await insitu('inspect', at('few.onnx'), '--json', '-', ...flavour)).stdout);
  const { version, excluded, ...settings } = JSON.parse(metadata['insitu.quantize']);
  assert.deepEqual(settings, {
    activations: 'int8', biasCorrection: false, equalize: true, excludeOps: ['Gemm', 'Softmax'], measuredOn: 8, method: 'percentile', perChannel: false, percentile: 99.5,
    reduceRange: true, samples: 7, smooth: 0, to: 'int8',
  });
  const engine = await Engine.create({ worker: false, flavour: flavours[0] });
  const { model: expected } = await engine.quantize(at('float.onnx'), Array.from({ length: 7 }, (_, i) => seen[Math.floor(i * 100 / 7)].feeds), {
    method: 'percentile', percentile: 99.5, activations: 'int8', perChannel: false, reduceRange: true, biasCorrection: false, equalize: true,
    exclude: { ops: ['Gemm', 'Softmax'] }, keepFloat: { layers: 1 }, calibrationDigest: report.calibration,
  });
  await engine.dispose();
  assert.ok(Buffer.from(expected).equals(readFileSync(at('few.onnx'))));
  for (const form of ['dynamic-int8', 'int4', 'int8-blocks', 'float16']) {
    const ended = await quantized('-o', at(`${form}.onnx`), '--to', form);
    assert.equal(ended.status, 0, ended.stderr);
    assert.match(ended.stdout, new RegExp(`^float\\.onnx to ${form}: \\d+ nodes$`, 'm'));
  }
});

test('a goal is a share of what the float model reaches; labels are those of the data it is judged by', async () => {
  const { status, stdout, stderr } = await quantized('--calibration', at('calibration'), '-o', at('half.onnx'), '--goal', '0.95', '--data', at('test'), '--labels', at('half.txt'), '--json', '-');
  assert.equal(status, 0, stderr);
  const { before, after, tries } = JSON.parse(stdout);
  assert.ok(before > 0.45 && before < 0.55 && after >= 0.95 * before && tries.length === 1, `${before} ${after}`);
});

test('a goal that cannot be met: exit status 1, the report, no file', async () => {
  const { status, stdout } = await insitu('quantize', at('close.onnx'), '--calibration', at('close.csv'), '-o', at('none.onnx'), '--goal', '1', '--data', at('close.csv'), '--json', at('none.json'), ...flavour);
  assert.equal(status, 1);
  assert.match(stdout, /^accuracy +100\.00 % -> 0\.00 %; 100\.00 % of it is not reached$/m);
  assert.match(stdout, /nothing was written/);
  assert.ok(!existsSync(at('none.onnx')));
  const { output, goalMet, tries } = JSON.parse(readFileSync(at('none.json'), 'utf8'));
  assert.deepEqual([output, goalMet, tries.length], [null, false, 1]);
});

test('wrong uses', async () => {
  const calibration = ['--calibration', at('calibration')], output = ['-o', at('x.onnx')];
  for (const [args, pattern, status = 2] of [
    [calibration, /wants -o FILE/], [[...calibration, '-o', '-'], /-o wants the name of a file/], [[...calibration, ...output, '--goal', '0.9'], /--goal wants --data DATA/],
    [[...calibration, ...output, '--goal', '2', '--data', at('test')], /--goal wants a share/], [[...calibration, ...output, '--goal', 'x', '--data', at('test')], /--goal wants a number/],
    [[...calibration, ...output, '--goal', '1', '--data', at('test'), '--keep-float', '1'], /exclude each other/], [[...calibration, ...output, '--smooth', 'much'], /--smooth wants a number/],
    [[...calibration, ...output, '--samples', '0'], /--samples wants a whole number/], [[...calibration, '-o', at('float.onnx')], /-o names MODEL itself/],
    [['--calibration', at('close.csv'), '-o', at('close.csv')], /-o names the file of --calibration itself/],
    [[...calibration, '-o', at('half.txt'), '--data', at('test'), '--labels', at('half.txt')], /-o names the file of --labels itself/],
    [[...calibration, ...output, '--json', at('x.onnx')], /--json names the file of -o itself/], [output, /^--calibration DATA is missing: int8 tells/],
    [[...output, '--to', 'int4', '--sensitivity'], /^--calibration DATA is missing: errors of layers/], [[...calibration, ...output, '--to', 'int4'], /^--calibration says nothing about int4/],
    [[...output, '--to', 'int4', '--samples', '3'], /^--samples is for --calibration/],
    [[...calibration, ...output, '--to', 'int7'], /^--to is "int7"\n {2}Pass one of int8/], [[...calibration, ...output, '--block-size', '32'], /^--block-size says nothing about int8/],
    [[...output, '--to', 'int4', '--block-size', '33'], /^--block-size is 33\n {2}Pass a power of two/], [[...calibration, ...output, '--smooth', '2'], /^--smooth is 2/],
    [[...calibration, ...output, '--method', 'percentile', '--percentile', '0'], /^--percentile is 0/], [[...calibration, ...output, '--percentile', '99'], /^--percentile says nothing about the method min-max/],
    [[...output, '--to', 'int4', '--per-tensor'], /^--per-tensor says nothing/], [[...calibration, ...output, '--keep-float', '2000000'], /^--keep-float is 2000000/],
    [[...calibration, ...output, '--samples', '3', '--keep-float', '99'], /^InvalidArgument: 99 layers are to stay in float, and the model has \d+ that/, 1],
    [['--calibration', at('nowhere'), ...output], /^InvalidArgument: there is no folder/, 1], [[...calibration, '-o', at('nowhere/x.onnx')], /^InvalidArgument: cannot write/, 1],
  ]) {
    const { status: ended, stdout, stderr } = await quantized(...args);
    assert.match(stderr, pattern);
    assert.deepEqual([ended, stdout], [status, ''], String(pattern));
  }
  assert.deepEqual(readdirSync(folder).filter((name) => /x\.onnx|\.tmp$/.test(name)), []);
});
