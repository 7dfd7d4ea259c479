// insitu gate: whether a model fulfils what a release must fulfil.
// Invariant: without thresholds of latency the same files give the same reports; reports of an earlier run are gone before GATE.json is read.
import { readFileSync, statSync } from 'node:fs';
import { judge } from '../../src/evaluate/gate/gate.js';
import { findCases, findModel } from '../cases.js';
import { isFolder, modelFlags, modelHelp, onePositional, printer, withEngine, writeText } from '../command.js';
import type { Command, Flags } from '../command.js';
import { caseFiles, labelledFiles, modelFiles } from '../inputs.js';
import type { Named } from '../inputs.js';
import { checkOutputs } from '../output.js';
import { removeTarget } from '../write.js';
import { gateFormat, readGate } from './file.js';
import type { GateFile } from './file.js';
import { measure } from './measure.js';
import { asJUnit, asMarkdown, asText, isReport } from './report.js';
import type { GateDocument } from './report.js';

const targets = ['json', 'markdown', 'junit'] as const;

export const gate: Command = {
  summary: 'says whether a model may be released, by thresholds in a file',
  help: `usage: insitu gate GATE.json [--json FILE] [--markdown FILE] [--junit FILE] [--no-times]

Measures what GATE.json ("${gateFormat}") asks for, and prints a line for each threshold: metrics, slices, latency, size, drift of
the data, ONNX test cases; absolute, or relative to a baseline. The exit status is 0 where all passed, 1 where one failed or could
not be measured, 2 where GATE.json is wrong. Paths in GATE.json are relative to it, or absolute.

  --json FILE      writes the report ("insitu-gate-report/1"), which insitu registry add --gate reads; - is standard output
  --markdown FILE  writes the same as a document; - is standard output
  --junit FILE     writes the same as JUnit XML; - is standard output
  --no-times       leaves measured times out of all reports; their verdicts stay
${modelHelp}

example: insitu gate gate.json --json model.gate.json`,
  options: { ...modelFlags, json: { type: 'string' }, markdown: { type: 'string' }, junit: { type: 'string' }, 'no-times': { type: 'boolean' } },
  async run(flags, positionals) {
    const file = onePositional(positionals, 'GATE.json');
    const outputs = Object.fromEntries(targets.map((target) => [`--${target}`, flags[target]])), standard = Object.keys(outputs);
    checkOutputs(outputs, [['the gate', file]], standard);
    // One of an earlier run must not be taken for that of a run that ended half way, whatever it ended by; nothing that is read is one.
    remove(outputs, (target) => isReport(readFileSync(target, 'utf8')));
    const asked = readGate(file);
    checkOutputs(outputs, filesOf(asked), standard);
    remove(outputs, () => true);
    const report = await withEngine(flags, async (engine): Promise<GateDocument> => {
      const { evidence, ...of } = await measure(engine, asked, flags);
      const { format, passed, checks, times } = judge(asked.thresholds, evidence);
      return { format, passed, gate: { name: asked.name, sha256: asked.sha256 }, ...of, checks, ...(times && !flags['no-times'] && { times }) };
    });
    const print = printer({ json: targets.some((target) => flags[target] === '-') ? '-' : undefined });
    for (const line of asText(report)) print(line);
    if (flags.json !== undefined) writeText(flags.json, JSON.stringify(report, null, 2));
    if (flags.markdown !== undefined) writeText(flags.markdown, asMarkdown(report));
    if (flags.junit !== undefined) writeText(flags.junit, asJUnit(report));
    return report.passed ? 0 : 1;
  },
};

function filesOf({ model, baseline, data, evaluation, slicesFile, profile, cases }: GateFile): Named[] {
  const models = [...modelFiles(model, 'the model'), ...(baseline?.model === undefined ? [] : modelFiles(baseline.model, 'the baseline'))];
  const files = { "the baseline's evaluation": baseline?.evaluation, 'the data': data?.path, 'the evaluation': evaluation, 'the slices': slicesFile, 'the profile': profile };
  const named = Object.entries(files).flatMap(([what, path]): Named[] => (path === undefined ? [] : [[what, path]]));
  return [...models, ...named, ...labelledFiles(data?.flags ?? {}), ...cases.filter(isFolder).flatMap(findCases).map(findModel).flatMap(caseFiles)];
}

function remove(outputs: Record<string, Flags[string]>, which: (file: string) => boolean): void {
  for (const file of Object.values(outputs)) {
    if (typeof file === 'string' && file !== '-' && statSync(file, { throwIfNoEntry: false })?.isFile() && which(file)) removeTarget(file);
  }
}
