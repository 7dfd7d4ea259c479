// insitu run: runs a model once on tensors from files, or random ones, and prints the results.
import { fail } from '../src/errors.js';
import { describe } from '../src/tensor.js';
import type { Tensor } from '../src/tensor.js';
import type { Value } from '../src/value.js';
import { findModel, sourceOptions } from './cases.js';
import { loadOptions, modelFlags, modelHelp, onePositional, pairsOf, printer, progress, withEngine, writeText } from './command.js';
import type { Command } from './command.js';
import { elementReader, elementsOf } from '../src/compare.js';
import { readFeed } from './feeds.js';
import { modelFiles } from './inputs.js';
import { checkOutputs } from './output.js';

const previewed = 8;

export const run: Command = {
  summary: 'runs a model once and prints the results',
  help: `usage: insitu run MODEL [--input NAME=FILE ...] [--json FILE]

FILE is a .pb (TensorProto), .npy or .json file, or the word random. An input that is not named is random.

  --input N=FILE   what to feed; may be repeated
  --json FILE      writes {NAME: {dtype, dims, data}} in full; - is standard output. 64-bit integers, NaN and infinities are
                   strings; data is as the API has it: 16-bit floats are their bits
${modelHelp}

example: insitu run model.onnx --input image=digit.npy`,
  options: { ...modelFlags, input: { type: 'string', multiple: true }, json: { type: 'string' } },
  async run(flags, positionals) {
    const model = findModel(onePositional(positionals, 'MODEL'));
    const sources = pairsOf('--input', flags.input);
    const files = [...sources].filter(([, file]) => file !== 'random').map(([name, file]) => [`the input ${name}`, file] as const);
    checkOutputs({ '--json': flags.json }, [...modelFiles(model), ...files]);
    const print = printer(flags);
    const options = { ...loadOptions(flags), ...sourceOptions(model), onProgress: progress.ofLoading(model) };
    return withEngine(flags, async (engine) => {
      const session = await engine.load(model, { ...options, monitor: false });
      for (const name of sources.keys()) {
        if (session.inputs.some((info) => info.name === name)) continue;
        fail('InvalidArgument', `the model has no input '${name}'`, `It takes ${session.inputs.map(describe).join(', ')}.`);
      }
      const feeds: Record<string, Value> = {};
      for (const info of session.inputs) {
        feeds[info.name] = await readFeed(engine, info, sources.get(info.name) ?? 'random');
      }
      progress.show('running');
      const results = await session.run<Record<string, Value>>(feeds);
      for (const [name, value] of Object.entries(results)) print(`'${name}' ${preview(value)}`);
      if (flags.json !== undefined) writeText(flags.json, JSON.stringify(results, plainArrays));
      return 0;
    });
  },
};

/* As many digits as a float32 holds. */
const show = (element: number | string) => (typeof element === 'number' ? String(Number(element.toPrecision(7))) : element);

function preview(value: Value): string {
  const shorten = (items: ArrayLike<unknown>, show: (item: never) => string, separator: string) =>
    Array.from(items as ArrayLike<never>).slice(0, previewed).map(show).join(separator) +
    (items.length > previewed ? `${separator}…` : '');
  if (value === null) return 'absent';
  if (Array.isArray(value)) return `sequence of ${value.length} {${shorten(value, preview, '; ')}}`;
  if (value instanceof Map) return `map {${shorten([...value], String, '; ')}}`;
  const { dtype, dims } = value as Tensor;
  const length = Math.min(elementsOf(value as Tensor), previewed + 1);
  const read = dtype.endsWith('int64') ? ({ data }: Tensor, i: number) => String(data[i]) : elementReader(value as Tensor);
  return `${dtype} [${dims}]: ${shorten(Array.from({ length }, (_, i) => read(value as Tensor, i)), show, ' ')}`;
}

/* Typed arrays as arrays of numbers; what JSON has no number for, and 64-bit integers, as text; maps as pairs. */
function plainArrays(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Map) return [...value];
  if (typeof value === 'bigint') return String(value);
  return ArrayBuffer.isView(value) ? Array.from(value as Uint8Array) : value;
}
