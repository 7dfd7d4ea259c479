// insitu as a contestant, in the worker itself (`worker: false`), so that it has no further thread to hop to.
// An engine gives sessionMs (of loadMs, what load() took) and settle() where it can, flavour, threads, feed(), run(), plain() (results as { dtype, dims, data } by name) and heapBytes().
import { arrays } from '../arrays.mjs';

export async function open({ flavour, threads, model, cache = 'none' }) {
  const { Engine, tensor } = await import('/index.js');
  const engine = await Engine.create({ worker: false, flavour, threads });
  const { info } = engine;
  if (info.flavour !== flavour || info.threads !== threads) {
    throw new Error(`runs as ${info.flavour} with ${info.threads} threads here: ${info.reasons.join(' ')}`);
  }
  let isKept;
  const kept = new Promise((done) => { isKept = done; });
  const start = performance.now();
  const session = await engine.load(model, {
    monitor: false, cache,
    onProgress: ({ phase, total }) => { if (phase === 'restore' || (phase === 'keep' && total)) isKept(); },
  });
  const sessionMs = performance.now() - start;
  let given;
  return {
    flavour: info.flavour,
    threads: info.threads,
    sessionMs,
    settle: () => (cache === 'none' ? undefined : kept),
    feed(feeds) {
      given = Object.fromEntries(feeds.map(([name, { dtype, dims, bytes }]) =>
        [name, tensor(new arrays[dtype](bytes), dims, dtype)]));
    },
    run: () => session.run(given),
    plain: (results) => results,
    heapBytes: async () => (await engine.memory()).heapBytes,
  };
}
