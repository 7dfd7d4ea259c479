// A dry run of the release, from a clean clone of HEAD (what is not committed is not tested): two builds of one flavour give one
// package, build/release/ has what it should, and the package that was packed runs a model.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { root } from '../../scripts/lib/paths.mjs';
import { validateBill } from '../../scripts/release/sbom.mjs';

const folder = mkdtempSync(join(tmpdir(), 'insitu-dry-run-'));
const clone = join(folder, 'checkout');
const made = join(clone, 'build', 'release');
const release = (...args) => spawnSync(process.execPath, ['scripts/release.mjs', ...args], { cwd: clone, encoding: 'utf8' });
before(() => execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, clone]));
after(() => rmSync(folder, { recursive: true }));

test('what is not committed stops it before anything is built', () => {
  writeFileSync(join(clone, 'stray.txt'), '');
  const { status, stdout } = release('--dry-run', '--flavours', 'simd-st');
  rmSync(join(clone, 'stray.txt'));
  assert.equal(status, 1);
  assert.match(stdout, /FAIL {2}the tree is clean: commit or remove stray\.txt/);
  assert.doesNotMatch(stdout, /clone and build/);
});

test('a release has all flavours', () => {
  const { status, stdout } = release('--flavours', 'simd-st');
  assert.equal(status, 1);
  assert.match(stdout, /--flavours is for --dry-run/);
});

test('two clean builds give the same package, with its bill, notices and digests', async () => {
  const { status, stdout } = release('--dry-run', '--flavours', 'simd-st');
  assert.equal(status, 0, stdout);
  assert.match(stdout, /The package is reproducible/);
  const { version } = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8'));
  const files = ['THIRD_PARTY_NOTICES.txt', `insitu-${version}.cdx.json`, `insitu-${version}.tgz`];
  assert.deepEqual(readdirSync(made).sort(), [...files, 'sha256sums'].sort());
  const digest = (file) => createHash('sha256').update(readFileSync(join(made, file))).digest('hex');
  assert.equal(readFileSync(join(made, 'sha256sums'), 'utf8'), files.map((file) => `${digest(file)}  ${file}\n`).join(''));
  const bill = readFileSync(join(made, files[1]), 'utf8');
  assert.equal(await validateBill(bill), null);
  assert.equal(JSON.parse(bill).metadata.component.hashes[0].content, digest(files[2]));
});

test('the package that was packed runs a model and brings its notices', () => {
  const app = join(folder, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{"type": "module"}');
  const tarball = readdirSync(made).find((name) => name.endsWith('.tgz'));
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--offline', join(made, tarball)], { cwd: app, stdio: 'pipe' });
  const installed = join(app, 'node_modules', 'insitu');
  assert.deepEqual(readFileSync(join(installed, 'dist', 'THIRD_PARTY_NOTICES.txt')), readFileSync(join(made, 'THIRD_PARTY_NOTICES.txt')));
  const model = join(root, 'models', 'handwriting', 'handwriting_int8.onnx');
  const out = execFileSync('npx', ['insitu', 'run', model, '--input', 'image=random'], { cwd: app, encoding: 'utf8' });
  assert.match(out, /probabilities/);
});
