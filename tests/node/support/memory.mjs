// The memory of an engine; also in pages.

/** engine.memory() with the same scratch memory at every call: it keeps the size of the latest batch of times. */
export async function memoryOf(engine) {
  const histogram = await engine.createHistogram();
  await histogram.record(Float64Array.of(1));
  await histogram.dispose();
  return engine.memory();
}

/** What is held by models and tensors. */
export async function bufferBytes(engine) {
  return (await memoryOf(engine)).bufferBytes;
}
