// The command line as a user meets it: output, messages and exit statuses.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { cli, flavours } from './support/insitu.mjs';
import { addModel, model, tensorProto } from '../support/onnx-writer.mjs';

const folder = mkdtempSync(join(tmpdir(), 'insitu-cli-'));
after(() => rmSync(folder, { recursive: true }));
const flavour = ['--flavour', flavours[0]];
const file = join(folder, 'add.onnx');
writeFileSync(file, addModel());

function insitu(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

function writeCase(name, modelBytes, expected) {
  const set = join(folder, 'cases', name, 'test_data_set_0');
  mkdirSync(set, { recursive: true });
  writeFileSync(join(folder, 'cases', name, 'model.onnx'), modelBytes);
  writeFileSync(join(set, 'input_0.pb'), Uint8Array.from(tensorProto('x', 'float32', [1, 4], new Float32Array(4))));
  writeFileSync(join(set, 'output_0.pb'), Uint8Array.from(tensorProto('y', 'float32', [1, 4], Float32Array.from(expected))));
}

test('help and wrong usage', () => {
  assert.equal(insitu('--help').status, 0);
  assert.match(insitu('--help').stdout, /inspect[\s\S]*doctor/);
  for (const command of ['inspect', 'run', 'test', 'bench', 'profile', 'ops', 'doctor', 'copy']) {
    const { status, stdout } = insitu(command, '--help');
    assert.equal(status, 0, command);
    assert.match(stdout, new RegExp(`usage: insitu ${command}`));
  }
  assert.equal(insitu().status, 2);
  assert.equal(insitu('frobnicate').status, 2);
  assert.equal(insitu('inspect').status, 2);
  assert.equal(insitu('inspect', file, '--nonsense').status, 2);
  assert.equal(insitu('bench', file, '--runs', 'many').status, 2);
});

test('inspect tells what a model holds', () => {
  const { status, stdout } = insitu('inspect', file, ...flavour);
  assert.equal(status, 0);
  assert.match(stdout, /input {2}'x' float32 \[batch,4\]/);
  assert.match(stdout, /Add 1/);
  const json = JSON.parse(insitu('inspect', file, '--json', '-', ...flavour).stdout);
  assert.equal(json.runnable, true);
  assert.equal(json.parameters, 4);
});

test('errors have a code and a hint', () => {
  const broken = join(folder, 'broken.onnx');
  writeFileSync(broken, 'this is no model');
  const { status, stderr } = insitu('inspect', broken, ...flavour);
  assert.equal(status, 1);
  assert.match(stderr, /^InvalidModel: /m);
  assert.equal(insitu('inspect', join(folder, 'missing.onnx'), ...flavour).status, 1);
});

test('run feeds files and prints results', () => {
  const input = join(folder, 'x.json');
  writeFileSync(input, '[[1, 1, 1, 1], [0, 0, 0, 0]]');
  const { status, stdout } = insitu('run', file, '--input', `x=${input}`, '--json', '-', ...flavour);
  assert.equal(status, 0);
  assert.deepEqual(JSON.parse(stdout).y.data, [2, 3, 4, 5, 1, 2, 3, 4]);
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4), }".padEnd(117) + '\n';
  const npy = Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'), Buffer.from([118, 0]), Buffer.from(header), Buffer.from(Float32Array.of(1, 2, 3, 4).buffer),
  ]);
  const numpy = join(folder, 'x.npy');
  writeFileSync(numpy, npy);
  assert.deepEqual(JSON.parse(insitu('run', file, '--input', `x=${numpy}`, '--json', '-', ...flavour).stdout).y.data, [2, 4, 6, 8]);
  assert.match(insitu('run', file, ...flavour).stdout, /'y' float32 \[1,4\]: /);
  assert.equal(insitu('run', file, '--input', 'q=random', ...flavour).status, 1);
});

test('test counts what passed, failed and was skipped', () => {
  writeCase('good', addModel(), [1, 2, 3, 4]);
  const unknown = model({
    nodes: [{ op: 'Frobnicate', inputs: ['x'], outputs: ['y'] }],
    inputs: [{ name: 'x', dtype: 'float32', dims: [1, 4] }], outputs: [{ name: 'y', dtype: 'float32', dims: [1, 4] }],
  });
  writeCase('unknown', unknown, [1, 2, 3, 4]);
  const fine = insitu('test', join(folder, 'cases'), ...flavour);
  assert.equal(fine.stdout.trim().split('\n').at(-1), '1 passed, 0 failed, 1 skipped');
  assert.equal(fine.status, 0);
  writeCase('wrong', addModel(), [1, 2, 3, 5]);
  const report = join(folder, 'report.json');
  const bad = insitu('test', join(folder, 'cases'), '--json', report, ...flavour);
  assert.equal(bad.status, 1);
  assert.match(bad.stdout, /^failed .*wrong: 'y' differs in 1 of 4/m);
  assert.equal(bad.stdout.trim().split('\n').at(-1), '1 passed, 1 failed, 1 skipped');
  assert.equal(JSON.parse(readFileSync(report, 'utf8')).cases.length, 3);
});

test('bench writes a row', () => {
  const { status, stdout } = insitu('bench', file, '--runs', '3', '--json', '-', ...flavour);
  assert.equal(status, 0);
  const row = JSON.parse(stdout);
  assert.equal(row.engine, 'insitu');
  assert.equal(row.runs, 3);
  assert(row.min_ms > 0 && row.p95_ms >= row.p50_ms && row.wasm_bytes > 0 && row.heap_bytes > 0);
  assert.equal(row.max_abs_diff, null);
});

test('ops, copy and doctor', () => {
  const ops = JSON.parse(insitu('ops', '--json').stdout);
  assert(ops.some(({ name, domain }) => name === 'Conv' && domain === ''));
  const copied = insitu('copy', join(folder, 'public'));
  assert.equal(copied.status, 0);
  assert.match(copied.stdout, /^sha256-[A-Za-z0-9+/]{43}= {2}insitu-simd-st\.wasm$/m);
  readFileSync(join(folder, 'public', 'insitu', 'worker.js'));
  assert.match(insitu('doctor').stdout, /simd-st +starts/);
});
