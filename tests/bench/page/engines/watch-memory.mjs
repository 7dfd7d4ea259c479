// How much WebAssembly memory an engine has that does not say so itself. To be called before the engine is loaded.

/** Gives a function that adds up the memories made since, by JavaScript or by a module for itself. */
export function watchMemory() {
  const memories = new Set();
  const { Memory, instantiate, instantiateStreaming } = WebAssembly;
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor) {
      super(descriptor);
      memories.add(this);
    }
  };
  const watched = (start) => async (...given) => {
    const result = await start.apply(WebAssembly, given);
    const { exports } = result.instance ?? result;
    for (const value of Object.values(exports)) if (value instanceof Memory) memories.add(value);
    return result;
  };
  WebAssembly.instantiate = watched(instantiate);
  WebAssembly.instantiateStreaming = watched(instantiateStreaming);
  return () => [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0) || null;
}
