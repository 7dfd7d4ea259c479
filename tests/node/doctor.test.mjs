// insitu doctor: traps of projects, and sites with wrong and right settings, each named with what to do; nothing where all is well.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { serve } from '../../scripts/serve.mjs';
import { folderOf, insitu } from './support/command-line.mjs';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

/* { status, findings } of the doctor. */
async function examine(...args) {
  const { status, stdout, stderr } = await insitu('doctor', ...args, '--json', '-');
  assert.equal(stderr, '');
  const { ok, findings } = JSON.parse(stdout);
  assert.equal(status, ok ? 0 : 1);
  assert.equal(ok, findings.every(({ level }) => level !== 'wrong'));
  for (const { level, what, why, how } of findings) if (level !== 'ok') assert(what && why && how, `${what}: ${why}: ${how}`);
  return { status, findings };
}

/* The findings of a level whose check is this one. */
const found = ({ findings }, level, check) => findings.filter((finding) => finding.level === level && finding.check === check);

function assertFound(result, level, check, pattern) {
  assert(found(result, level, check).some(({ what, how = '' }) => pattern.test(`${what} -> ${how}`)),
    `no '${level}' of ${check} like ${pattern} in ${JSON.stringify(result.findings, null, 1)}`);
}

test('this Node and this package', async () => {
  const { status, stdout } = await insitu('doctor');
  assert.equal(status, 0);
  assert.match(stdout, /ok +simd-st +starts with 1 thread$/m);
  assert.match(stdout, /ok +relaxed SIMD/);
  assert.deepEqual(found(await examine(), 'wrong', 'simd-st'), []);
  assert.equal((await insitu('doctor', '.', '.')).status, 2);
  assert.equal((await insitu('doctor', join(dist, 'nowhere'))).status, 1);
});

/* A project with insitu installed, as far as the doctor looks. */
function project(manifest, files = {}) {
  const folder = folderOf({ 'package.json': { ...manifest, dependencies: { insitu: '*', ...manifest.dependencies } }, ...files });
  mkdirSync(join(folder, 'node_modules/insitu'), { recursive: true });
  writeFileSync(join(folder, 'node_modules/insitu/package.json'), '{"version": "0.1.0"}');
  cpSync(dist, join(folder, 'node_modules/insitu/dist'), { recursive: true, filter: (path) => !/demo|types/.test(path) });
  return folder;
}

test('a project as init leaves it is fine', async () => {
  const folder = project({ devDependencies: { vite: '^6' } });
  await insitu('init', folder);
  const { status, findings } = await examine(folder);
  assert.equal(status, 0);
  assert.deepEqual(findings.filter(({ level }) => level !== 'ok'), []);
});

test('bundlers that copy no files, and copies of another version', async () => {
  const devDependencies = { esbuild: '*' };
  const source = "import { load } from 'insitu';\nload('model.onnx');\n";
  const folder = project({ devDependencies }, { 'src/app.js': source });
  const bare = await examine(folder);
  assertFound(bare, 'wrong', 'bundler', /nowhere.*insitu copy/);
  assertFound(bare, 'wrong', 'bundler', /no option assets in src\/app\.js/);
  await insitu('copy', join(folder, 'public/insitu'));
  writeFileSync(join(folder, 'src/app.js'), source.replace("'model.onnx'", "'model.onnx', { assets: '/insitu/' }"));
  const whole = await examine(folder);
  assert.equal(whole.status, 0);
  assertFound(whole, 'ok', 'copies', /public\/insitu/);
  const file = join(folder, 'public/insitu/insitu-simd-st.mjs');
  writeFileSync(file, `${readFileSync(file, 'utf8')}\n`);
  assertFound(await examine(folder), 'wrong', 'copies', /insitu-simd-st\.mjs of another version.*insitu copy public\/insitu/);
});

test('headers, service workers and policies of a project', async () => {
  const bare = project({ devDependencies: { vite: '8', 'vite-plugin-pwa': '1' } }, {
    'index.html': `<meta http-equiv="Content-Security-Policy" content="default-src 'self'; worker-src 'none'">`,
    'vite.config.js': "export default { plugins: [VitePWA({})] };",
  });
  const result = await examine(bare);
  assertFound(result, 'advice', 'isolation', /insitu init/);
  assertFound(result, 'wrong', 'service worker', /vite-plugin-pwa.*vite\.config\.js.*wasm/);
  assertFound(result, 'wrong', 'CSP', /default-src of index\.html forbids WebAssembly.*wasm-unsafe-eval/);
  assertFound(result, 'wrong', 'CSP', /worker-src of index\.html/);
  assert.deepEqual(found(await examine(bare, '--threads', '1'), 'advice', 'isolation'), []);
  writeFileSync(join(bare, 'vite.config.js'),
    "export default { plugins: [VitePWA({ workbox: { globPatterns: ['**/*.{js,wasm}'], maximumFileSizeToCacheInBytes: 4e6 } })] };");
  writeFileSync(join(bare, 'index.html'), `<meta http-equiv='Content-Security-Policy' content="script-src 'self' 'wasm-unsafe-eval'">`);
  assert.equal((await examine(bare)).status, 0);
});

test('a site as scripts/serve.mjs serves it', async () => {
  const right = await serve({ csp: true, cached: true });
  const bare = await serve({ isolated: false });
  after(() => Promise.all([right.close(), bare.close()]));
  const good = await examine(`${right.url}demo/`);
  assert.equal(good.status, 0);
  assertFound(good, 'ok', 'isolation', /is cross-origin isolated/);
  assertFound(good, 'ok', 'CSP', /lets the engine run/);
  assertFound(good, 'ok', 'media type', /files/);
  assertFound(good, 'advice', 'compression', /insitu-simd-st\.wasm/);
  const bad = await examine(`${bare.url}demo/`);
  assertFound(bad, 'wrong', 'isolation', /no Cross-Origin-Opener-Policy -> Send Cross-Origin-Opener-Policy: same-origin/);
  assertFound(bad, 'wrong', 'isolation', /no Cross-Origin-Embedder-Policy/);
  assert.equal((await examine(`${bare.url}demo/`, '--threads', '1')).status, 0);
  assertFound(await examine(`${bare.url}nowhere`), 'wrong', 'page', /answered 404/);
});

/* A site with one page that imports insitu; `headersOf` gives the headers of a path, `bodies` other answers. */
async function site(headersOf, bodies = {}) {
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    const headers = { ETag: '"1"', ...typesOf(path), ...headersOf(path, request) };
    const body = path === '/' ? '<script type="module" src="./insitu/index.js"></script><script>load("/model.onnx")</script>'
      : bodies[path] ?? (path === '/model.onnx' ? 'model' : read(path));
    if (body === undefined) response.writeHead(404, { 'Content-Security-Policy': "default-src 'none'" }).end();
    else response.writeHead(200, headers).end(body);
  });
  await new Promise((done) => server.listen(0, 'localhost', done));
  after(() => server.close());
  return `http://localhost:${server.address().port}/`;
}

/* Of dist/, as if it were in the folder insitu. */
function read(path) {
  if (!path.startsWith('/insitu/')) return undefined;
  try {
    return readFileSync(join(dist, path.replace('/insitu/', '')));
  } catch {
    return undefined;
  }
}

const typesOf = (path) => {
  const type = { wasm: 'application/wasm', mjs: 'text/javascript', js: 'text/javascript', onnx: 'application/octet-stream' }[path.split('.').at(-1)];
  return { 'Content-Type': type ?? 'text/html' };
};
const isolated = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

test('a site where all is well', async () => {
  const wasm = Object.fromEntries(['simd-st', 'simd-mt', 'relaxed-st', 'relaxed-mt'].map((flavour) => {
    const path = `/insitu/insitu-${flavour}.wasm`;
    return [path, brotliCompressSync(read(path), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })];
  }));
  const url = await site((path) => ({ ...isolated, ...(path.endsWith('.wasm') && { 'Content-Encoding': 'br' }) }), wasm);
  const { status, findings } = await examine(url);
  assert.equal(status, 0);
  assert.deepEqual(findings.filter(({ level }) => level !== 'ok'), []);
});

test('media types, caching and workers without headers', async () => {
  const url = await site((path) => ({
    ...(path.startsWith('/insitu/') ? {} : isolated),
    ...(path.endsWith('.wasm') && { 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' }),
    ...(path.endsWith('.mjs') && { 'Content-Type': 'application/octet-stream' }),
    ...(path.endsWith('.onnx') && { ETag: [] }),
  }));
  const result = await examine(url);
  assertFound(result, 'wrong', 'isolation', /worker\.js.* without Cross-Origin-Embedder-Policy/);
  assertFound(result, 'wrong', 'media type', /octet-stream for .*\.wasm.*application\/wasm/);
  assertFound(result, 'wrong', 'media type', /octet-stream for .*\.mjs.*text\/javascript/);
  assertFound(result, 'wrong', 'caching', /no-store for .*\.wasm/);
  assertFound(result, 'wrong', 'caching', /no ETag.*\/model\.onnx/);
});

test('other isolation policies', async () => {
  const says = async (headers, level, pattern) => assertFound(await examine(await site(() => headers)), level, 'isolation', pattern);
  await says({ ...isolated, 'Cross-Origin-Embedder-Policy': 'credentialless' }, 'ok', /is cross-origin isolated/);
  await says({ ...isolated, 'Cross-Origin-Embedder-Policy': 'require-corp; report-to="x"' }, 'ok', /is cross-origin isolated/);
  await says({ ...isolated, 'Cross-Origin-Opener-Policy': 'same-origin-allow-popups' }, 'wrong', /Cross-Origin-Opener-Policy is same-origin-allow-popups/);
  await says({ 'Document-Isolation-Policy': 'isolate-and-credentialless' }, 'advice', /Document-Isolation-Policy/);
  await says({ ...isolated, 'Permissions-Policy': 'cross-origin-isolated=()' }, 'wrong', /Permissions-Policy/);
  await says({ 'Cross-Origin-Embedder-Policy-Report-Only': 'require-corp' }, 'wrong', /only for reports/);
});

test('content security policies', async () => {
  const says = async (policy, pattern) => {
    const result = await examine(await site((path) => ({ ...isolated, ...(path === '/' && { 'Content-Security-Policy': policy }) })));
    if (pattern) assertFound(result, 'wrong', 'CSP', pattern);
    else assert.deepEqual(found(result, 'wrong', 'CSP'), []);
  };
  await says("default-src 'self'", /default-src of the page forbids WebAssembly/);
  await says("default-src 'self'; script-src 'self' 'wasm-unsafe-eval'");
  await says("script-src 'self' 'unsafe-eval'; worker-src blob:", /worker-src of the page \(blob:\) forbids .*worker\.js -> Add 'self' to worker-src/);
  await says("script-src 'self' 'wasm-unsafe-eval'; connect-src https://api.example.org", /connect-src .*\.wasm -> Add 'self'/);
  await says("script-src 'self' 'wasm-unsafe-eval'; connect-src http://localhost:*");
  await says("script-src https://cdn.example.org 'wasm-unsafe-eval'", /script-src of the page .* forbids .*\.mjs/);
  await says("script-src 'nonce-1' 'strict-dynamic' 'wasm-unsafe-eval'; worker-src 'self'");
  await says("script-src 'self' 'wasm-unsafe-eval'; child-src 'none'", /child-src of the page .* forbids .*worker\.js/);
  await says("script-src * 'wasm-unsafe-eval', script-src 'self'", /script-src of the page forbids WebAssembly/);
  await says("require-trusted-types-for 'script'", /trusted types/);
  await says('sandbox allow-scripts', /sandbox/);
  const worker = await examine(await site((path) => ({ ...isolated, ...(path.endsWith('worker.js') && { 'Content-Security-Policy': "script-src 'self'" }) })));
  assertFound(worker, 'wrong', 'CSP', /script-src of \/insitu\/insitu\/worker\.js forbids WebAssembly/);
});

test('files on another origin, and files that are missing', async () => {
  const other = await site(() => ({}));
  const page = { '/page.html': `<script type="module" src="${other}insitu/index.js"></script>` };
  const foreign = await examine(`${await site(() => isolated, page)}page.html`);
  assertFound(foreign, 'wrong', 'origin', /worker\.js comes from another origin/);
  assertFound(foreign, 'wrong', 'origin', /from another origin without CORS.*Access-Control-Allow-Origin: http:\/\/localhost/);
  const bundled = { '/page.html': '<script src="/app.js"></script>', '/app.js': 'new Worker(new URL("./worker.js", import.meta.url)); "./insitu-simd-st.wasm"' };
  const missing = await site(() => isolated, bundled);
  const incomplete = await examine(`${missing}page.html`);
  assertFound(incomplete, 'wrong', 'files', /not there \(404\): \/worker\.js.*insitu copy/);
  assert.deepEqual(found(incomplete, 'wrong', 'CSP'), [], 'the policy of an error page is none of a worker');
  const copy = await site(() => isolated, { '/page.html': '"/assets/worker-B8fe_Q1x.js"', '/assets/worker-B8fe_Q1x.js': '"./insitu-simd-st.wasm"' });
  const copied = await examine(`${copy}page.html`);
  assert.deepEqual([copied.status, found(copied, 'advice', 'files').length], [0, 1], 'a renamed script may be a copy that nothing runs');
  const glue = { '/page.html': '"/assets/worker-B8fe_Q1x.js"', '/assets/worker-B8fe_Q1x.js': '"./insitu-quantizer-DxK3b9Qa.mjs"', '/assets/insitu-quantizer-DxK3b9Qa.mjs': '"insitu-quantizer.wasm"' };
  const renamed = await examine(`${await site(() => isolated, glue)}page.html`);
  assertFound(renamed, 'ok', 'files', /the 2 files/);  // what the glue names is put in by the loader
  const silent = await site(() => isolated, { '/page.html': 'nothing' });
  assertFound(await examine(`${silent}page.html`), 'advice', 'files', /no files of insitu.*--assets/);
  assertFound(await examine(`${silent}page.html`, '--assets', '/insitu', '--model', 'model.onnx'), 'ok', 'files', /6 files/);
  assert.equal((await insitu('doctor', 'http://localhost:9/')).status, 1);
});

test('models that are not there, and addresses of no page', async () => {
  const url = await site(() => isolated, { '/page.html': '<p>nothing', '/bare.html': '<p>' });
  const models = await examine(`${url}page.html`, '--model', '/nope.onnx', '--model', '/bare.html');
  assertFound(models, 'wrong', 'models', /not there \(404\): \/nope\.onnx/);
  assertFound(models, 'wrong', 'models', /a web page, and no model: \/bare\.html/);
  assert.deepEqual(models.findings.filter(({ how = '' }) => how.includes('insitu copy')), [], 'nothing is said of the engine');
  assert.equal((await examine(`${url}page.html`, '--model', '/model.onnx')).status, 0);
  const { status, findings } = await examine(`${url}model.onnx`);
  assert.deepEqual([status, findings.length, findings[0].what], [1, 1, `${url}model.onnx is no page, but application/octet-stream`]);
});
