// The worker of one engine: loads a model, runs it when asked, and says how long the run took.
// Invariant: the clock is read here, beside the engine; what the page and its messages take is not in the times.
import { bytesOf } from './arrays.mjs';

const engines = {
  insitu: () => import('./engines/insitu.mjs'),
  'onnxruntime-web': () => import('./engines/onnxruntime.mjs'),
  litert: () => import('./engines/litert.mjs'),
};
let engine;
let results;

const methods = {
  /* load_ms is all from nothing to a model that can run: code, engine, download, preparation. */
  async load({ engine: name, feeds, ...options }) {
    const { open } = await engines[name]();
    const start = performance.now();
    engine = await open(options);
    const loadMs = performance.now() - start;
    engine.feed(decodeFeeds(feeds));
    const firstRunMs = await methods.run();
    await engine.settle?.();
    const { flavour = null, threads, sessionMs } = engine;
    return { flavour, threads, isolated: crossOriginIsolated, loadMs, sessionMs, firstRunMs, wasmBytes: wasmBytes() };
  },

  async run() {
    const start = performance.now();
    results = await engine.run();
    return performance.now() - start;
  },

  results: () => engine.plain(results),

  heapBytes: () => engine.heapBytes(),
};

function decodeFeeds(feeds) {
  return Object.entries(feeds).map(([name, { dtype, dims, base64 }]) =>
    [name, { dtype, dims, bytes: bytesOf(base64) }]);
}

/* The WebAssembly that this worker fetched, uncompressed. */
function wasmBytes() {
  const fetched = performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.wasm'));
  return fetched.reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0) || null;
}

globalThis.onmessage = async ({ data: { method, params } }) => {
  try {
    postMessage({ result: await methods[method](params) });
  } catch (thrown) {
    postMessage({ error: String(thrown?.message ?? thrown) });
  }
};
