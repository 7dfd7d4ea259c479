// insitu run: runs a model once on tensors from files, or random ones, and prints the results.
import { fail } from '../src/errors.js';
import { describe } from '../src/tensor.js';
import type { Tensor } from '../src/tensor.js';
import type { Value } from '../src/value.js';
import { findModel, sourceOptions } from './cases.js';
import { createEngine, listOf, loadOptions, modelFlags, modelHelp, onePositional, printer, splitPair, writeJson }
  from './command.js';
import type { Command } from './command.js';
import { readFeed } from './feeds.js';

const previewed = 8;

export const run: Command = {
  summary: 'runs a model once and prints the results',
  help: `usage: insitu run MODEL --input NAME=FILE ... [--json FILE]

FILE is a .pb (TensorProto), .npy or .json file, or the word random. An input that is not named is random.

  --input N=FILE   what to feed; may be repeated
  --json FILE      writes the results in full as JSON; - is standard output
${modelHelp}`,
  options: { ...modelFlags, input: { type: 'string', multiple: true }, json: { type: 'string' } },
  async run(flags, positionals) {
    const model = findModel(onePositional(positionals, 'MODEL'));
    const sources = new Map(listOf(flags.input).map((text) => splitPair('--input', text)));
    const print = printer(flags);
    const engine = await createEngine(flags);
    try {
      const session = await engine.load(model, { ...loadOptions(flags), ...sourceOptions(model), monitor: false });
      for (const name of sources.keys()) {
        if (session.inputs.some((info) => info.name === name)) continue;
        fail('InvalidArgument', `the model has no input '${name}'`, `It takes ${session.inputs.map(describe).join(', ')}.`);
      }
      const feeds: Record<string, Value> = {};
      for (const info of session.inputs) {
        feeds[info.name] = await readFeed(engine, info, sources.get(info.name) ?? 'random');
      }
      const results = await session.run<Record<string, Value>>(feeds);
      for (const [name, value] of Object.entries(results)) print(`'${name}' ${preview(value)}`);
      if (flags.json !== undefined) writeJson(flags.json, JSON.stringify(results, plainArrays));
      return 0;
    } finally {
      await engine.dispose();
    }
  },
};

function preview(value: Value): string {
  const shorten = (items: ArrayLike<unknown>, show: (item: never) => string, separator: string) =>
    Array.from(items as ArrayLike<never>).slice(0, previewed).map(show).join(separator) +
    (items.length > previewed ? `${separator}…` : '');
  if (value === null) return 'absent';
  if (Array.isArray(value)) return `sequence of ${value.length} {${shorten(value, preview, '; ')}}`;
  if (value instanceof Map) return `map {${shorten([...value], String, '; ')}}`;
  const { dtype, dims, data } = value as Tensor;
  return `${dtype} [${dims}]: ${shorten(data, String, ' ')}`;
}

/* Typed arrays as arrays of numbers; 64-bit integers as text, so that none loses digits; maps as pairs. */
function plainArrays(_key: string, value: unknown): unknown {
  if (value instanceof Map) return [...value];
  if (typeof value === 'bigint') return String(value);
  return ArrayBuffer.isView(value) ? Array.from(value as Uint8Array) : value;
}
