// insitu test: runs ONNX backend-test cases and compares.
// Invariant: what the engine refuses with a typed Unsupported error is skipped; a crash or a wrong number has failed.
import { relative } from 'node:path';
import type { Engine } from '../src/engine.js';
import { toInsituError } from '../src/errors.js';
import type { LoadOptions } from '../src/types.js';
import { dataSets, findCases, readTensors, readTolerance, sourceOptions } from './cases.js';
import { createEngine, loadOptions, modelFlags, modelHelp, printer, UsageError, writeJson } from './command.js';
import type { Command } from './command.js';
import { compare } from './compare.js';

interface Row {
  case: string;
  status: 'passed' | 'failed' | 'skipped';
  maxAbsDiff: number | null;
  why?: string;
}

export const test: Command = {
  summary: 'runs ONNX backend-test cases and compares the results',
  help: `usage: insitu test DIR... [--json FILE]

Runs every case at or below each DIR: a folder with model.onnx and test_data_set_N. Results may differ by
atol + rtol * |expected|: 1e-7 and 1e-3, or what a tolerance.json in the folder says.
Prints a line for each failure and, last, how many passed, failed and were skipped (refused as not supported).

  --json FILE      writes every case as JSON; - is standard output
${modelHelp}`,
  options: { ...modelFlags, json: { type: 'string' } },
  async run(flags, positionals) {
    if (positionals.length === 0) throw new UsageError('pass at least one DIR');
    const print = printer(flags);
    const options = loadOptions(flags);
    const cases = positionals.flatMap(findCases);
    const rows: Row[] = [];
    const engine = await createEngine(flags);
    try {
      for (const folder of cases) {
        const row = await runCase(engine, folder, options);
        rows.push(row);
        if (row.status === 'failed') print(`failed ${row.case}: ${row.why}`);
      }
    } finally {
      await engine.dispose();
    }
    const count = (status: Row['status']) => rows.filter((row) => row.status === status).length;
    const [passed, failed, skipped] = [count('passed'), count('failed'), count('skipped')];
    if (flags.json !== undefined) {
      const { flavour, threads } = engine.info;
      const report = { flavour, threads, backend: options.backend, passed, failed, skipped, cases: rows };
      writeJson(flags.json, JSON.stringify(report, null, 2));
    }
    print(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    return failed > 0 || rows.length === 0 ? 1 : 0;
  },
};

async function runCase(engine: Engine, folder: string, options: LoadOptions): Promise<Row> {
  const row: Row = { case: relative('', folder) || '.', status: 'passed', maxAbsDiff: 0 };
  const problems: string[] = [];
  try {
    const model = `${folder}/model.onnx`;
    await using session = await engine.load(model, { ...options, ...sourceOptions(model), monitor: false });
    const tolerance = readTolerance(folder);
    for (const set of dataSets(folder)) {
      const feeds = await readTensors(engine, set, 'input', session.inputs);
      const expected = await readTensors(engine, set, 'output', session.outputs);
      const results = await session.run(feeds);
      for (const [name, tensor] of Object.entries(expected)) {
        const { problem, maxAbsDiff } = compare(results[name], tensor, tolerance);
        row.maxAbsDiff = Math.max(row.maxAbsDiff!, maxAbsDiff);
        if (problem) problems.push(`'${name}' ${problem}`);
      }
    }
  } catch (thrown) {
    const error = toInsituError(thrown);
    const refused = error.code === 'UnsupportedOp' || error.code === 'UnsupportedType';
    return { ...row, status: refused ? 'skipped' : 'failed', maxAbsDiff: null, why: `${error.code}: ${error.message}` };
  }
  if (problems.length > 0) return { ...row, status: 'failed', why: problems.join('; ') };
  return row;
}
