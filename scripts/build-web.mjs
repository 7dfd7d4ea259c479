// dist/: the TypeScript of web/ as bundles and types, the WebAssembly modules of the flavours that
// are built, and the demo. Layout: a bundle for each of kModules, insitu/whole.js, cli.js, insitu-FLAVOUR.{mjs,wasm},
// insitu-quantizer.{mjs,wasm}, flavours.json, THIRD_PARTY_NOTICES.txt, types/, demo/.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { noteBundled, shippedParts } from './lib/attribution.mjs';
import { buildDemo } from './lib/demo-site.mjs';
import { moduleFolder, modules } from './lib/flavours.mjs';
import { noticesOf } from './lib/notices.mjs';
import { distDir, root } from './lib/paths.mjs';
import { run, runMain, step, StepError } from './lib/progress.mjs';
import { wasmFlavours } from './lib/third-party.mjs';

/* The bundles of the package by name. Those that `index` or another imports dynamically are loaded by who needs them; those that
   import `insitu` are entries of their own (package.json, exports) over the same index.js. What holds an engine is in insitu/,
   which client.ts says why. */
const kModules = {
  index: 'web/src/index.ts',
  'insitu/worker': 'web/src/worker/worker.ts',
  'insitu/in-process': 'web/src/rpc/in-process.ts',
  resume: 'web/src/resume.ts',
  kept: 'web/src/kept.ts',
  'kept-watch': 'web/src/kept-watch.ts',
  image: 'web/src/image.ts',
  audio: 'web/src/audio.ts',
  encryption: 'web/src/encryption/encryption.ts',
  quantize: 'web/src/quantize/quantize.ts',
  release: 'web/src/release/release.ts',
  trust: 'web/src/trust/trust.ts',
  watches: 'web/src/watches.ts',
  monitor: 'web/src/monitor-entry.ts',
  audit: 'web/src/audit/index.ts',
  evaluate: 'web/src/evaluate/index.ts',
  gate: 'web/src/evaluate/gate/gate.ts',
  slicer: 'web/src/evaluate/slices/slicer.ts',
  cost: 'web/src/cost/index.ts',
  post: 'web/src/post/index.ts',
  privacy: 'web/src/privacy/index.ts',
  registry: 'web/src/registry/index.ts',
  suspicion: 'web/src/suspicion/index.ts',
  text: 'web/src/text/index.ts',
  element: 'web/element/element.ts',
  react: 'web/react/index.ts',
};

const kDigestChars = 16;
const readDist = (name) => readFileSync(join(distDir, name), 'utf8');

/* A module as small as can be: a tenth smaller than esbuild makes it. What is said to bundlers stays. */
async function minify(code, sourceMap = false) {
  const terser = await import('terser');
  const format = { max_line_len: 1000, comments: /webpackIgnore|@vite-ignore/ };
  return terser.minify(code, { module: true, ecma: 2022, compress: { passes: 3, directives: false }, format, sourceMap });
}

async function minifyFile(name, mapped) {
  const [file, map] = [`${name}.js`, `${name}.js.map`];
  const sourceMap = mapped && { content: readDist(map), url: basename(map), includeSources: true };
  const { code, map: newMap } = await minify(readDist(file), sourceMap);
  writeFileSync(join(distDir, file), code);
  if (mapped) writeFileSync(join(distDir, map), newMap);
}

const moduleOf = (path) => Object.keys(kModules).find((name) => basename(name) === basename(path, '.js'));

/* Other bundles of the package stay files of their own, but for those that are named. */
const modulesOutside = (inside = []) => ({
  name: 'modules-outside',
  setup(plugin) {
    plugin.onResolve({ filter: /^insitu$/ }, () => ({ path: './index.js', external: true }));
    plugin.onResolve({ filter: /^\.{1,2}\/.*\.js$/ }, ({ path, kind }) => {
      const name = kind === 'dynamic-import' ? moduleOf(path) : undefined;
      return name && !inside.includes(name) ? { path: `./${name}.js`, external: true } : undefined;
    });
  },
});

/* Those that are loaded by an entry and import `insitu`. */
const partsOfEntries = ['gate', 'slicer'];

/* The command line has all of it inside, so that there is one InsituError. */
const packageInside = {
  name: 'package-inside',
  setup: (plugin) => plugin.onResolve({ filter: /^insitu$/ }, () => ({ path: join(root, 'web/src/index.ts') })),
};

/* Style sheets become strings of the module that imports them. */
const stylesInside = {
  name: 'styles-inside',
  setup: (plugin) => plugin.onLoad({ filter: /\.css$/ }, async ({ path }) => {
    const { transform } = await import('esbuild');
    const { code } = await transform(readFileSync(path, 'utf8'), { loader: 'css', minify: true });
    return { contents: code.trim(), loader: 'text' };
  }),
};

/* The glue inside the bundle, for browsers alone; its threads start from the bundle's script, each flavour's by its own name. */
const glueInside = {
  name: 'glue-inside',
  setup(plugin) {
    plugin.onResolve({ filter: /\/parts\.js$/ }, () => ({ path: join(root, 'web/src/parts-inside.ts') }));
    plugin.onResolve({ filter: /^glue:/ }, ({ path }) => ({ path: path.slice('glue:'.length), namespace: 'glue' }));
    plugin.onLoad({ filter: /./, namespace: 'glue' }, async ({ path: flavour }) => {
      const file = join(distDir, `insitu-${flavour}.mjs`);
      if (!existsSync(file)) return { contents: `export default () => Promise.reject(new Error('${flavour} was not built'))` };
      const { transform } = await import('esbuild');
      const named = readFileSync(file, 'utf8').replaceAll('"em-pthread"', `"em-pthread-${flavour}"`);
      const define = { process: 'undefined', 'globalThis.process': 'undefined', 'import.meta.url': 'self.location.href' };
      return { contents: (await transform(named, { define, format: 'esm', minifySyntax: true })).code };
    });
  },
};

/* What modules left here that there are no more would be packed with the rest. */
function removeBundles() {
  for (const path of readdirSync(distDir, { recursive: true })) {
    if (/^(insitu.)?[a-z-]+\.js(\.map)?$/.test(path)) rmSync(join(distDir, path));
  }
}

async function bundle() {
  removeBundles();
  const { build } = await import('esbuild');
  // Of what a model was prepared by, for those that are kept, and which files belong together: another build is another digest.
  const builds = Object.fromEntries(modules.map((name) => [name, join(distDir, `insitu-${name}.wasm`)])
    .filter(([, path]) => existsSync(path))
    .map(([name, path]) => [name, readFileSync(path)])
    .map(([name, bytes]) => [name, { digest: bytes.subarray(-kDigestChars).toString(), bytes: bytes.length }]));
  const common = {
    bundle: true, format: 'esm', target: 'es2022', outdir: distDir, logLevel: 'silent', absWorkingDir: root, metafile: true,
    define: { INSITU_BUILDS: JSON.stringify(builds) },
  };
  // The same bundles run in browsers and in Node, which they ask for its modules at run time. They are small for those who
  // load them as they are, and have maps for those who debug.
  const outside = ['node:*', 'react'];
  const bundles = await build({
    ...common, entryPoints: kModules, external: outside, sourcemap: true, plugins: [modulesOutside(), stylesInside],
  });
  for (const name of Object.keys(kModules)) await minifyFile(name, true);
  const whole = { 'insitu/whole': 'web/src/worker/whole.ts' };
  const nodeParts = ['module', 'worker_threads']; // which the glue imports where there is a `process`
  await build({ ...common, entryPoints: whole, external: [...outside, ...nodeParts], plugins: [glueInside] });
  await minifyFile('insitu/whole', false);
  const banner = { js: '#!/usr/bin/env node' };
  const cli = await build({
    ...common, entryPoints: { cli: 'web/cli/main.ts' }, platform: 'node', plugins: [packageInside, modulesOutside(partsOfEntries)], banner,
  });
  chmodSync(join(distDir, 'cli.js'), 0o755);
  noteBundled([bundles.metafile, cli.metafile]);
  await buildDemo(build, common);
}

/* Glue and module of one build say so: the glue by an export, the module by a custom section at its end, `insitu`. */
async function copyModule(folder, name) {
  const [glue, wasm] = ['mjs', 'wasm'].map((ending) => readFileSync(join(folder, `${name}.${ending}`)));
  const digest = createHash('sha256').update(glue).update(wasm).digest('hex').slice(0, kDigestChars);
  const section = Buffer.from(`\0\0\x06insitu${digest}`);
  section[1] = section.length - 2;
  writeFileSync(join(distDir, `${name}.wasm`), Buffer.concat([wasm, section]));
  // Its memory is made by web/src/loader.ts, which knows what to do where there is not enough.
  const parts = glue.toString().split('new WebAssembly.Memory(');
  if (parts.length !== 2) throw new StepError(`${name}.mjs does not make its memory in the one place that is known.`);
  const { code } = await minify(parts.join('Module["createMemory"]('));
  writeFileSync(join(distDir, `${name}.mjs`), `${code}export const build="${digest}";\n`);
}

async function copyModules() {
  const built = modules.filter((name) => existsSync(join(moduleFolder(name), `insitu-${name}.wasm`)));
  for (const module of modules) {
    const name = `insitu-${module}`;
    if (built.includes(module)) await copyModule(moduleFolder(module), name);
    else for (const ending of ['mjs', 'wasm']) rmSync(join(distDir, `${name}.${ending}`), { force: true });
  }
  writeFileSync(join(distDir, 'flavours.json'), `${JSON.stringify(built.filter((name) => wasmFlavours.includes(name)))}\n`);
}

/** Types take a while; the demo does without them. */
export async function buildWeb({ types = true } = {}) {
  await step('build dist', async (task) => {
    mkdirSync(distDir, { recursive: true });
    await copyModules();
    await bundle();
    writeFileSync(join(distDir, 'THIRD_PARTY_NOTICES.txt'), noticesOf(shippedParts()));
    if (types) rmSync(join(distDir, 'types'), { recursive: true, force: true });
    if (types) await run(task, process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc')], { cwd: root });
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await runMain(buildWeb);
