// What a release is made of, without building one: its checks, the comparison of two packages, the bill of materials and the notices.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { bundledFolders, shippedParts } from '../../scripts/lib/attribution.mjs';
import { debianTexts, licenceTexts } from '../../scripts/lib/licences.mjs';
import { noticesOf } from '../../scripts/lib/notices.mjs';
import { root } from '../../scripts/lib/paths.mjs';
import { pins } from '../../scripts/lib/sources.mjs';
import { checkChangelog, checkCheckout, checkTag, checkTree, checkVersions } from '../../scripts/release/checks.mjs';
import { differences, placesIn } from '../../scripts/release/compare.mjs';
import { billOf, buildTools, validateBill } from '../../scripts/release/sbom.mjs';

const folder = mkdtempSync(join(tmpdir(), 'insitu-release-test-'));
after(() => rmSync(folder, { recursive: true }));
const shipped = pins.sources.filter(({ shipped }) => shipped);
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const bill = (sha256 = 'ab'.repeat(32)) => billOf({ manifest, sha256, parts: shippedParts(), tools: buildTools() });

test('the files that name a version agree, in this checkout too', () => {
  const cmake = 'project(insitu VERSION 1.2.3 LANGUAGES C CXX)';
  const lock = (version) => ({ version, packages: { '': { version } } });
  assert.ok(checkVersions({ manifest: { version: '1.2.3' }, lock: lock('1.2.3'), cmake }).ok);
  for (const wrong of [
    { manifest: { version: '1.2.4' }, lock: lock('1.2.3'), cmake },
    { manifest: { version: '1.2.3' }, lock: lock('1.2.2'), cmake },
    { manifest: { version: '1.2.3' }, lock: lock('1.2.3'), cmake: 'project(insitu VERSION 1.2 LANGUAGES C)' },
    { manifest: { version: '1.2.3' }, lock: lock('1.2.3'), cmake: '' },
  ]) assert.ok(!checkVersions(wrong).ok);
  assert.ok(checkCheckout(root, { dryRun: true }).find(({ name }) => name === 'versions agree').ok);
});

test('a release needs a dated section of the changelog; a dry run says so', () => {
  const check = (changelog, dryRun) => checkChangelog({ version: '1.2.3', changelog, dryRun });
  assert.ok(check('# Changelog\n\n## 1.2.3 - 2026-01-31\n\ntext\n', false).ok);
  assert.ok(check('## [1.2.3] - 2026-01-31\n', false).ok);
  assert.ok(!check('## 1.2.3\n', false).ok);
  assert.ok(!check('## 1.2.30 - 2026-01-31\n', false).ok);
  assert.ok(!check('## Unreleased\n', false).ok);
  const dry = check('## Unreleased\n', true);
  assert.ok(dry.ok);
  assert.match(dry.said, /needs a section "## 1\.2\.3 - YYYY-MM-DD"/);
  assert.ok(!check('# Changelog\n', true).ok);
});

test('what is not committed and tags that are there stop a release', () => {
  assert.ok(checkTree('').ok);
  assert.match(checkTree(' M web/src/index.ts\n?? note.txt').said, /web\/src\/index\.ts, note\.txt/);
  assert.ok(checkTag({ version: '1.2.3', tags: 'v1.2.30\nv1.2' }).ok);
  assert.ok(!checkTag({ version: '1.2.3', tags: 'v1.2.2\nv1.2.3' }).ok);
});

test('the files in which two packages differ are named, and why', () => {
  const [a, b] = ['a', 'b'].map((name) => join(folder, name));
  for (const one of [a, b]) {
    mkdirSync(join(one, 'dist'), { recursive: true });
    for (const name of ['same.js', 'other.js', 'mode.js']) writeFileSync(join(one, 'dist', name), 'export {};\n');
  }
  assert.deepEqual(differences(a, b), []);
  writeFileSync(join(a, 'dist', 'other.js'), 'export { };\n');
  chmodSync(join(a, 'dist', 'mode.js'), 0o755);
  writeFileSync(join(a, 'gone.txt'), '');
  writeFileSync(join(b, 'new.txt'), '');
  assert.deepEqual(differences(a, b), [
    'dist/mode.js has the modes 755 and 644', 'dist/other.js differs from byte 8 on (12 and 11 bytes)',
    'gone.txt is only in the first', 'new.txt is only in the second',
  ]);
  writeFileSync(join(a, 'module.wasm'), Buffer.concat([Buffer.from([0, 255, 0]), Buffer.from('/some/where/file.cc'), Buffer.from([0])]));
  assert.deepEqual(placesIn(a, ['/some/where', '/else']), ['module.wasm names /some/where']);
});

test('every part of the package has a licence with its text', () => {
  const parts = shippedParts();
  assert.ok(shipped.length >= 6);
  for (const { name, version, licence } of shipped) {
    const part = parts.find((one) => one.name === name);
    assert.deepEqual([part?.version, part?.licence], [version, licence], name);
  }
  assert.ok(parts.every(({ texts }) => texts.join('').length > 100));
  for (const name of ['emscripten', 'musl', 'libcxx']) assert.ok(parts.some((part) => part.name === name), name);
  assert.ok(!parts.some(({ name }) => name === 'catch2'), 'tests are no part of the package');
  const texts = (name) => parts.find((part) => part.name === name).texts.join('\n');
  assert.match(texts('emscripten'), /Permission is hereby granted, free of charge/);
  assert.match(texts('libcxx'), /LLVM Exception/i);
  assert.match(texts('libcxx'), /Grant of Patent License/);
  assert.match(texts('xnnpack'), /Redistributions in binary form/);
});

test('what esbuild has put into the bundles is a part, and nothing else of node_modules', () => {
  const inputs = (bytes) => Object.fromEntries(Object.entries(bytes).map(([path, bytesInOutput]) => [path, { bytesInOutput }]));
  assert.deepEqual(bundledFolders([
    { outputs: { 'dist/a.js': { inputs: inputs({ 'web/src/index.ts': 10, 'node_modules/@some/one/dist/x.js': 7, 'node_modules/unused/u.js': 0 }) } } },
    { outputs: { 'dist/b.js': { inputs: inputs({ 'node_modules/a/node_modules/b/i.js': 5, 'node_modules/@some/one/y.js': 1 }) } } },
  ]), ['node_modules/@some/one', 'node_modules/a/node_modules/b']);
  assert.ok(shippedParts().some(({ name, purl }) => name === '@huggingface/tokenizers' && purl.startsWith('pkg:npm/%40huggingface/tokenizers@')));
});

test('the notices hold each part and its text, and are those of dist/', () => {
  const parts = shippedParts();
  const notices = noticesOf(parts);
  for (const { name, version, texts } of parts) {
    assert.ok(notices.includes(`\n${name} ${version} (`), name);
    for (const text of texts) assert.ok(notices.includes(text.trim()), `the text of ${name}`);
  }
  assert.equal(notices, noticesOf(shippedParts()));
  const built = join(root, 'dist', 'THIRD_PARTY_NOTICES.txt');
  assert.ok(existsSync(built), 'every build writes them');
  assert.equal(readFileSync(built, 'utf8'), notices);
});

test('the bill of materials is CycloneDX 1.6 and always the same', async () => {
  const text = bill();
  assert.equal(await validateBill(text), null);
  assert.equal(text, bill());
  const { specVersion, serialNumber, metadata, components, dependencies } = JSON.parse(text);
  assert.equal(specVersion, '1.6');
  assert.equal(metadata.timestamp, undefined);
  assert.match(serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(serialNumber, JSON.parse(bill('cd'.repeat(32))).serialNumber);
  assert.equal(metadata.component.hashes[0].content, 'ab'.repeat(32));
  for (const { name, version, sha256, purl, licence } of shipped) {
    const part = components.find((one) => one.name === name);
    assert.equal(part?.version, version, name);
    assert.equal(part.purl, purl);
    assert.deepEqual(part.hashes, [{ alg: 'SHA-256', content: sha256 }]);
    assert.equal(part.licenses[0].license.id, licence);
  }
  assert.ok(['emscripten', 'clang', 'esbuild'].every((name) => metadata.tools.components.some((tool) => tool.name === name && tool.version)));
  const own = dependencies.find(({ ref }) => ref === metadata.component['bom-ref']);
  assert.equal(own.dependsOn.length, components.length);
});

test('a bill that the schema does not allow is found', async () => {
  assert.notEqual(await validateBill(bill().replace('"SHA-256"', '"CRC"')), null);
});

test('licences are read from files, and from the copyright file of a Debian package', () => {
  const home = join(folder, 'home');
  mkdirSync(join(home, 'LICENSES'), { recursive: true });
  writeFileSync(join(home, 'LICENSE.txt'), 'one\r\ntwo\r\n');
  writeFileSync(join(home, 'NOTICE'), 'three');
  writeFileSync(join(home, 'licensing.md'), 'no');
  assert.deepEqual(licenceTexts(home), ['one\ntwo\n', 'three\n']);
  assert.deepEqual(licenceTexts(join(home, 'nowhere')), []);
  const file = join(folder, 'copyright');
  writeFileSync(file, 'Format: x\n\nFiles:\n lib/a/*\nCopyright:\n  2020  A\nLicense: MIT or Zlib\n As you like.\n .\n Really.\n\n' +
    'License: MIT\n Text of MIT.\n\nLicense: Zlib\n Text of Zlib.\n');
  assert.deepEqual(debianTexts(file, 'lib/a/*'),
    ['Copyright:\n 2020  A\n', 'Licence: MIT or Zlib\nAs you like.\n\nReally.\n', 'MIT:\nText of MIT.\n', 'Zlib:\nText of Zlib.\n']);
  assert.equal(debianTexts(file, 'lib/b/*'), undefined);
});
