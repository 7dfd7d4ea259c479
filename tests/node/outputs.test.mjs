// What commands write: never over what they read, through links, into pipes, whole or not at all; and what is said where they cannot.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { addModel, model, shiftModel, tensorProto } from '../support/onnx-writer.mjs';
import { signer } from '../support/signer.mjs';
import { folderOf, insitu } from './support/command-line.mjs';
import { cli, flavours } from './support/insitu.mjs';

const proto = (name) => Buffer.from(tensorProto(name, 'float32', [1, 4], new Float32Array(4)));
const external = Buffer.from(model({
  nodes: [{ op: 'Add', inputs: ['x', 'b'], outputs: ['y'] }],
  inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 4] }], outputs: [{ name: 'y', dtype: 'float32', dims: ['batch', 4] }],
  initializers: [{ name: 'b', dtype: 'float32', dims: [4], external: { location: 'm.onnx.data', offset: 0, length: 16 } }],
}));
const kept = {
  'm.onnx': external, 'n.onnx': Buffer.from(shiftModel(1)), 'm.onnx.data': 'sixteen bytes in', 'x.json': '[[1, 2, 3, 4]]', 'x.csv': 'label,a\n', 'labels.json': '[]',
  'meta.csv': 'a\n', 'names.json': '[]', 'image.json': '{}', 'slices.json': '{}', 'p.json': '{}', 'q.json': '{}', 'data/x.npy': 'samples', 'data/0/a.png': 'picture', 'key.txt': 'key',
  'case/model.onnx': Buffer.from(addModel()), 'case/tolerance.json': '{}', 'case/test_data_set_0/input_0.pb': proto('x'), 'case/test_data_set_0/output_0.pb': proto('y'),
  'gate.json': {
    format: 'insitu-gate/1', model: 'm.onnx', baseline: 'n.onnx', cases: ['case'], profile: 'p.json', slices: 'slices.json', data: { path: 'data', labels: 'labels.json', classes: 'names.json' },
    thresholds: { size: { raw: { maxRatio: 1 } }, conformance: {}, drift: { alpha: 0.1 }, slices: { min: 0.5 } },
  },
};
const entry = (url) => ({ url, bytes: 1, integrity: `sha256-${'A'.repeat(43)}=` }), file = (url) => ({ url, integrity: entry(url).integrity });
kept['models.json'] = {
  format: 'insitu-models/1',
  models: { m: { channels: {}, versions: { 1: { ...entry('m.onnx'), card: file('q.json'), profile: file('p.json'), externalData: { 'm.onnx.data': entry('m.onnx.data') } } } } },
};
const folder = folderOf(kept), at = (name) => join(folder, name);
const flavour = ['--flavour', flavours[0]];
const labelled = ['--labels', 'labels.json', '--metadata', 'meta.csv', '--classes', 'names.json', '--image', 'image.json'];
const ofLabelled = ['labels.json', 'meta.csv', 'names.json', 'image.json'];

/* By command: its arguments, the flags that name outputs, what it reads. */
const commands = [
  [['inspect', 'm.onnx', '--key-file', 'key.txt'], ['--json'], ['m.onnx', 'key.txt']],
  [['inspect', 'm.onnx'], ['--json'], ['m.onnx.data']],
  [['run', 'm.onnx', '--input', 'x=x.json'], ['--json'], ['m.onnx', 'm.onnx.data', 'x.json']],
  [['bench', 'm.onnx', 'case'], ['--json'], ['m.onnx', 'm.onnx.data', 'case/model.onnx', 'case/test_data_set_0/input_0.pb', 'case/test_data_set_0/output_0.pb']],
  [['test', 'case'], ['--json'], ['case/model.onnx', 'case/tolerance.json', 'case/test_data_set_0/input_0.pb', 'case/test_data_set_0/output_0.pb']],
  [['profile', 'm.onnx', '--data', 'data', '--labels', 'labels.json', '--classes', 'names.json', '--like', 'q.json'], ['-o', '--json'],
    ['m.onnx', 'm.onnx.data', 'data/x.npy', 'labels.json', 'names.json', 'q.json']],
  [['profile', '--merge', 'p.json', '--merge', 'q.json'], ['-o', '--json'], ['p.json', 'q.json']],
  [['evaluate', 'm.onnx', '--data', 'data', '--slices', 'slices.json', ...labelled], ['--json', '--records'], ['m.onnx', 'm.onnx.data', 'data/x.npy', 'data/0/a.png', 'slices.json', ...ofLabelled]],
  [['evaluate', 'm.onnx', '--data', 'x.csv'], ['--json', '--records'], ['x.csv']],
  [['compare', 'm.onnx', 'n.onnx', '--data', 'data', ...labelled], ['--json'], ['m.onnx', 'n.onnx', 'data/x.npy', ...ofLabelled]],
  [['ablate', 'm.onnx', '--data', 'data', '--calibration', 'x.csv', ...labelled], ['--json', '--markdown', '--html'], ['m.onnx', 'm.onnx.data', 'data/x.npy', 'x.csv', ...ofLabelled]],
  [['cost', 'm.onnx', '--prices', 'p.json'], ['--json', '--markdown'], ['m.onnx', 'm.onnx.data', 'p.json']],
  [['card', 'm.onnx', '--evaluation', 'p.json', '--data', 'training=data'], ['-o'], ['m.onnx', 'p.json', 'data/x.npy']],
  ...[['registry', 'list'], ['registry', 'verify'], ['lineage', 'm']].map((args) => [args, ['--json'], ['models.json', 'm.onnx', 'm.onnx.data', 'p.json', 'q.json']]),
  [['gate', 'gate.json'], ['--json', '--markdown', '--junit'],
    ['gate.json', 'm.onnx', 'm.onnx.data', 'n.onnx', 'p.json', 'slices.json', 'data/x.npy', 'labels.json', 'names.json', 'case/model.onnx', 'case/test_data_set_0/output_0.pb']],
];
for (const [args, flags, inputs] of commands) {
  test(`insitu ${args.join(' ')} writes over nothing that it reads`, () => {
    const refused = (...more) => {
      const { status, stderr } = spawnSync(process.execPath, [cli, ...args, ...more], { cwd: folder, encoding: 'utf8' });
      assert.deepEqual([status, /^\S+ names .* itself, which would be lost$/m.test(stderr)], [2, true], `${more}: ${stderr}`);
    };
    for (const [i, input] of inputs.entries()) refused(flags[i % flags.length], input);
    if (flags.length > 1) refused(flags[0], 'same', flags[1], at('same'));
    for (const [name, content] of Object.entries(kept)) assert.deepEqual(readFileSync(at(name)), Buffer.from(content instanceof Uint8Array || typeof content === 'string' ? content : JSON.stringify(content)), name);
  });
}

test('standard output is for what can be read there, and for one alone', () => {
  for (const [pattern, ...args] of [
    [/^--html wants the name of a file, not standard output$/m, 'ablate', 'm.onnx', '--data', 'data', '--html', '-'],
    [/^-o wants the name of a file/m, 'encrypt', 'm.onnx', '--key-file', 'key.txt', '-o', '-'],
    [/^-o wants the name of a file/m, 'quantize', 'm.onnx', '--to', 'float16', '-o', '-'],
    [/^--json and --markdown cannot both have standard output$/m, 'ablate', 'm.onnx', '--data', 'data', '--json', '-', '--markdown', '-'],
    [/^-o and --json cannot both/m, 'profile', 'm.onnx', '--data', 'data', '-o', '-', '--json', '-'],
  ]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: 'utf8' });
    assert.deepEqual([status, stdout], [2, ''], args.join(' '));
    assert.match(stderr, pattern);
  }
  assert(!readdirSync(folder).includes('-'));
});

test('what a link names is written, there or not yet, and the link stays', async () => {
  const place = folderOf({ 'm.onnx': Buffer.from(addModel()), 'there.json': 'old', 'below/x': '' }), to = (name) => join(place, name);
  symlinkSync('there.json', to('a.json'));
  symlinkSync('below/new.json', to('b.json'));
  symlinkSync('b.json', to('c.json'));
  for (const [link, target] of [['a.json', 'there.json'], ['c.json', 'below/new.json']]) {
    const { status, stderr } = await insitu('inspect', to('m.onnx'), '--json', to(link), ...flavour);
    assert.equal(status, 0, stderr);
    assert(lstatSync(to(link)).isSymbolicLink());
    assert(JSON.parse(readFileSync(to(target), 'utf8')).runnable);
  }
  const { status } = await insitu('encrypt', to('m.onnx'), '--key-file', join(folderOf({ key: 'ab'.repeat(32) }), 'key'), '-o', to('a.json'));
  assert.deepEqual([status, readlinkSync(to('a.json')), readFileSync(to('there.json')).subarray(0, 7).toString()], [0, 'there.json', 'INSITUE']);
  assert.deepEqual(readdirSync(place).filter((name) => /tmp|part/.test(name)), []);
});

test('a pipe is written to and stays one', async () => {
  const place = folderOf({ 'm.onnx': Buffer.from(addModel()), key: 'ab'.repeat(32), 'key.pem': signer().privatePem, 'gate.json': { format: 'insitu-gate/1', model: 'm.onnx', thresholds: { size: { raw: { max: 1e6 } } } } });
  const to = (name) => join(place, name), pipe = to('pipe');
  execFileSync('mkfifo', [pipe]);
  for (const [begins, ...args] of [
    ['{', 'inspect', to('m.onnx'), ...flavour, '--json'], ['{', 'card', to('m.onnx'), ...flavour, '-o'], ['{', 'sign', to('m.onnx'), '--key', to('key.pem'), '-o'],
    ['INSITUE', 'encrypt', to('m.onnx'), '--key-file', to('key'), '-o'], ['<?xml', 'gate', to('gate.json'), ...flavour, '--junit'],
  ]) {
    const [{ status, stderr }, got] = await Promise.all([insitu(...args, pipe), readFile(pipe)]);
    assert.equal(status, 0, stderr);
    assert(got.toString('latin1').startsWith(begins), args[0]);
    assert(lstatSync(pipe).isFIFO(), args[0]);
  }
});

test('what cannot be written is said before the work, with code, place and advice', () => {
  const place = folderOf({
    'm.onnx': Buffer.from(addModel()), 'key.pem': signer().privatePem, 'p.json': '{}', 'gate.json': { format: 'insitu-gate/1', model: 'm.onnx', thresholds: { size: { raw: { max: 1e6 } } } }, 'data/x.npy': 'no samples', 'shut.json': '',
  });
  const shut = join(place, 'shut');
  mkdirSync(shut);
  chmodSync(shut, 0o555);
  chmodSync(place, 0o755);
  chmodSync(join(place, 'shut.json'), 0o444);
  // Root may write everywhere.
  const somebody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const refused = (pattern, ...args) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: place, encoding: 'utf8', ...somebody });
    assert.deepEqual([status, stdout], [1, ''], args.join(' ') + stderr);
    assert.match(stderr, pattern, args.join(' '));
  };
  const denied = /^Network: cannot write shut(\/out|\.json): EACCES.*\n {2}Check that it and its folder can be written to\.$/m;
  for (const to of ['shut/out', 'shut.json']) {
    for (const args of [
      ['inspect', 'm.onnx', '--json'], ['card', 'm.onnx', '-o'], ['sign', 'm.onnx', '--key', 'key.pem', '-o'], ['sign', 'm.onnx', '--key', 'key.pem', '-o', 'data/m.sig', '--json'],
      ['gate', 'gate.json', '--json'], ['gate', 'gate.json', '--junit'], ['evaluate', 'm.onnx', '--data', 'data', '--json'], ['evaluate', 'm.onnx', '--data', 'data', '--records'],
      ['ablate', 'm.onnx', '--data', 'data', '--html'], ['profile', 'm.onnx', '--data', 'data', '-o'], ['cost', 'm.onnx', '--markdown'], ['cost', 'm.onnx', '--json'], ['ops', '--json'],
    ]) refused(denied, ...args, to);
  }
  const long = 'x'.repeat(300);
  refused(new RegExp(`^Network: cannot write ${long}: ENAMETOOLONG`), 'inspect', 'm.onnx', '--json', long);
  refused(/^InvalidArgument: cannot write p\.json\/out: there is no folder p\.json\n/, 'inspect', 'm.onnx', '--json', 'p.json/out');
});

test('a folder in the place of a file is said by its name', () => {
  for (const [status, pattern, ...args] of [
    [2, /^cannot read \.: EISDIR/, 'gate', '.'], [1, /^InvalidArgument: \. is a folder\n {2}Name a file/, 'registry', 'list', '.'], [1, /^InvalidArgument: \. is a folder/, 'registry', 'verify', '.'],
    [1, /^InvalidArgument: the signature \. is a folder\n {2}Name the file/, 'verify', '.', '--key', 'key.txt'],
  ]) {
    const got = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: 'utf8' });
    assert.equal(got.status, status, got.stderr);
    assert.match(got.stderr, pattern);
  }
});

test('what may stand once is refused twice, and a value with a dash is told how it is written', async () => {
  for (const [pattern, ...args] of [
    [/^--json is given twice/, 'inspect', at('m.onnx'), '--json', 'a', '--json', 'b'], [/^--output is given twice/, 'sign', at('m.onnx'), '-o', 'a', '--output', 'b'],
    [/^--dim names batch twice/, 'run', at('m.onnx'), '--dim', 'batch=1', '--dim', 'batch=2'], [/^--tool names a twice/, 'registry', 'add', at('n.onnx'), '--name', 'n', '--version', '1', '--tool', 'a=1', '--tool', 'a=2', '--registry', at('models.json')],
    [/^--worst is followed by '-1', which looks like an option: write --worst=-1 where it is the value/, 'compare', at('m.onnx'), at('n.onnx'), '--data', at('data'), '--worst', '-1'],
    [/^-o is followed by '-x', which looks like an option: write --output=-x/, 'card', at('m.onnx'), '-o', '-x'],
    [/^--worst wants a whole number from 1, not '-1'/, 'compare', at('m.onnx'), at('n.onnx'), '--data', at('data'), '--worst=-1'],
  ]) {
    const { status, stderr } = await insitu(...args);
    assert.equal(status, 2, stderr);
    assert.match(stderr, pattern);
  }
  writeFileSync(at('bool.json'), '');
  assert.equal((await insitu('inspect', at('m.onnx'), '--json', at('bool.json'), ...flavour)).status, 0);
});
