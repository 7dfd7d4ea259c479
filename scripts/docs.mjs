// `npm run docs`: the API reference, from the sources' own comments (typedoc.json), into dist/demo/api/: static pages that work from
// any server, offline too, and under a strict policy. A missing comment, a type that is not exported and a dead link are errors.
//
// usage: node scripts/docs.mjs [FOLDER]
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeDemoPage } from './lib/demo-site.mjs';
import { ensureNodeModules } from './lib/npm.mjs';
import { distDir, root } from './lib/paths.mjs';
import { run, runMain, say, step } from './lib/progress.mjs';

export async function writeReference(out = join(distDir, 'demo', 'api')) {
  await step('write the API reference', (task) =>
    run(task, process.execPath, [join(root, 'node_modules', 'typedoc', 'bin', 'typedoc'), '--out', out], { cwd: root }));
  if (existsSync(join(distDir, 'demo', 'index.html'))) writeDemoPage();  // it links the reference now
  return out;
}

async function main() {
  await ensureNodeModules();
  const out = await writeReference(process.argv[2] && resolve(process.argv[2]));
  say(`The API reference is in ${out}.`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await runMain(main);
