// The command line as npm hands it out: packed, installed into an empty folder, and called by its name.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { folderOf } from './support/command-line.mjs';
import { flavours } from './support/insitu.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = folderOf({ 'package.json': { private: true } });

function run(command, args, cwd = folder) {
  return new Promise((resolve) => {
    execFile(command, args, { cwd }, (error, stdout, stderr) => resolve({ status: error ? error.code : 0, stdout, stderr }));
  });
}

const insitu = (...args) => run('npx', ['--no-install', 'insitu', ...args]);

before(async () => {
  const { stdout, stderr } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], root);
  const [{ filename }] = JSON.parse(stdout);
  const installed = await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${filename}`]);
  assert.equal(installed.status, 0, stderr + installed.stderr);
  copyFileSync(join(root, 'models/handwriting/handwriting_int8.onnx'), join(folder, 'model.onnx'));
});

test('every command works from the package', async () => {
  const fine = async (pattern, ...args) => {
    const { status, stdout, stderr } = await insitu(...args);
    assert.equal(status, 0, `${args.join(' ')}: ${stderr}`);
    assert.match(stdout, pattern, args.join(' '));
  };
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  await fine(new RegExp(`^${version.replaceAll('.', '\\.')}\\n$`), '--version');
  await fine(/insitu can run it\./, 'inspect', 'model.onnx');
  await fine(/^'probabilities' float32 \[1,11\]: 0\./, 'run', 'model.onnx');
  await fine(/\(.*, 5 runs\): p50/, 'bench', 'model.onnx', '--runs', '5');
  await fine(/^digits 1\.0\.0: model\.onnx, /, 'registry', 'add', 'model.onnx', '--name', 'digits', '--version', '1.0.0');
  await fine(/^digits 1\.0\.0: /, 'lineage', 'digits');
  await fine(/"specVersion": "1\.6"/, 'card', 'model.onnx', '-o', '-');
  await fine(/operators\n$/, 'ops');
  await fine(/insitu-simd-st\.wasm/, 'copy', 'public/insitu');
  await fine(/written {3}insitu-example\.mjs/, 'init');
  await fine(/usage: insitu profile/, 'help', 'profile');
  await fine(/the package|insitu .* is installed/, 'doctor', '.');
  assert.equal((await insitu('inspct')).status, 2);
  assert.equal((await insitu('inspect', 'missing.onnx')).status, 1);
  const { stdout } = await run(process.execPath, ['insitu-example.mjs']);
  assert.match(stdout, /^probabilities \[1,11\]/);
});

test('the doctor starts what was built', async () => {
  const { stdout } = await insitu('doctor', '--json', '-');
  const { findings } = JSON.parse(stdout);
  for (const flavour of flavours) assert.equal(findings.find(({ check }) => check === flavour).level, 'ok', flavour);
});
