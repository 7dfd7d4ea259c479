// insitu init: what it writes for each framework and host, that it never changes a file, and that what it writes is sound.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { folderOf, insitu } from './support/command-line.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
const insituToo = { insitu: '*' };

/* The files below a folder and their content. */
function contentOf(folder, below = '') {
  return Object.assign({}, ...readdirSync(join(folder, below)).map((name) => {
    const path = join(below, name);
    return statSync(join(folder, path)).isDirectory() ? contentOf(folder, path) : { [path]: readFileSync(join(folder, path), 'utf8') };
  }));
}

const frameworks = {
  vite: { manifest: { devDependencies: { vite: '^6.0.0', typescript: '*' } }, written: ['src/insitu-example.ts', 'vite.config.ts'] },
  'vite 8': { manifest: { type: 'module', devDependencies: { vite: '8.1.0' } }, written: ['src/insitu-example.js', 'vite.config.js'] },
  next: { manifest: { dependencies: { next: '16', react: '19' } }, written: ['app/insitu/page.jsx', 'next.config.mjs'] },
  sveltekit: {
    manifest: { devDependencies: { '@sveltejs/kit': '2', vite: '7' } },
    written: ['src/routes/insitu/+page.svelte', 'vite.config.mjs', 'src/hooks.server.js'],
  },
  astro: { manifest: { dependencies: { astro: '5' } }, written: ['src/pages/insitu.astro', 'astro.config.mjs'] },
  webpack: { manifest: { devDependencies: { webpack: '5' } }, written: ['src/insitu-example.js', 'webpack.config.js'] },
  'create-react-app': { manifest: { dependencies: { 'react-scripts': '5' } }, written: ['src/insitu-example.js', 'src/setupProxy.js'] },
  parcel: { manifest: { devDependencies: { parcel: '2' } }, written: ['src/insitu-example.js', '.proxyrc.js'] },
  esbuild: { manifest: { devDependencies: { esbuild: '*' } }, written: ['src/insitu-example.js'] },
  node: { manifest: {}, written: ['insitu-example.mjs'] },
  static: { written: ['insitu-example.html', '_headers'] },
};

for (const [name, { manifest, written }] of Object.entries(frameworks)) {
  test(`a project with ${name}`, async () => {
    const folder = folderOf(manifest ? { 'package.json': manifest } : { 'index.html': '<h1>Hello</h1>' });
    const before = contentOf(folder);
    const dry = await insitu('init', folder, '--dry-run');
    assert.equal(dry.status, 0, dry.stderr);
    assert.deepEqual(contentOf(folder), before, 'a dry run writes nothing');
    for (const path of written) assert(dry.stdout.includes(`would write ${path}:`), path);

    const first = await insitu('init', folder);
    assert.equal(first.status, 0, first.stderr);
    const after = contentOf(folder);
    assert.deepEqual(Object.keys(after).sort(), [...Object.keys(before), ...written].sort());
    for (const path of written) {
      assert(first.stdout.includes(`written   ${path}`), path);
      const loader = { '.ts': 'ts', '.jsx': 'jsx', '.js': 'js', '.mjs': 'js' }[extname(path)];
      if (loader) await transform(after[path], { loader });
      if (path.includes('insitu')) assert.match(after[path], /session\.run\(/);
      else assert.match(after[path], /Cross-Origin-Opener-Policy[^]*same-origin[^]*Cross-Origin-Embedder-Policy[^]*require-corp/);
    }
    assert.match(first.stdout, /next:\n {2}1\. cd .*\n[^]*put a model at .*model\.onnx/);

    const second = await insitu('init', folder);
    assert.equal(second.status, 0);
    assert.deepEqual(contentOf(folder), after, 'a second time changes nothing');
    for (const path of written) assert(second.stdout.includes(`unchanged ${path}`), path);
  });
}

test('files that exist are kept, and what they lack is shown', async () => {
  const config = "import { defineConfig } from 'vite';\nexport default defineConfig({});\n";
  const folder = folderOf({
    'package.json': { devDependencies: { vite: '7' }, dependencies: insituToo }, 'vite.config.js': config, 'src/insitu-example.js': '// mine\n',
  });
  const { status, stdout } = await insitu('init', folder);
  assert.equal(status, 0);
  assert.equal(readFileSync(join(folder, 'vite.config.js'), 'utf8'), config);
  assert.equal(readFileSync(join(folder, 'src/insitu-example.js'), 'utf8'), '// mine\n');
  assert.match(stdout, /kept {6}src\/insitu-example\.js/);
  assert.match(stdout, /to add {4}to vite\.config\.js, which exists:\n\n[^]*server: \{ headers \}/);
  assert.doesNotMatch(stdout, /npm install insitu/);
  writeFileSync(join(folder, 'vite.config.js'), "export default { server: { headers: { 'Document-Isolation-Policy': 'isolate-and-credentialless' } } };\n");
  assert.match((await insitu('init', folder)).stdout, /unchanged vite\.config\.js/);
});

test('hosts', async () => {
  const manifest = { 'package.json': { devDependencies: { vite: '8' } } };
  for (const [host, path] of [['netlify', 'public/_headers'], ['cloudflare', 'public/_headers'], ['vercel', 'vercel.json'], ['apache', 'public/.htaccess']]) {
    const folder = folderOf(manifest);
    assert.equal((await insitu('init', folder, '--host', host)).status, 0);
    const text = readFileSync(join(folder, path), 'utf8');
    assert.match(text, /Cross-Origin-Opener-Policy.*same-origin[^]*Cross-Origin-Embedder-Policy.*require-corp/, host);
    if (host === 'vercel') assert.equal(JSON.parse(text).headers[0].headers.length, 2);
  }
  const folder = folderOf(manifest);
  assert.match((await insitu('init', folder, '--host', 'nginx')).stdout, /add_header Cross-Origin-Embedder-Policy require-corp always;/);
  assert.match((await insitu('init', folder, '--host', 'github-pages')).stdout, /coi-serviceworker/);
  const told = folderOf({ ...manifest, 'netlify.toml': '' });
  assert.match((await insitu('init', told)).stdout, /written {3}public\/_headers/);
});

test('wrong usage and places', async () => {
  const folder = folderOf({ 'package.json': 'no JSON', 'file.txt': '' });
  const wrong = async (status, pattern, ...args) => {
    const result = await insitu('init', ...args);
    assert.equal(result.status, status, result.stdout);
    assert.match(result.stderr, pattern);
  };
  await wrong(2, /did you mean netlify\?/, folder, '--host', 'netlfy');
  await wrong(2, /--framework is 'angular', not one of next/, folder, '--framework', 'angular');
  await wrong(2, /pass one DIR/, folder, folder);
  await wrong(1, /there is no folder/, join(folder, 'nowhere'));
  await wrong(1, /there is no folder/, join(folder, 'file.txt'));
  await wrong(1, /package\.json is no JSON/, folder);
});

test('the module passes the strictest TypeScript', async () => {
  const folder = folderOf({ 'package.json': { devDependencies: { vite: '8', typescript: '*' } } });
  await insitu('init', folder);
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'insitu'));
  const options = ['--noEmit', '--strict', '--noUncheckedIndexedAccess', '--module', 'esnext', '--moduleResolution', 'bundler', '--target', 'es2022',
    '--lib', 'es2023,dom,dom.iterable,dom.asynciterable,esnext.disposable', '--skipLibCheck'];
  await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), ...options, join(folder, 'src', 'insitu-example.ts')]);
});

test('the program for Node runs', async () => {
  const folder = folderOf({ 'package.json': {} });
  await insitu('init', folder);
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'insitu'));
  copyFileSync(join(root, 'models', 'handwriting', 'handwriting_int8.onnx'), join(folder, 'model.onnx'));
  const { stdout } = await run(process.execPath, ['insitu-example.mjs'], { cwd: folder });
  assert.match(stdout, /^probabilities \[1,11\]: 0\.\d+ /);
});

test('the page that explains headers shows the same texts', async () => {
  const page = readFileSync(join(root, 'docs', 'how-to', 'threads-and-headers.md'), 'utf8');
  const manifests = {
    vite: { devDependencies: { vite: '^7' } }, next: { dependencies: { next: '16' } }, astro: { dependencies: { astro: '5' } },
    webpack: { devDependencies: { webpack: '5' } }, parcel: { devDependencies: { parcel: '2' } },
    sveltekit: { devDependencies: { '@sveltejs/kit': '2', vite: '7' } },
  };
  for (const [framework, manifest] of Object.entries(manifests)) {
    const folder = folderOf({ 'package.json': manifest });
    await insitu('init', folder);
    for (const [path, text] of Object.entries(contentOf(folder))) {
      if (/config|hooks|proxyrc/.test(path)) assert(page.includes(`\n${text}\`\`\``), `${framework}: ${path} as init writes it:\n${text}`);
    }
  }
  const folder = folderOf({ 'index.html': '' });
  for (const host of ['netlify', 'vercel', 'nginx', 'apache', 'github-pages']) {
    const { stdout } = await insitu('init', folder, '--host', host, '--dry-run');
    const [, indented] = /(?:would write (?:_headers|vercel\.json|\.htaccess)|to add .*):\n\n([^]*?)\n\n+next:/.exec(stdout);
    const text = indented.replace(/^ {4}/gm, '').trimEnd();
    assert(page.includes(text), `${host}:\n${text}`);
  }
  assert(existsSync(folder));
});
