// insitu evaluate: how good a model is on labelled data, in all, class by class and slice by slice, and how fast.
// Invariant: without --latency the same model and data give the same bytes.
import { evaluate as evaluateSamples } from '../src/evaluate/evaluate.js';
import { measureLatency } from '../src/evaluate/latency.js';
import type { LatencyReport, Scenario } from '../src/evaluate/latency.js';
import type { Condition } from '../src/evaluate/slices/declared.js';
import type { Evaluation, Runner } from '../src/evaluate/types.js';
import type { Value } from '../src/value.js';
import { findModel, sourceOptions } from './cases.js';
import { loadOptions, modelFlags, modelHelp, onePositional, printer, progress, refuse, withEngine, writeText } from './command.js';
import type { Command, Flags } from './command.js';
import { samplesOf } from './data/dataset.js';
import type { Dataset } from './data/dataset.js';
import { digestLabelled, digestModel } from './data/digest.js';
import type { DataDigest, ModelDigest } from './data/digest.js';
import { dataFlags, dataFlagsHelp, dataHelp, dataPath, openData, optionalWhole, readingOptions, readJson } from './data/flags.js';
import { describeEvaluation, describeLatency } from './evaluate-text.js';
import { flagFiles, labelledFiles, modelFiles } from './inputs.js';
import { checkOutputs } from './output.js';
import { writeWhole } from './write.js';

export const evaluate: Command = {
  summary: 'says how good a model is on labelled data',
  help: `usage: insitu evaluate MODEL --data DATA [--slices auto|FILE] [--json FILE] [--records FILE]

Runs the model on every labelled sample and prints accuracy, top-k, F1, AUC and calibration, or the errors of a regression; with
--slices also which parts of the data are worse than the rest, and how sure that is.

${dataHelp}

${dataFlagsHelp}
  --slices S       auto: single columns and pairs of columns of metadata, of features of images and of the true class;
                   or a .json file: {NAME: {"column": C, "is": V}, ...}
  --min-support N  how many samples a slice needs; default: 20
  --top-k K        default: 5
  --bins N         of the calibration; default: 15
  --seed N         of the bootstrap; default: 1
  --latency S      by MLPerf's rules: single-stream (p90 of one query after the other), multi-stream (p99 of queries of 8 samples),
                   offline (samples/s), or all
  --queries N      how many are timed, of offline samples; default: the fewest that give an estimate (64, 662), 1000
  --records FILE   writes what became of each sample, an object a line
  --json FILE      writes the evaluation ("insitu-evaluation/1"); - is standard output
${modelHelp}

example: insitu evaluate model.onnx --data test --slices auto`,
  options: {
    ...modelFlags, ...dataFlags, slices: { type: 'string' }, 'min-support': { type: 'string' }, 'top-k': { type: 'string' }, bins: { type: 'string' },
    seed: { type: 'string' },
    latency: { type: 'string' }, queries: { type: 'string' }, records: { type: 'string' }, json: { type: 'string' },
  },
  async run(flags, positionals) {
    const model = findModel(onePositional(positionals, 'MODEL')), path = dataPath(flags, 'evaluate'), reading = readingOptions(flags);
    checkOutputs({ '--records': flags.records, '--json': flags.json }, [
      ...modelFiles(model), ...labelledFiles(flags), ...(flags.slices === 'auto' ? [] : flagFiles(flags, 'slices')),
    ]);
    const print = printer(flags), scenarios = scenariosOf(flags);
    const settings = {
      ...reading, slices: slicesOf(flags), minSupport: optionalWhole(flags, 'min-support'), topK: optionalWhole(flags, 'top-k'),
      bins: optionalWhole(flags, 'bins'), seed: optionalWhole(flags, 'seed'),
    };
    const options = { ...loadOptions(flags), ...sourceOptions(model), onProgress: progress.ofLoading(model) };
    return withEngine(flags, async (engine) => {
      const session = await engine.load(model, { ...options, monitor: false });
      const data = openData(engine, session.inputs, path, flags);
      const digests = { model: await digestModel(model), data: await digestLabelled(path, flags) };
      const records: string[] = [];
      const evaluation = await evaluateSamples(session, samplesOf(data), {
        ...settings,
        onProgress: ({ done }) => progress.show('running samples', { done, total: data.count }),
        ...(flags.records !== undefined && { onRecord: (record) => records.push(`${JSON.stringify(record)}\n`) }),
      });
      for (const line of describeEvaluation(evaluation)) print(line);
      const latency = scenarios.length > 0 ? await timed(session, data, scenarios, flags) : undefined;
      for (const report of latency ?? []) for (const line of describeLatency(report)) print(line);
      const document: EvaluationFile = { ...evaluation, ...digests, ...(latency && { latency }) };
      if (flags.records !== undefined) writeWhole(String(flags.records), records.join(''));
      if (flags.json !== undefined) writeText(flags.json, JSON.stringify(document, null, 2));
      return 0;
    });
  },
};

const known: readonly Scenario[] = ['single-stream', 'multi-stream', 'offline'];
const mostFeeds = 64;

function scenariosOf({ latency, queries }: Flags): readonly Scenario[] {
  if (latency === undefined && queries !== undefined) refuse('--queries is for --latency');
  if (latency === undefined || latency === 'all') return latency ? known : [];
  return [known.find((scenario) => scenario === latency) ?? refuse(`--latency is '${String(latency)}', not ${known.join(', ')} or all`)];
}

async function timed(session: Runner, data: Dataset, scenarios: readonly Scenario[], flags: Flags): Promise<LatencyReport[]> {
  const feeds: Record<string, Value>[] = [], reports: LatencyReport[] = [];
  for (let i = 0; i < Math.min(mostFeeds, data.count); i++) feeds.push(await data.feeds(i));
  for (const scenario of scenarios) {
    const onProgress = (extent: { done: number; total: number }) => progress.show(`timing ${scenario}`, extent);
    reports.push(await measureLatency(session, feeds, { scenario, queries: optionalWhole(flags, 'queries'), onProgress }));
  }
  return reports;
}

function slicesOf({ slices }: Flags): 'auto' | Record<string, Condition> | undefined {
  return slices === undefined || slices === 'auto' ? slices : readJson('--slices', String(slices)) as Record<string, Condition>;
}

export type EvaluationFile = Evaluation & { model: ModelDigest; data: DataDigest; latency?: LatencyReport[] };
