// The API reference: it builds without a warning, and has a page on every name that the package exports.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { root } from '../../scripts/lib/paths.mjs';

const folder = mkdtempSync(join(tmpdir(), 'insitu-reference-'));
after(() => rmSync(folder, { recursive: true }));

/* The names in `export { ... } from`, `export { ... }` and `export <declaration>` of a declaration file. */
function exportsOf(file) {
  const text = readFileSync(join(root, file), 'utf8');
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names]) => names.split(','));
  const declared = [...text.matchAll(/^export (?:declare )?(?:abstract )?(?:class|function|const|interface|type) (\w+)/gm)].map(([, name]) => name);
  return [...lists.map((name) => name.trim().split(' as ').at(-1)), ...declared].filter(Boolean);
}

test('the reference builds without a warning and has every export of the package', () => {
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'scripts', 'docs.mjs'), folder], { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, stdout);
  const pages = new Set(readdirSync(folder, { recursive: true }).map((path) => path.replace(/^.*\//, '')));
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  // worker.js is a program, which exports nothing.
  const entries = Object.entries(exports).filter(([path, { types }]) => types && path !== './worker.js');
  assert.ok(entries.length > 0);
  for (const [path, { types }] of entries) {
    const module = path.replace('.', 'insitu').replaceAll('/', '_');
    const names = exportsOf(types);
    assert.ok(names.length > 0, types);
    for (const name of names) {
      // What one entry exports again from another has its page there.
      assert.ok(pages.has(`${module}.${name}.html`) || [...pages].some((page) => page.endsWith(`.${name}.html`) && path !== '.'), `${module} ${name}`);
    }
  }
  assert.ok(pages.has('architecture.html') && pages.has('monitoring.html'));
});
