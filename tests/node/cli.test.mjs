// The command line as a user meets it: output, messages and exit statuses.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { cli, dist, flavours } from './support/insitu.mjs';
import { addModel, identityModel, model, tensorProto } from '../support/onnx-writer.mjs';

const folder = mkdtempSync(join(tmpdir(), 'insitu-cli-'));
after(() => rmSync(folder, { recursive: true }));
const flavour = ['--flavour', flavours[0]];
const file = join(folder, 'add.onnx');
writeFileSync(file, addModel());

const commands = [
  'inspect', 'run', 'test', 'bench', 'profile', 'evaluate', 'compare', 'ablate', 'quantize', 'gate', 'cost', 'sign', 'verify', 'card', 'registry',
  'lineage', 'encrypt', 'audit', 'ops', 'init', 'doctor', 'copy',
];

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

test('help', () => {
  const { status, stdout } = insitu('--help');
  assert.equal(status, 0);
  assert.match(stdout, /inspect[\s\S]*doctor/);
  assert.equal(insitu('help').stdout, stdout);
  for (const command of commands) {
    const help = insitu(command, '--help');
    assert.equal(help.status, 0, command);
    assert.match(help.stdout, new RegExp(`^usage: insitu ${command}[^]*\nexample: (npx )?insitu ${command}`));
    assert(help.stdout.split('\n').every((line) => line.length <= 132), command);
    assert.equal(insitu('help', command).stdout, help.stdout);
    assert.equal(insitu(command, '-h').stdout, help.stdout);
  }
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  for (const flag of ['--version', '-v']) assert.equal(insitu(flag).stdout, `${version}\n`);
});

test('docs/cli.md has every command and every option', () => {
  const document = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
  const [common, ...sections] = document.split(/^## /m);
  assert.deepEqual(sections.map((section) => section.split(':')[0]).sort(), [...commands].sort());
  for (const section of sections) {
    const [command] = section.split(':');
    for (const [, option] of insitu(command, '--help').stdout.matchAll(/^ {2}(--?[a-z-]+)/gm)) {
      assert((common + section).includes(`\`${option}`) || section.includes(` ${option} `), `${command} ${option}`);
    }
  }
});

test('wrong usage has the exit status 2 and says what was meant', () => {
  const refused = (pattern, ...args) => {
    const { status, stdout, stderr } = insitu(...args);
    assert.deepEqual([status, stdout], [2, ''], args.join(' '));
    assert.match(stderr, pattern);
  };
  refused(/^insitu: runs ONNX models/);
  refused(/there is no command 'frobnicate'\n/, 'frobnicate');
  refused(/there is no command 'inspct': did you mean inspect\?/, 'inspct');
  refused(/did you mean bench\?/, 'bnech', file);
  refused(/there is no command 'constructor'/, 'constructor');
  refused(/there is no command 'hlep'/, 'help', 'hlep');
  refused(/pass one MODEL\n\nusage: insitu inspect MODEL/, 'inspect');
  refused(/pass one MODEL/, 'run', file, file);
  refused(/pass at least one MODEL/, 'bench');
  refused(/pass at least one DIR/, 'test');
  refused(/pass one DIR/, 'copy');
  refused(/takes no argument/, 'ops', 'Conv');
  refused(/there is no option --nonsense\n/, 'inspect', file, '--nonsense');
  refused(/there is no option --flavor: did you mean --flavour\?/, 'inspect', file, '--flavor', 'simd-st');
  refused(/--runs wants a whole number from 1, not 'many'/, 'bench', file, '--runs', 'many');
  refused(/--json/, 'inspect', file, '--json');
  refused(/--flavour is 'fast', not one of simd-st/, 'inspect', file, '--flavour', 'fast');
  refused(/--backend is 'gpu'/, 'run', file, '--backend', 'gpu');
  refused(/--dim wants NAME=VALUE/, 'run', file, '--dim', '3');
  refused(/--input names x twice/, 'run', file, '--input', 'x=random', '--input', 'x=random');
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
  const refused = (pattern, ...args) => {
    const { status, stdout, stderr } = insitu(...args);
    assert.deepEqual([status, stdout], [1, ''], args.join(' '));
    assert.match(stderr, pattern);
    assert.doesNotMatch(stderr, /^ {4}at /m);
  };
  const missing = join(folder, 'missing.onnx');
  for (const command of ['inspect', 'run', 'bench']) {
    refused(/^InvalidModel: /, command, broken, ...flavour);
    refused(/^Network: cannot read .*missing\.onnx/, command, missing);
    refused(/^InvalidArgument: the folder .* has no model\.onnx\n {2}Pass/, command, folder);
  }
  refused(/there is no folder .*missing/, 'test', missing);
  refused(/there is no folder .*add\.onnx/, 'test', file);
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  refused(/there is no case at or below .*empty/, 'test', empty);
  refused(/cannot write .*: there is no folder/, 'inspect', file, '--json', join(folder, 'nowhere', 'report.json'));
  refused(/cannot write .*: it is a folder/, 'ops', '--json', folder);
  refused(/cannot copy into .*add\.onnx/, 'copy', file);
  refused(/cannot read .*missing\.npy/, 'run', file, '--input', `x=${join(folder, 'missing.npy')}`);
  refused(/is no kind of tensor file/, 'run', file, '--input', `x=${folder}`);
  writeFileSync(join(folder, 'half.json'), '[[1, 2');
  refused(/half\.json is no JSON/, 'run', file, '--input', `x=${join(folder, 'half.json')}`);
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
  writeFileSync(input, '[["NaN", "Infinity", "-Infinity", 0]]');
  assert.deepEqual(JSON.parse(insitu('run', file, '--input', `x=${input}`, '--json', '-', ...flavour).stdout).y.data, ['NaN', 'Infinity', '-Infinity', 4]);
  assert.equal(insitu('run', file, '--input', 'q=random', ...flavour).status, 1);
});

test('whole numbers of 64 bits are read as they are written', () => {
  const [wide, input] = ['wide.onnx', 'wide.json'].map((name) => join(folder, name));
  writeFileSync(wide, identityModel('int64'));
  const run = (text) => {
    writeFileSync(input, text);
    return insitu('run', wide, '--input', `x=${input}`, '--json', '-', ...flavour);
  };
  const { y } = JSON.parse(run('["9223372036854775807", "-9223372036854775808", -3, true]').stdout);
  assert.deepEqual(y.data, ['9223372036854775807', '-9223372036854775808', '-3', '1']);
  assert.deepEqual(JSON.parse(run(JSON.stringify(y)).stdout).y, y);
  for (const odd of ['"9223372036854775808"', '"1.5"', '1.5', 'null', '""', '[1]']) assert.match(run(`{"dims": [1], "data": [${odd}]}`).stderr, /is no int64/);
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
  assert.deepEqual(Object.keys(row), ['engine', 'model', 'flavour', 'threads', 'isolated', 'runs', 'p50_ms', 'p95_ms', 'min_ms', 'first_run_ms',
    'load_ms', 'max_abs_diff', 'wasm_bytes', 'heap_bytes']);
});

test('bench shows no percentile that there are too few runs for', () => {
  const few = insitu('bench', file, '--runs', '129', ...flavour).stdout;
  assert.match(few, /p50 [\d.]+ ms, p90 [\d.]+ ms, min/);
  assert.match(few, /not enough runs: p95 needs 130, p99 needs 662/);
  const many = insitu('bench', file, '--runs', '662', ...flavour).stdout;
  assert.match(many, /p90 [\d.]+ ms, p95 [\d.]+ ms, p99 [\d.]+ ms, min/);
  assert.doesNotMatch(many, /not enough/);
});

test('ops and copy', () => {
  const { stdout } = insitu('ops', '--json');
  const ops = JSON.parse(stdout);
  assert(ops.some(({ name, domain }) => name === 'Conv' && domain === ''));
  assert.equal(insitu('ops', '--json', '-').stdout, stdout);
  assert.equal(insitu('ops', '--json', join(folder, 'ops.json')).status, 0);
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'ops.json'), 'utf8')), ops);
  const lines = insitu('ops').stdout.trimEnd().split('\n');
  assert.equal(lines.pop(), `${ops.length} operators`);
  assert.equal(new Set(lines.map((line) => line.lastIndexOf(' opset '))).size, 1, 'columns are aligned');

  const copied = insitu('copy', join(folder, 'public'));
  assert.equal(copied.status, 0);
  assert.match(copied.stdout, /^sha256-[A-Za-z0-9+/]{43}= {2}insitu-simd-st\.wasm$/m);
  readFileSync(join(folder, 'public', 'insitu', 'worker.js'));
  const { files } = JSON.parse(insitu('copy', join(folder, 'page'), '--module', '--json', '-').stdout);
  for (const { name, bytes } of files) assert.equal(readFileSync(join(folder, 'page', name)).length, bytes);
  assert(files.some(({ name }) => name === 'index.js'));
});

/* `name`, and what it imports sooner or later, as seen from dist/. */
function importsOf(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  const code = readFileSync(new URL(name, dist), 'utf8');
  for (const [, path] of code.matchAll(/\b(?:from|import)\s*\(?\s*(?:\/\*.*?\*\/\s*)*["'`](\.[^"'`]+)["'`]/g)) importsOf(join(dirname(name), path), found);
  return found;
}

test('copy --module leaves no module behind that index.js loads, and copies no other', () => {
  const { files } = JSON.parse(insitu('copy', join(folder, 'modules'), '--module', '--json', '-').stdout);
  const needed = importsOf('index.js');
  for (const name of ['resume.js', 'kept.js', 'trust.js', 'insitu/in-process.js']) assert(needed.has(name), name);
  const copied = files.map(({ name }) => name).filter((name) => name.endsWith('.js') && name !== 'insitu/worker.js');
  assert.deepEqual(copied.sort(), [...needed].sort());
});

test('a reader that has seen enough is no failure', () => {
  for (const reader of ['head -1', 'true']) {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', `set -o pipefail; "${process.execPath}" "${cli}" ops | ${reader}`], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, ''], reader);
    assert.equal(stdout.split('\n').length, reader === 'true' ? 1 : 2);
  }
});

test('Ctrl-C ends it at once, without a word', async () => {
  const child = spawn(process.execPath, [cli, 'bench', file, '--runs', '1000000', ...flavour]);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { said += data; });
  await new Promise((done) => setTimeout(done, 700));
  child.kill('SIGINT');
  const [code, signal] = await new Promise((done) => child.on('close', (...ended) => done(ended)));
  assert.deepEqual([code, signal, said], [null, 'SIGINT', '']);
  const shell = spawnSync('bash', ['-c', `"${process.execPath}" "${cli}" bench "${file}" --runs 1000000 & sleep 1; kill -INT $!; wait $!; echo $?`]);
  assert.equal(String(shell.stdout), '130\n');
});
