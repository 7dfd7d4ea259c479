// LiteRT.js as a contestant: its WebAssembly backend (XNNPACK), with channels last as its models want them; the feed is
// rearranged before anything is timed, the results after.
import { loadLiteRt, loadAndCompile, Tensor } from '@litertjs/core';
import { watchMemory } from './watch-memory.mjs';

const kFolder = '/litert/';
const kGlue = { threaded: 'litert_wasm_threaded_internal.js', single: 'litert_wasm_internal.js' };

/* Its loader runs a classic script by importScripts, which module workers have only by name. */
function provideImportScripts() {
  globalThis.importScripts = (url) => {
    const request = new XMLHttpRequest();
    request.open('GET', url, false);
    request.send();
    if (request.status !== 200) throw new Error(`${url} answered ${request.status}`);
    (0, eval)(request.responseText);
  };
}

/* A copy with the dims in the order of `perm`. */
function transposed({ dims, data }, perm) {
  const result = new data.constructor(data.length);
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, dim) => product * dim, 1));
  const extents = perm.map((axis) => dims[axis]);
  const at = perm.map(() => 0);
  for (let i = 0; i < result.length; i++) {
    result[i] = data[at.reduce((sum, index, k) => sum + index * strides[perm[k]], 0)];
    for (let k = at.length - 1; k >= 0 && ++at[k] === extents[k]; k--) at[k] = 0;
  }
  return { dims: extents, data: result };
}

export async function open({ threads, model }) {
  const heapBytes = watchMemory();
  provideImportScripts();
  const threaded = threads > 1;
  globalThis.Module = {
    locateFile: (name) => kFolder + name,
    mainScriptUrlOrBlob: kFolder + (threaded ? kGlue.threaded : kGlue.single),
  };
  await loadLiteRt(kFolder, { threads: threaded });
  const compiled = await loadAndCompile(model, { accelerator: 'wasm', cpuOptions: { numThreads: threads } });
  let given;
  return {
    threads,
    feed([[, { dims, bytes }]]) {
      const data = new Float32Array(bytes);
      given = dims.length === 4 ? transposed({ dims, data }, [0, 2, 3, 1]) : { dims, data };
    },
    async run() {
      const input = new Tensor(given.data, given.dims);
      const outputs = await compiled.run([input]);
      const results = outputs.map((output) => ({ dims: [...output.type.layout.dimensions], data: output.toTypedArray() }));
      for (const tensor of [input, ...outputs]) tensor.delete();
      return results;
    },
    plain: (results) => Object.fromEntries(results.map((result, i) => {
      const { dims, data } = result.dims.length === 4 ? transposed(result, [0, 3, 1, 2]) : result;
      return [compiled.getOutputDetails()[i].name, { dtype: 'float32', dims, data }];
    })),
    heapBytes: async () => heapBytes(),
  };
}
