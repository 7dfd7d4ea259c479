// insitu gate: whether a model fulfils what a release must fulfil.
// Invariant: without thresholds of latency the same files give the same reports; once GATE.json is read, reports of an earlier run are gone.
import { rmSync, writeFileSync } from 'node:fs';
import { judge } from '../../src/evaluate/gate/gate.js';
import { checkTarget, modelFlags, modelHelp, onePositional, printer, progress, refuse, withEngine, writeJson } from '../command.js';
import type { Command, Flags } from '../command.js';
import { checkOutputs } from '../output.js';
import { gateFormat, readGate } from './file.js';
import type { GateFile } from './file.js';
import { measure } from './measure.js';
import { asJUnit, asMarkdown, asText } from './report.js';
import type { GateDocument } from './report.js';

const targets = ['json', 'markdown', 'junit'] as const;

export const gate: Command = {
  summary: 'says whether a model may be released, by thresholds in a file',
  help: `usage: insitu gate GATE.json [--json FILE] [--markdown FILE] [--junit FILE] [--no-times]

Measures what GATE.json ("${gateFormat}") asks for, and prints a line for each threshold: metrics, slices, latency, size, drift of
the data, ONNX test cases; absolute, or relative to a baseline. The exit status is 0 where all passed, 1 where one failed or could
not be measured, 2 where GATE.json is wrong. Paths in GATE.json are relative to it.

  --json FILE      writes the report ("insitu-gate-report/1"), which insitu registry add --gate reads; - is standard output
  --markdown FILE  writes the same as a document; - is standard output
  --junit FILE     writes the same as JUnit XML; - is standard output
  --no-times       leaves measured times out of all reports; their verdicts stay
${modelHelp}

example: insitu gate gate.json --json model.gate.json`,
  options: { ...modelFlags, json: { type: 'string' }, markdown: { type: 'string' }, junit: { type: 'string' }, 'no-times': { type: 'boolean' } },
  async run(flags, positionals) {
    const file = onePositional(positionals, 'GATE.json');
    if (targets.filter((target) => flags[target] === '-').length > 1) refuse('only one report can have standard output');
    const asked = readGate(file);
    for (const target of targets) checkTarget(`--${target}`, flags[target]);
    checkOutputs(Object.fromEntries(targets.map((target) => [`--${target}`, flags[target] === '-' ? undefined : flags[target]])), inputsOf(file, asked));
    // One of an earlier run must not be taken for that of a run that ended half way.
    for (const target of targets) if (flags[target] !== undefined && flags[target] !== '-') rmSync(String(flags[target]), { force: true });
    const report = await withEngine(flags, async (engine): Promise<GateDocument> => {
      const { evidence, ...of } = await measure(engine, asked, flags);
      const { format, passed, checks, times } = judge(asked.thresholds, evidence);
      return { format, passed, gate: { name: asked.name, sha256: asked.sha256 }, ...of, checks, ...(times && !flags['no-times'] && { times }) };
    });
    const print = printer({ json: targets.some((target) => flags[target] === '-') ? '-' : undefined });
    for (const line of asText(report)) print(line);
    if (flags.json !== undefined) writeJson(flags.json, JSON.stringify(report, null, 2));
    if (flags.markdown !== undefined) writeText(flags.markdown, asMarkdown(report));
    if (flags.junit !== undefined) writeText(flags.junit, asJUnit(report));
    return report.passed ? 0 : 1;
  },
};

function inputsOf(file: string, { model, baseline, data, evaluation, profile }: GateFile): [what: string, file: string][] {
  const files = { 'the gate': file, 'the model': model, 'the baseline': baseline?.model, "the baseline's evaluation": baseline?.evaluation, 'the data': data?.path, 'the evaluation': evaluation, 'the profile': profile };
  return Object.entries(files).flatMap(([what, path]) => (path === undefined ? [] : [[what, path] as [string, string]]));
}

function writeText(file: Flags[string], text: string): void {
  progress.clear();
  if (file === '-') process.stdout.write(`${text}\n`);
  else writeFileSync(String(file), `${text}\n`);
}
