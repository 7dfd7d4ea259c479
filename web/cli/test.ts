// insitu test: runs ONNX backend-test cases and compares.
import { relative } from 'node:path';
import type { Engine } from '../src/engine.js';
import { fail, toInsituError } from '../src/errors.js';
import type { LoadOptions } from '../src/types.js';
import { findCases, findModel, readCase } from './cases.js';
import { loadOptions, modelFlags, modelHelp, printer, progress, refuse, withEngine, writeText } from './command.js';
import type { Command } from './command.js';
import { caseFiles } from './inputs.js';
import { checkOutputs } from './output.js';
import { runCase } from './run-case.js';
import type { Case, Outcome } from './run-case.js';

interface Row extends Outcome {
  case: string;
}

export const test: Command = {
  summary: 'runs ONNX backend-test cases and compares the results',
  help: `usage: insitu test DIR... [--json FILE]

Runs every case at or below each DIR: a folder with model.onnx and test_data_set_N. Results may differ by
atol + rtol * |expected|: 1e-7 and 1e-3, or what a tolerance.json in the folder says.
Prints a line for each failure and, last, how many passed, failed and were skipped (refused as not supported).

  --json FILE      writes {flavour, threads, backend, passed, failed, skipped, cases: [{case, status, maxAbsDiff, why}]};
                   - is standard output
${modelHelp}

example: insitu test onnx/backend/test/data/node`,
  options: { ...modelFlags, json: { type: 'string' } },
  async run(flags, positionals) {
    if (positionals.length === 0) refuse('pass at least one DIR');
    const print = printer(flags);
    const options = loadOptions(flags);
    const cases = positionals.flatMap(findCases);
    if (cases.length === 0) {
      fail('InvalidArgument', `there is no case at or below ${positionals.join(', ')}`, 'A case has model.onnx and test_data_set_0.');
    }
    checkOutputs({ '--json': flags.json }, cases.map(findModel).flatMap(caseFiles));
    const rows: Row[] = [];
    const { flavour, threads } = await withEngine(flags, async (engine) => {
      for (const [i, folder] of cases.entries()) {
        progress.show('running cases', { done: i, total: cases.length });
        const row: Row = {
          case: relative('', folder) || '.',
          ...(await outcomeOf(engine, folder, options)),
        };
        rows.push(row);
        if (row.status === 'failed') print(`failed ${row.case}: ${row.why}`);
      }
      return engine.info;
    });
    const count = (status: Row['status']) => rows.filter((row) => row.status === status).length;
    const [passed, failed, skipped] = [count('passed'), count('failed'), count('skipped')];
    if (flags.json !== undefined) {
      const report = { flavour, threads, backend: options.backend, passed, failed, skipped, cases: rows };
      writeText(flags.json, JSON.stringify(report, null, 2));
    }
    print(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    return failed > 0 ? 1 : 0;
  },
};

/* What is not all there has failed. */
async function outcomeOf(engine: Engine, folder: string, options: LoadOptions): Promise<Outcome> {
  let found: Case;
  try {
    found = readCase(folder);
  } catch (thrown) {
    const { code, message } = toInsituError(thrown);
    return { status: 'failed', maxAbsDiff: null, why: `${code}: ${message}` };
  }
  return runCase(engine, found, options);
}
