// The browser that the bench measures in: a real Chromium on a cross-origin isolated page, with insitu from dist/, the
// other engines from node_modules and the models from where they lie, all from one server on this machine.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

import { buildDir, root } from '../../scripts/lib/paths.mjs';
import { nativeContestants } from './native.mjs';
import { start } from '../browser/support.mjs';

const page = fileURLToPath(new URL('page/', import.meta.url));
/** A flag of the browser: code does without the processor's instructions for 8-bit dot products. */
export const kWithoutVnni = '--js-flags=--no-enable-avx-vnni,--no-enable-avx-vnni-int8';
const kLibraries = { '/onnxruntime-web/': 'onnxruntime-web/dist', '/litert/': '@litertjs/core/wasm' };

async function bundlePage() {
  const outdir = join(buildDir, 'bench');
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  await build({
    entryPoints: { main: join(page, 'main.mjs'), worker: join(page, 'worker.mjs') },
    outdir, bundle: true, format: 'esm', splitting: true, target: 'es2022', logLevel: 'silent',
    external: ['/index.js', ...Object.keys(kLibraries).map((path) => `${path}*`)],
  });
  copyFileSync(join(page, 'index.html'), join(outdir, 'index.html'));
  return outdir;
}

/**
 * { serveModel(name, folder), which gives the folder's address, contest(spec) as in page/contest.mjs, visit(spec), a contest
 * on a page that is opened for it, close() }.
 * options: vnni, whether code may use the processor's instructions for 8-bit dot products.
 */
export async function openSite({ vnni }) {
  const libraries = Object.entries(kLibraries).map(([path, name]) => [path, join(root, 'node_modules', name)]);
  const mounts = new Map([['/bench/', await bundlePage()], ...libraries]);
  const site = await start({ mounts, cached: true, profile: true, flags: vnni ? [] : [kWithoutVnni] });
  const native = nativeContestants((address) => join(mounts.get(address.replace(/[^/]*$/, '')), basename(address)));
  const { page: tab, context, problems, foreign } = await site.open('bench/');
  await context.exposeFunction('callNative', native.call);
  const contestOn = async (open, spec) => {
    await open.waitForFunction(() => 'contest' in globalThis);
    const outcome = await open.evaluate((given) => globalThis.contest(given), spec);
    if (foreign.length > 0) {
      throw new Error(`An engine asked another server for ${foreign.join(', ')}: serve its files from here (tests/bench/site.mjs).`);
    }
    return outcome;
  };
  return {
    serveModel(name, folder) {
      mounts.set(`/models/${name}/`, folder);
      return `/models/${name}/`;
    },
    async contest(spec) {
      return { outcome: await contestOn(tab, spec), problems: problems.splice(0) };
    },
    async visit(spec) {
      const visitor = await context.newPage();
      await visitor.goto(new URL('bench/', site.url).href);
      try {
        return await contestOn(visitor, spec);
      } finally {
        await visitor.close();
      }
    },
    close() {
      native.close();
      return site.close();
    },
  };
}
