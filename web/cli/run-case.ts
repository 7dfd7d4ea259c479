// One ONNX backend-test case: a model, and stored inputs with the outputs they must give. Nothing here is of Node, so
// that the browser tests run the same cases the same way.
// Invariant: what the engine refuses with a typed Unsupported error is skipped; a crash or a wrong number has failed.
import type { Engine } from '../src/engine.js';
import { InsituError, toInsituError } from '../src/errors.js';
import type { Tensor, TensorInfo } from '../src/tensor.js';
import type { InspectOptions, LoadOptions } from '../src/types.js';
import type { Value } from '../src/value.js';
import { compare } from '../src/compare.js';
import type { Tolerance } from '../src/compare.js';

/** Models and values by path or URL. */
export interface Case {
  model: string;
  options: InspectOptions;
  sets: { inputs: string[]; outputs: string[] }[];
  tolerance: Tolerance;
}

export interface Outcome {
  status: 'passed' | 'failed' | 'skipped';
  maxAbsDiff: number | null;
  why?: string;
}

export async function runCase(engine: Engine, { model, options, sets, tolerance }: Case, load: LoadOptions):
    Promise<Outcome> {
  let maxAbsDiff = 0;
  const problems: string[] = [];
  try {
    await using session = await engine.load(model, { ...load, ...options, monitor: false });
    for (const set of sets) {
      const feeds = await readValues(engine, set.inputs, session.inputs);
      const expected = await readValues(engine, set.outputs, session.outputs);
      const results = await session.run(feeds);
      for (const [name, value] of Object.entries(expected)) {
        const difference = compare(results[name], value, tolerance);
        maxAbsDiff = Math.max(maxAbsDiff, difference.maxAbsDiff);
        if (difference.problem) problems.push(`'${name}' ${difference.problem}`);
      }
    }
  } catch (thrown) {
    const error = toInsituError(thrown);
    const refused = error.code === 'UnsupportedOp' || error.code === 'UnsupportedType';
    return { status: refused ? 'skipped' : 'failed', maxAbsDiff: null, why: `${error.code}: ${error.message}` };
  }
  if (problems.length > 0) return { status: 'failed', maxAbsDiff, why: problems.join('; ') };
  return { status: 'passed', maxAbsDiff };
}

/** The values in .pb files by the names of `infos`: by their own names where all fit, else by position. */
export async function readValues(
  engine: Engine,
  files: readonly string[],
  infos: readonly TensorInfo[],
): Promise<Record<string, Value>> {
  if (files.length > infos.length) {
    throw new InsituError({
      code: 'InvalidArgument',
      message: `there are ${files.length} files (${files[0]} ...), but the model has ${infos.length} such values`,
    });
  }
  const read: { name: string; value: Value }[] = [];
  for (const [i, file] of files.entries()) read.push(await readValue(engine, file, infos[i]!));
  const named = read.every(({ name }) => infos.some((info) => info.name === name));
  return Object.fromEntries(read.map(({ name, value }, i) => {
    const info = (named ? infos.find((candidate) => candidate.name === name) : infos[i])!;
    // Some cases store bfloat16 as the integers of its bits.
    const isBits = info.dtype === 'bfloat16' && (value as Tensor).dtype === 'uint16';
    return [info.name, isBits ? { ...(value as Tensor), dtype: 'bfloat16' } : value];
  }));
}

/** The value in a .pb file, which holds a message of the kind that `info` declares. */
export function readValue(engine: Engine, file: string, info: TensorInfo): Promise<{ name: string; value: Value }> {
  const { dtype } = info;
  return engine.parseValue(file, dtype === 'sequence' || dtype === 'optional' ? dtype : 'tensor');
}
