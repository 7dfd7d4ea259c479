// Shared by the tests of kept models: visits to a site that serves one model under some names.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { dist, start } from './support.mjs';

/** A site with /models/NAME for each of the names; `folder` has the files. */
export async function startWithModels(names, options = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'insitu-kept-'));
  for (const name of names) copyFileSync(`${dist}demo/models/handwriting.int8.onnx`, join(folder, name));
  const site = await start({ ...options, mounts: new Map([['/models/', folder]]) });
  return {
    ...site, folder,
    async close() {
      await site.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/**
 * A visit: a page of its own that loads, runs once on ramps, waits until the model is kept (unless `waits` is false) and
 * says what happened. `route` may answer for /models/.
 */
export async function visit({ url }, context, options = {}, { model = 'model.onnx', route, waits = true } = {}) {
  const page = await context.newPage();
  await page.goto(new URL('blank/', url).href);
  if (route) await page.route('**/models/**', route);
  try {
    return await page.evaluate(async ([model, options, waits]) => {
      const { load, tensor } = await import('/index.js');
      const phases = new Set();
      let unchecked = false;
      let isKept;
      const kept = new Promise((done, failed) => {
        isKept = done;
        setTimeout(failed, 20_000, new Error('the model was not kept'));
      });
      kept.catch(() => {});
      const session = await load(`/models/${model}`, {
        cache: 'opfs', ...options,
        onProgress: (progress) => {
          phases.add(progress.phase);
          if (progress.unchecked) unchecked = true;
          if (progress.phase === 'keep' && progress.total !== undefined) isKept();
        },
      });
      const image = tensor(Float32Array.from({ length: 784 }, (_, i) => (i % 100) / 100), [1, 1, 28, 28]);
      const run = async () => Array.from(Object.values(await session.run({ image }))[0].data);
      const outputs = await run();
      if (waits && phases.has('download') && options.cache !== 'none') await kept;
      const again = await run();
      const explained = await session.explain();
      const { drift } = await session.monitor.snapshot().catch(() => ({}));
      await session.dispose();
      return { phases: [...phases], unchecked, outputs, again, explained, monitored: drift !== undefined };
    }, [model, options, waits]);
  } finally {
    await page.close();
  }
}

/** The network as it is on a train. */
export const offline = (route) => route.abort();

/** A file that turns out to be of no use is read as well, but the model is downloaded then. */
export const isRestored = ({ phases }) => phases.includes('restore') && !phases.includes('download') && !phases.includes('keep');

/** What listCache() says in the page. */
export const listed = (page) => page.evaluate(async () => (await import('/index.js')).listCache());

/** The last parts of the addresses of the models that are kept, longest unused first. */
export const namesOf = (entries) => entries.map(({ url }) => url.replace(/^.*\//, ''));

/** The files of the kept models of the origin: { name: bytes }; `change` may be given to alter them in the page. */
export async function files(page, change) {
  return page.evaluate(async (change) => {
    const root = await navigator.storage.getDirectory();
    const kept = await root.getDirectoryHandle('insitu').catch(() => undefined);
    const sizes = {};
    if (!kept) return sizes;
    for (const [name, handle] of await Array.fromAsync(kept)) {
      if (!/^[0-9a-f]+$/.test(name)) continue;  // what is known of them, and the browser's own while a file is being written
      const file = await handle.getFile();
      sizes[name] = file.size;
      if (!change) continue;
      const bytes = new Uint8Array(await file.arrayBuffer());
      const at = Math.floor(bytes.length * change.at);
      bytes[at] ^= 1;
      let writable;  // once the page before has let go of the file
      for (let tries = 50; !writable; tries--) {
        writable = await handle.createWritable().catch((thrown) => { if (tries === 0) throw thrown; });
        await new Promise((done) => { setTimeout(done, 20); });
      }
      await writable.write(change.cut ? bytes.subarray(0, at) : bytes);
      await writable.close();
    }
    return sizes;
  }, change);
}
