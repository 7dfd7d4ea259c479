// onnxruntime-web as a contestant: its WebAssembly backend, all graph optimisations, as many threads as insitu.
import { arrays as plainArrays } from '../arrays.mjs';
import { watchMemory } from './watch-memory.mjs';

/* Browsers that have Float16Array are asked for it. */
const arrays = { ...plainArrays, float16: globalThis.Float16Array ?? plainArrays.float16 };

export async function open({ threads, model }) {
  const heapBytes = watchMemory();
  const ort = await import('/onnxruntime-web/ort.wasm.bundle.min.mjs');
  ort.env.wasm.numThreads = threads;
  const session = await ort.InferenceSession.create(model,
    { executionProviders: ['wasm'], graphOptimizationLevel: 'all', logSeverityLevel: 3 });
  let given;
  return {
    threads: ort.env.wasm.numThreads,
    feed(feeds) {
      given = Object.fromEntries(feeds.map(([name, { dtype, dims, bytes }]) =>
        [name, new ort.Tensor(dtype, new arrays[dtype](bytes), dims)]));
    },
    run: () => session.run(given),
    plain: (results) => Object.fromEntries(Object.entries(results).map(([name, { type, dims, data }]) => {
      const isHalf = type === 'float16';
      return [name, { dtype: type, dims: [...dims], data: isHalf ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data }];
    })),
    heapBytes: async () => heapBytes(),
  };
}
