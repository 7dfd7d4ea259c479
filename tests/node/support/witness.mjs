// onnxruntime-web as a second witness: what it says of a model, where it has the operators.
import * as ort from 'onnxruntime-web';

/** The outputs by name as arrays of numbers; undefined where onnxruntime-web refuses the model. */
export async function witness(model, feeds) {
  let session;
  try {
    session = await ort.InferenceSession.create(model, { graphOptimizationLevel: 'disabled', logSeverityLevel: 4 });
    const given = Object.entries(feeds).map(([name, { dtype, dims, data }]) => [name, new ort.Tensor(dtype, data, dims)]);
    const results = await session.run(Object.fromEntries(given));
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Array.from(data, Number)]));
  } catch {
    return undefined;
  } finally {
    await session?.release();
  }
}
