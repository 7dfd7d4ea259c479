// Blocks of README.md and docs/ marked `browser` run as they stand in Chromium: modules, pages and React components, from a site
// that has the package under an import map and the files that the documents name. Nothing is asked of another origin, and
// nothing is complained of.
// Invariant: a module has run when its import resolves; a page or component when it shows an <output> with text, or a panel.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';

import { blocks, fileNameOf, root, withoutMargin } from '../readme/support/documents.mjs';
import { prepare } from '../readme/support/folder.mjs';
import { dist, start } from './support.mjs';

const folder = prepare('documents');
const { exports: entries } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const imports = Object.fromEntries(Object.entries(entries).filter(([, { types }]) => types)
  .map(([path, target]) => [path.replace('.', 'insitu'), target.default.replace('./dist/', '/insitu/')]));
const head = `<!doctype html>
<meta charset="utf-8">
<title>A document</title>
<link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports })}</script>
`;

let site;
before(async () => {
  writeFileSync(join(folder, 'empty.html'), head);
  site = await start({ root: folder, mounts: new Map([['/insitu/', dist]]) });
});
after(() => site.close());

/* Each gives what the block has printed, or shows. */
async function runModule(block, page) {
  const lines = [];
  page.on('console', (message) => { if (message.type() === 'log') lines.push(message.text()); });
  const file = fileNameOf(block, 'mjs');
  writeFileSync(join(folder, file), block.source);
  await page.evaluate(async (file) => { await import(`/${file}`); }, file);
  return lines.join('\n');
}

const shows = (page) => page.waitForFunction(() =>
  document.querySelector('output')?.textContent || document.querySelector('insitu-monitor')?.snapshot);

async function runPage(block, page) {
  const file = fileNameOf(block, 'html');
  writeFileSync(join(folder, file), block.source.startsWith('<!doctype') ? block.source : head + block.source);
  await page.goto(new URL(file, site.url).href);
  const chooser = page.locator('input[type=file]');
  if (await chooser.count() > 0) await chooser.setInputFiles(join(folder, 'one.png'));
  await shows(page);
  return await page.locator('output').first().textContent({ timeout: 1000 }).catch(() => '');
}

/* What react.js imports of the package is that of the site, beside which the engine's files are. */
const fromPackage = {
  name: 'package',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/(index|element)\.js$/ }, ({ path }) => ({ path: path.replace('.', '/insitu'), external: true }));
  },
};

/* The block's first exported component, by the React of this checkout. */
async function runComponent(block, page) {
  const [file, name] = [fileNameOf(block, 'js'), /^export (?:default )?function (\w+)/m.exec(block.source)[1]];
  const contents = `${block.source}\nimport { createRoot } from 'react-dom/client';\n` +
    `createRoot(document.body.appendChild(document.createElement('main'))).render(<${name} />);`;
  await build({
    stdin: { contents, loader: 'jsx', resolveDir: root }, outfile: join(folder, file), bundle: true, format: 'esm', jsx: 'automatic',
    tsconfigRaw: {}, define: { 'process.env.NODE_ENV': '"development"' }, logLevel: 'warning',
    alias: { 'insitu/react': join(dist, 'react.js') }, external: ['insitu'], plugins: [fromPackage],
  });
  await page.evaluate((file) => import(`/${file}`), file);
  await shows(page);
}

const runners = { module: runModule, page: runPage, component: runComponent };

for (const block of blocks) {
  const runIt = runners[block.kind];
  if (!runIt) continue;
  test(block.name, { timeout: 120_000 }, async () => {
    const { page, problems, foreign, close } = await site.open('empty.html');
    try {
      const printed = await runIt(block, page).catch((thrown) => {
        throw new Error([...problems, thrown.message].join('; '), { cause: thrown });
      });
      if (block.output !== undefined) assert.equal(withoutMargin(printed), withoutMargin(block.output));
      assert.deepEqual([problems, foreign], [[], []]);
    } finally {
      await close();
    }
  });
}
