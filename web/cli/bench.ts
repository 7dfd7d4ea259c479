// insitu bench: times a model under Node. Where the model has stored outputs they are compared first.
// Invariant: one JSON object per model and line, with the members that every benchmark of insitu writes.
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Engine } from '../src/engine.js';
import type { Session } from '../src/session.js';
import type { Value } from '../src/value.js';
import { dataSets, findModel, sourceOptions, valueFiles } from './cases.js';
import { createEngine, loadOptions, modelFlags, modelHelp, printer, UsageError, wholeNumber, writeJson } from './command.js';
import type { Command, Flags } from './command.js';
import { compare } from './compare.js';
import { randomFeed } from './feeds.js';
import { readValues } from './run-case.js';

export const bench: Command = {
  summary: 'times a model',
  help: `usage: insitu bench MODEL... [--runs N] [--json FILE]

MODEL is an .onnx file, or a folder with model.onnx. With a test_data_set_0 beside it, that is the input and the outputs
are compared with the stored ones; else the input is random.

  --runs N         how many runs are timed; default 50
  --json FILE      writes a JSON object per model and line; - is standard output
${modelHelp}`,
  options: { ...modelFlags, runs: { type: 'string', default: '50' }, json: { type: 'string' } },
  async run(flags, positionals) {
    if (positionals.length === 0) throw new UsageError('pass at least one MODEL');
    const runs = wholeNumber('--runs', flags.runs);
    const print = printer(flags);
    const rows: string[] = [];
    for (const path of positionals) {
      const row = await benchModel(findModel(path), flags, runs);
      rows.push(JSON.stringify(row));
      const ms = (value: number) => `${value.toFixed(3)} ms`;
      print(`${row.model} (${row.flavour}, ${row.threads} threads): p50 ${ms(row.p50_ms)}, p95 ${ms(row.p95_ms)}, ` +
        `min ${ms(row.min_ms)}, first ${ms(row.first_run_ms)}, load ${ms(row.load_ms)}`);
    }
    if (flags.json !== undefined) writeJson(flags.json, rows.join('\n'));
    return 0;
  },
};

async function benchModel(model: string, flags: Flags, runs: number) {
  const engine = await createEngine(flags);
  try {
    const loadStart = performance.now();
    const session = await engine.load(model, { ...loadOptions(flags), ...sourceOptions(model), monitor: false });
    const loaded = performance.now();
    const [set] = dataSets(dirname(model));
    const feeds = set
      ? await readValues(engine, valueFiles(set, 'input'), session.inputs)
      : Object.fromEntries(session.inputs.map((info) => [info.name, randomFeed(info)]));
    const firstStart = performance.now();
    const results = await session.run(feeds);
    const first = performance.now() - firstStart;
    const times: number[] = [];
    for (let i = 0; i < runs; i++) {
      const start = performance.now();
      await session.run(feeds);
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    const quantile = (q: number) => times[Math.min(times.length - 1, Math.ceil(q * times.length) - 1)]!;
    const { flavour, threads, isolated } = engine.info;
    return {
      engine: 'insitu', model, flavour, threads, isolated, runs,
      p50_ms: quantile(0.5), p95_ms: quantile(0.95), min_ms: times[0]!, first_run_ms: first, load_ms: loaded - loadStart,
      max_abs_diff: set ? await maxAbsDiff(engine, set, session, results) : null,
      wasm_bytes: statSync(new URL(`./insitu-${flavour}.wasm`, import.meta.url)).size,
      heap_bytes: (await engine.memory()).heapBytes,
    };
  } finally {
    await engine.dispose();
  }
}

async function maxAbsDiff(engine: Engine, set: string, session: Session, results: Record<string, Value>) {
  const expected = await readValues(engine, valueFiles(set, 'output'), session.outputs);
  const differences = Object.entries(expected).map(([name, value]) =>
    compare(results[name], value, { rtol: 0, atol: 0 }).maxAbsDiff);
  return Math.max(...differences);
}
