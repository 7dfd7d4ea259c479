// The memory of an engine.

/** What is held, with the same scratch memory at every call: it keeps the size of the latest batch of times. */
export async function bufferBytes(engine) {
  const histogram = await engine.createHistogram();
  await histogram.record(Float64Array.of(1));
  await histogram.dispose();
  return (await engine.memory()).bufferBytes;
}
