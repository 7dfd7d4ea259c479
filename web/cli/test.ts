// insitu test: runs ONNX backend-test cases and compares.
import { relative } from 'node:path';
import { findCases, readCase } from './cases.js';
import { createEngine, loadOptions, modelFlags, modelHelp, printer, UsageError, writeJson } from './command.js';
import type { Command } from './command.js';
import { runCase } from './run-case.js';
import type { Outcome } from './run-case.js';

interface Row extends Outcome {
  case: string;
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
        const row: Row = {
          case: relative('', folder) || '.',
          ...(await runCase(engine, readCase(folder), options)),
        };
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
