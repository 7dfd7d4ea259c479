// insitu bench: times a model under Node. Where the model has stored outputs they are compared first.
// Invariant: one JSON object per model and line, with the members that every benchmark of insitu writes; people are shown only the
// percentiles that there are runs enough for, by the rule of docs/monitoring.md.
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Engine } from '../src/engine.js';
import type { Session } from '../src/session.js';
import type { Value } from '../src/value.js';
import { dataSets, findModel, sourceOptions, valueFiles } from './cases.js';
import { loadOptions, modelFlags, modelHelp, printer, progress, refuse, wholeNumber, withEngine, writeText } from './command.js';
import type { Command, Flags } from './command.js';
import { compare } from '../src/compare.js';
import { randomFeed } from './feeds.js';
import { caseFiles } from './inputs.js';
import { checkOutputs } from './output.js';
import { readValues } from './run-case.js';

interface Timed {
  row: Awaited<ReturnType<typeof benchModel>>['row'];
  sorted: number[];
}

/* Of a percentile, the runs that it takes. */
export const percentiles = [['p90', 0.9, 64], ['p95', 0.95, 130], ['p99', 0.99, 662]] as const;

export const bench: Command = {
  summary: 'times a model',
  help: `usage: insitu bench MODEL... [--runs N] [--json FILE]

MODEL is an .onnx file, or a folder with model.onnx. With a test_data_set_0 beside it, that is the input and the outputs
are compared with the stored ones; else the input is random. Percentiles are shown where there are runs enough for them:
${percentiles.map(([name, , runs]) => `${runs} for ${name}`).join(', ')}.

  --runs N         how many runs are timed, up to 1,000,000; default: 50
  --json FILE      writes a JSON object per model and line: {engine, model, flavour, threads, isolated, runs, p50_ms, p95_ms,
                   min_ms, first_run_ms, load_ms, max_abs_diff, wasm_bytes, heap_bytes}; - is standard output
${modelHelp}

example: insitu bench model.onnx --runs 130 --threads 1`,
  options: { ...modelFlags, runs: { type: 'string', default: '50' }, json: { type: 'string' } },
  async run(flags, positionals) {
    if (positionals.length === 0) refuse('pass at least one MODEL');
    const runs = runsOf(flags);
    const models = positionals.map(findModel);
    checkOutputs({ '--json': flags.json }, models.flatMap(caseFiles));
    const print = printer(flags);
    const rows: string[] = [];
    for (const model of models) {
      const timed = await benchModel(model, flags, runs);
      rows.push(JSON.stringify(timed.row));
      for (const line of describe(timed)) print(line);
    }
    if (flags.json !== undefined) writeText(flags.json, rows.join('\n'));
    return 0;
  },
};

export const mostRuns = 1_000_000;

/** How many runs are to be timed. */
export function runsOf(flags: Flags): number {
  const runs = wholeNumber('--runs', flags.runs);
  return runs <= mostRuns ? runs : refuse(`--runs wants ${mostRuns.toLocaleString('en')} or fewer, not ${String(flags.runs)}`);
}

export const quantile = (sorted: readonly number[], q: number) => sorted[Math.ceil(q * sorted.length) - 1]!;

function* describe({ row, sorted }: Timed): Generator<string> {
  const { model, flavour, threads, runs } = row;
  const ms = (name: string, value: number) => `${name} ${value.toFixed(3)} ms`;
  const shown = percentiles.filter(([, , least]) => runs >= least).map(([name, q]) => ms(name, quantile(sorted, q)));
  yield `${model} (${flavour}, ${threads} ${threads === 1 ? 'thread' : 'threads'}, ${runs} ${runs === 1 ? 'run' : 'runs'}): ` +
    [ms('p50', row.p50_ms), ...shown, ms('min', row.min_ms), ms('first', row.first_run_ms), ms('load', row.load_ms)].join(', ');
  const withheld = percentiles.filter(([, , least]) => runs < least).map(([name, , least]) => `${name} needs ${least}`);
  if (withheld.length > 0) yield `  not enough runs: ${withheld.join(', ')}`;
  if (row.max_abs_diff !== null) yield `  the results differ from the stored ones by at most ${row.max_abs_diff}`;
}

/** Times a model as `insitu bench` does: loads it, runs it once, then `runs` times. */
export async function benchModel(model: string, flags: Flags, runs: number) {
  const options = { ...loadOptions(flags), ...sourceOptions(model), onProgress: progress.ofLoading(model) };
  return withEngine(flags, async (engine) => {
    const loadStart = performance.now();
    const session = await engine.load(model, { ...options, monitor: false });
    const loaded = performance.now();
    const [set] = dataSets(dirname(model));
    const feeds = set
      ? await readValues(engine, valueFiles(set, 'input'), session.inputs)
      : Object.fromEntries(session.inputs.map((info) => [info.name, randomFeed(info)]));
    const firstStart = performance.now();
    const results = await session.run(feeds);
    const first = performance.now() - firstStart;
    const sorted: number[] = [];
    for (let i = 0; i < runs; i++) {
      progress.show(`timing ${model}`, { done: i, total: runs });
      const start = performance.now();
      await session.run(feeds);
      sorted.push(performance.now() - start);
    }
    sorted.sort((a, b) => a - b);
    const { flavour, threads, isolated } = engine.info;
    const row = {
      engine: 'insitu', model, flavour, threads, isolated, runs,
      p50_ms: quantile(sorted, 0.5), p95_ms: quantile(sorted, 0.95), min_ms: sorted[0]!, first_run_ms: first, load_ms: loaded - loadStart,
      max_abs_diff: set ? await maxAbsDiff(engine, set, session, results) : null,
      wasm_bytes: statSync(new URL(`./insitu-${flavour}.wasm`, import.meta.url)).size,
      heap_bytes: (await engine.memory()).heapBytes,
    };
    return { row, sorted };
  });
}

async function maxAbsDiff(engine: Engine, set: string, session: Session, results: Record<string, Value>) {
  const expected = await readValues(engine, valueFiles(set, 'output'), session.outputs);
  const differences = Object.entries(expected).map(([name, value]) =>
    compare(results[name], value, { rtol: 0, atol: 0 }).maxAbsDiff);
  return Math.max(...differences);
}
