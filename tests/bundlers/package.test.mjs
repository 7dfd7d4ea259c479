// The packed tarball: what is in it and what is not, what others' checks of packages say of it, and that importing it does nothing.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { command, packed, program, project } from './support/workspace.mjs';

const kNames = /(?:from|import\()\s*"(\.[^"]+)"|new URL\("([^"]+)",\s*import\.meta\.url/g;

const folderOf = (folder) => join(folder, 'node_modules', 'insitu');
const readPackage = (folder) => JSON.parse(readFileSync(join(folderOf(folder), 'package.json'), 'utf8'));

test('the tarball holds what is needed and nothing besides', async (t) => {
  const folder = await project(t, 'plain');
  if (!folder) return;
  const paths = readdirSync(folderOf(folder), { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile()).map((file) => join(file.parentPath ?? file.path, file.name));
  const files = paths.map((path) => path.slice(folderOf(folder).length + 1)).sort();
  const needed = ['LICENSE', 'THIRD_PARTY.md', 'README.md', 'CHANGELOG.md', 'dist/cli.js', 'dist/index.js', 'dist/insitu/worker.js'];
  for (const name of needed) assert.ok(files.includes(name), `${name} is missing`);
  const flavours = JSON.parse(readFileSync(join(folderOf(folder), 'dist', 'flavours.json'), 'utf8'));
  for (const flavour of flavours) {
    for (const ending of ['mjs', 'wasm']) assert.ok(files.includes(`dist/insitu-${flavour}.${ending}`), `${flavour} lacks its .${ending}`);
  }
  assert.deepEqual(files.filter((name) => /demo|test|fixture|\.onnx$|\.ts$(?<!\.d\.ts)/.test(name)), []);

  const declared = readPackage(folder);
  for (const field of ['dependencies', 'optionalDependencies', 'bundledDependencies']) assert.equal(declared[field], undefined, field);
  for (const name of Object.keys(declared.peerDependencies)) assert.ok(declared.peerDependenciesMeta[name].optional, name);
  assert.deepEqual(Object.keys(declared.scripts).filter((name) => /install|prepare/.test(name)), []);
});

test('maps hold their sources; every file that a bundle names is there', async (t) => {
  const folder = await project(t, 'plain');
  if (!folder) return;
  const dist = join(folderOf(folder), 'dist');
  const scripts = readdirSync(dist, { recursive: true }).filter((name) => name.endsWith('.js'));
  assert.ok(scripts.length > 5);
  for (const name of scripts) {
    const code = readFileSync(join(dist, name), 'utf8');
    const named = [...code.matchAll(kNames)].map(([, imported, address]) => imported ?? address);
    const map = /^\/\/# sourceMappingURL=(.+)$/m.exec(code)?.[1];
    for (const path of [...named, ...(map ? [map] : [])])
      assert.ok(existsSync(join(dist, dirname(name), path)), `${name} names ${path}`);
    if (!map) continue;
    const { sources, sourcesContent } = JSON.parse(readFileSync(join(dist, dirname(name), map), 'utf8'));
    assert.equal(sourcesContent?.length, sources.length, map);
    assert.ok(sourcesContent.every((source) => source?.length > 0), map);
  }
});

test('everything that Parcel is told instead is there', async (t) => {
  const folder = await project(t, 'plain');
  if (!folder) return;
  const { alias, exports } = readPackage(folder);
  for (const path of Object.values(alias)) assert.ok(existsSync(join(folderOf(folder), path)), path);
  const entries = Object.entries(exports).filter(([name]) => /^\.\/[a-z-]+$/.test(name));
  for (const [name, { default: file }] of entries) assert.equal(alias[name], file, `${name} is not found without exports`);
});

test('importing any of its modules does nothing', async (t) => {
  const folder = await project(t, 'react', ['import-only.mjs']);
  if (!folder) return;
  const entries = Object.keys(readPackage(folder).exports).filter((name) => !/\.js(on)?$/.test(name));
  const names = entries.map((name) => `insitu${name.slice(1)}`);
  assert.ok(names.includes('insitu') && names.includes('insitu/monitor'));
  for (const name of names) {
    const output = await command(folder, process.execPath, ['import-only.mjs', name]);
    const { did, exported } = JSON.parse(output);
    assert.deepEqual(did, [], name);
    assert.ok(exported.length > 0, name);
  }
});

test('publint and attw find nothing', async (t) => {
  const folder = await project(t, 'lint');
  if (!folder) return;
  const output = await program(folder, 'publint', [await packed(), '--strict']);
  assert.match(output, /All good!/);
  // The package is ESM only: require() of it, and resolvers that know no `exports`, are not promised.
  await program(folder, 'attw', [await packed(), '--profile', 'esm-only']);
});
