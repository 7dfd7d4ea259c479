// A static server of one folder, for the demo and the browser tests: cross-origin isolation headers
// (or none), a strict Content-Security-Policy if asked for, right media types, and nothing outside
// the folder.
//
// usage: node scripts/serve.mjs [FOLDER] [--csp] [--not-isolated]    (PORT and HOST from the environment)
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { distDir } from './lib/paths.mjs';

const kTypes = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.onnx': 'application/octet-stream',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};
const kPolicy =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'";

const describe = (path, { size, mtimeMs }) => ({ path, size, tag: `"${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}"` });

/** The file that a request path names below root, or undefined. */
async function fileOf(root, requestPath) {
  let path;
  try {
    path = decodeURIComponent(requestPath);
  } catch {
    return undefined;
  }
  if (path.includes('\0')) return undefined;
  try {
    const top = await realpath(root);
    const real = await realpath(join(top, path));
    if (real !== top && !real.startsWith(top + sep)) return undefined;
    const info = await stat(real);
    if (!info.isDirectory()) return describe(real, info);
    if (!path.endsWith('/')) return { isFolder: true };
    const index = join(real, 'index.html');
    return describe(index, await stat(index));
  } catch {
    return undefined;
  }
}

/**
 * Serves `root`; resolves to { url, port, close }. Options: port (0: any free one), host (default
 * localhost only), isolated (default true: COOP and COEP headers), csp (default false; true: the strict policy; or the policy
 * of a path, as a function), cached (default false:
 * browsers ask anew each time), mounts (a Map from path prefixes like '/models/' to other folders; it is read at each
 * request and may change).
 */
export async function serve({
  root = distDir, port = 0, host = 'localhost', isolated = true, csp = false, cached = false, mounts = new Map(),
} = {}) {
  const folder = await realpath(resolve(root));
  const headers = { 'Cross-Origin-Resource-Policy': 'same-origin', 'X-Content-Type-Options': 'nosniff', 'Cache-Control': cached ? 'max-age=3600' : 'no-cache' };
  if (isolated) {
    headers['Cross-Origin-Opener-Policy'] = 'same-origin';
    headers['Cross-Origin-Embedder-Policy'] = 'require-corp';
  }
  const policyOf = typeof csp === 'function' ? csp : () => csp && kPolicy;

  const server = createServer(async (request, response) => {
    const path = request.url.split(/[?#]/, 1)[0];
    const policy = policyOf(path);
    if (policy) response.setHeader('Content-Security-Policy', policy);
    const answer = (status, extra = {}, body = '') => response.writeHead(status, { ...headers, ...extra }).end(body);
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, { Allow: 'GET, HEAD' });
    const prefix = [...mounts.keys()].find((start) => path.startsWith(start));
    const file = prefix
      ? await fileOf(mounts.get(prefix), path.slice(prefix.length - 1))
      : await fileOf(folder, path);
    if (!file) return answer(404, { 'Content-Type': 'text/plain' }, `Not found: ${path}\n`);
    if (file.isFolder) return answer(301, { Location: `${path}/`.replace(/^\/+/, '/') });
    const type = kTypes[extname(file.path)] ?? 'application/octet-stream';
    if (request.headers['if-none-match'] === file.tag) return answer(304, { ETag: file.tag });
    response.writeHead(200, { ...headers, 'Content-Type': type, 'Content-Length': file.size, ETag: file.tag });
    if (request.method === 'HEAD') return response.end();
    createReadStream(file.path).on('error', () => response.destroy()).pipe(response);
  });
  await new Promise((done, failed) => server.once('error', failed).listen(port, host, done));
  const bound = server.address().port;
  return {
    url: `http://localhost:${bound}/`,
    port: bound,
    close: () =>
      new Promise((done) => {
        server.close(done);
        server.closeAllConnections();
      }),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const args = process.argv.slice(2);
  const folder = args.find((arg) => !arg.startsWith('--'));
  const server = await serve({
    root: folder,
    port: Number(process.env.PORT ?? 8080),
    host: process.env.HOST,
    isolated: !args.includes('--not-isolated'),
    csp: args.includes('--csp'),
  });
  console.log(`Serving on ${server.url}`);
}
