// dist/demo/: the page with its parts in place, its modules (those of a playground are loaded when it comes into view), its style
// sheet and its models. `import text from './file.ts?source'` gives the text of a module, so that the code a page shows is the
// code it runs.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { distDir, root } from './paths.mjs';

const source = join(root, 'web', 'demo');
const out = join(distDir, 'demo');
const kEntries = { main: 'web/demo/main.ts', style: 'web/demo/style/style.css', tap: 'web/demo/sound/tap.ts' };
const kFiles = {
  'web/demo/icon.svg': 'icon.svg',
  'models/handwriting/handwriting_int8.onnx': 'models/handwriting.int8.onnx',
  'models/handwriting/handwriting.profile.json': 'models/handwriting.profile.json',
  'models/intents/intents_int8.onnx': 'models/intents_int8.onnx',
  'models/intents/tokenizer.json': 'models/intents_tokenizer.json',
};

/* The package as its users see it: modules one folder up. */
const packageOutside = {
  name: 'package-outside',
  setup: (plugin) => plugin.onResolve({ filter: /^insitu(\/.*)?$/ }, ({ path }) =>
    ({ path: `../${path === 'insitu' ? 'index' : path.slice('insitu/'.length)}.js`, external: true })),
};

const sourcesInside = {
  name: 'sources-inside',
  setup(plugin) {
    plugin.onResolve({ filter: /\?source$/ }, ({ path, resolveDir }) =>
      ({ path: join(resolveDir, path.slice(0, -'?source'.length)), namespace: 'source' }));
    plugin.onLoad({ filter: /./, namespace: 'source' }, ({ path }) =>
      ({ contents: readFileSync(path, 'utf8'), loader: 'text', watchFiles: [path] }));
  },
};

/** index.html of the parts it names; what stands between `if api` and `end` only where the API reference has been written. */
export function writeDemoPage() {
  const hasReference = existsSync(join(out, 'api', 'index.html'));
  const page = readFileSync(join(source, 'index.html'), 'utf8')
    .replace(/<!-- part: ([a-z/-]+\.html) -->\n?/g, (_, path) => readFileSync(join(source, path), 'utf8'))
    .replace(/<!-- if api -->([^]*?)<!-- end -->/g, (_, text) => (hasReference ? text : ''));
  writeFileSync(join(out, 'index.html'), page);
}

/** Bundles with `build` of esbuild and the settings that all bundles have. */
export async function buildDemo(build, common) {
  mkdirSync(join(out, 'models'), { recursive: true });
  for (const name of readdirSync(out)) if (/\.(js|css)$/.test(name)) rmSync(join(out, name));
  await build({
    ...common, entryPoints: kEntries, outdir: out, splitting: true, chunkNames: 'part-[name]-[hash]', minify: true,
    plugins: [packageOutside, sourcesInside],
  });
  for (const [from, to] of Object.entries(kFiles)) copyFileSync(join(root, from), join(out, to));
  writeDemoPage();
}
