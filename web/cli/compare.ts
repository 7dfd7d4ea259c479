// insitu compare: how far two models are apart on the same data, which is right more often, and which is faster.
// Invariant: without --latency the same models and data give the same bytes.
import { compare as compareSamples } from '../src/evaluate/compare.js';
import type { Comparison, Share } from '../src/evaluate/compare.js';
import { findModel, sourceOptions } from './cases.js';
import { loadOptions, modelFlags, modelHelp, printer, progress, refuse, withEngine, writeText } from './command.js';
import type { Command } from './command.js';
import { samplesOf } from './data/dataset.js';
import { digestLabelled, digestModel } from './data/digest.js';
import { dataFlags, dataFlagsHelp, dataHelp, dataPath, openData, optionalWhole, readingOptions } from './data/flags.js';
import { number, percent } from './evaluate-text.js';
import { labelledFiles, modelFiles } from './inputs.js';
import { checkOutputs } from './output.js';
import { table } from './text.js';

export const compare: Command = {
  summary: 'says how far two models are apart on the same data',
  help: `usage: insitu compare A B --data DATA [--worst N] [--latency] [--json FILE]

Runs two models on the same samples and prints how often they disagree, how far their outputs are apart and on which samples most;
of labelled samples also which of the two is right more often (McNemar's exact test). A is the model that is there, B the one that
may take its place.

${dataHelp}

${dataFlagsHelp}
  --worst N        how many of the samples that differ most are named; default: 10
  --latency        times both, run by run in turns
  --seed N         of the bootstrap; default: 1
  --json FILE      writes the comparison ("insitu-comparison/1"); - is standard output
${modelHelp}

example: insitu compare model.onnx model_int8.onnx --data test`,
  options: { ...modelFlags, ...dataFlags, worst: { type: 'string' }, latency: { type: 'boolean' }, seed: { type: 'string' }, json: { type: 'string' } },
  async run(flags, positionals) {
    if (positionals.length !== 2) refuse('pass two models, A and B');
    const [a, b] = positionals.map(findModel) as [string, string], path = dataPath(flags, 'compare');
    const settings = { ...readingOptions(flags), worst: optionalWhole(flags, 'worst'), seed: optionalWhole(flags, 'seed'), latency: flags.latency === true };
    checkOutputs({ '--json': flags.json }, [...modelFiles(a, 'A'), ...modelFiles(b, 'B'), ...labelledFiles(flags)]);
    const print = printer(flags);
    return withEngine(flags, async (engine) => {
      const load = (model: string) => engine.load(model, { ...loadOptions(flags), ...sourceOptions(model), onProgress: progress.ofLoading(model), monitor: false });
      const [first, second] = [await load(a), await load(b)];
      const data = openData(engine, first.inputs, path, flags);
      const digests = { a: await digestModel(a), b: await digestModel(b), data: await digestLabelled(path, flags) };
      const comparison = await compareSamples(first, second, samplesOf(data), {
        ...settings, onProgress: ({ done }) => progress.show('running samples', { done, total: data.count }),
      });
      for (const line of describe(comparison)) print(line);
      const document = { ...comparison, ...digests };
      if (flags.json !== undefined) writeText(flags.json, JSON.stringify(document, null, 2));
      return 0;
    });
  },
};

function* describe({ output, samples, outputs, disagreement, meanAbsDifference, divergence, worst, labels, inferRatio }: Comparison): Generator<string> {
  const share = ({ count, of, value, low, high }: Share) => `${percent(value)} (${count} of ${of}), ${percent(low)} to ${percent(high)}`;
  const rows = [['disagreement', share(disagreement)], ['mean difference', number(meanAbsDifference)], ['largest difference', number(outputs[output]!.maxAbsDifference)]];
  if (outputs[output]!.unlike > 0) rows.push(['cannot be compared', String(outputs[output]!.unlike)]);
  if (divergence) rows.push(['Kullback-Leibler divergence', `mean ${number(divergence.mean)}, largest ${number(divergence.max)}`]);
  if (labels) {
    const { accuracyA, accuracyB, mcnemar: { onlyA, onlyB, p } } = labels;
    rows.push(['accuracy of A', share(accuracyA)], ['accuracy of B', share(accuracyB)]);
    rows.push(['McNemar', `right in A alone ${onlyA}, in B alone ${onlyB}, p ${number(p)}`]);
  }
  if (inferRatio) rows.push(['time of B over A', `${number(inferRatio.value)}, ${number(inferRatio.low)} to ${number(inferRatio.high)} (${inferRatio.warmUp} runs of each before the clock started)`]);
  yield `'${output}' of ${samples} samples`;
  yield* table(rows);
  if (worst.length === 0) return;
  yield '';
  yield* table([['furthest apart', 'difference', ''], ...worst.map(({ name, maxAbsDifference, disagree }) =>
    [name, maxAbsDifference === null ? 'no comparison' : number(maxAbsDifference), disagree ? 'they disagree' : ''])], { right: [1] });
}
