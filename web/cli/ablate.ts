// insitu ablate: what each part brings, by leaving out or changing one at a time: accuracy, latency, size and memory.
// Invariant: a variant differs from the baseline in one thing; both see the same samples, and their runs take turns.
import { toInsituError } from '../src/errors.js';
import type { Engine } from '../src/engine.js';
import type { Value } from '../src/value.js';
import { figuresOf, measureVariant, percentilesOf, timeInTurns } from './ablate/measure.js';
import type { Setting } from './ablate/measure.js';
import { asPage } from './ablate/page.js';
import { asMarkdown, asText } from './ablate/text.js';
import type { Ablation, Variant } from './ablate/types.js';
import { engines, quantized, resizings, switches, withImage } from './ablate/variants.js';
import { runsOf } from './bench.js';
import { findModel, sourceOptions } from './cases.js';
import { loadOptions, modelFlags, modelHelp, onePositional, printer, progress, refuse, withEngine, writeText } from './command.js';
import type { Command, Flags } from './command.js';
import { digestLabelled, digestModel } from './data/digest.js';
import { dataFlags, dataFlagsHelp, dataHelp, dataPath, openData, optionalWhole, readingOptions } from './data/flags.js';
import { flagFiles, labelledFiles, modelFiles } from './inputs.js';
import { checkOutputs } from './output.js';
import { writeWhole } from './write.js';

export const ablate: Command = {
  summary: 'says what each part of the engine brings for a model',
  help: `usage: insitu ablate MODEL --data DATA [--json FILE] [--markdown FILE] [--html FILE]

Measures the model with everything on, then with one thing changed at a time: without each optimisation of the graph, without the
kernels of XNNPACK, without those of insitu, with fewer threads, with or without relaxed SIMD; pictures also resized in other ways.
Prints for each the change in accuracy (McNemar's test on the same samples), p50 and p90, bytes and peak memory.

${dataHelp}

${dataFlagsHelp}
  --runs N         how many runs of each variant are timed, in turns with the baseline; at least 6, default: 100
  --reference      also every operator on the plain kernels, which takes long
  --calibration DATA
                   inputs as a float model will see them: also int8, with a scale for each channel and for each tensor
  --samples N      how many samples of the calibration data are used; default: all
  --json FILE      writes all figures ("insitu-ablation/1"); - is standard output
  --markdown FILE  writes the table; - is standard output
  --html FILE      writes a page with plots, which loads nothing
${modelHelp}

example: insitu ablate model.onnx --data test --html ablation.html`,
  options: {
    ...modelFlags, ...dataFlags, runs: { type: 'string', default: '100' }, reference: { type: 'boolean' }, calibration: { type: 'string' },
    samples: { type: 'string' }, json: { type: 'string' }, markdown: { type: 'string' }, html: { type: 'string' },
  },
  async run(flags, positionals) {
    const model = findModel(onePositional(positionals, 'MODEL')), path = dataPath(flags, 'ablate');
    if (flags.backend === 'reference') refuse('the baseline of insitu ablate has everything on; --reference measures the plain kernels');
    if (flags.samples !== undefined && (optionalWhole(flags, 'samples'), flags.calibration === undefined)) refuse('--samples is for --calibration');
    const runs = runsOf(flags);
    if (runs < leastRuns) refuse(`--runs wants ${leastRuns} or more, not ${runs}: fewer give no 95 % interval`);
    const outputs = { '--json': flags.json, '--markdown': flags.markdown, '--html': flags.html };
    checkOutputs(outputs, [...modelFiles(model), ...labelledFiles(flags), ...flagFiles(flags, 'calibration')], ['--json', '--markdown']);
    const setting = { model, path, runs, reading: readingOptions(flags) };
    const print = printer({ json: flags.markdown === '-' ? '-' : flags.json });
    return withEngine(flags, async (engine) => {
      const ablation = await measure(engine, setting, flags);
      for (const line of asText(ablation)) print(line);
      if (flags.markdown !== undefined) writeText(flags.markdown, asMarkdown(ablation));
      if (flags.html !== undefined) writeWhole(String(flags.html), asPage(ablation));
      if (flags.json !== undefined) writeText(flags.json, JSON.stringify(ablation, null, 2));
      return 0;
    });
  },
};

const mostFeeds = 64, leastRuns = 6;
const notes = [
  'Packing weights ahead cannot be switched off: the kernels of XNNPACK and of insitu take packed weights only.',
  'Peak memory is the most that the model, its packed weights and tensors held while it was loaded and run once, in an engine of its own. ' +
  'Ratios are medians over pairs of runs with the same input, p50 and p90 of the baseline are of its runs beside all variants.',
];

type Given = Pick<Setting, 'model' | 'reading' | 'runs'> & { path: string };

async function measure(engine: Engine, given: Given, flags: Flags): Promise<Ablation> {
  const { model, path, runs, reading } = given, options = { ...loadOptions(flags), ...sourceOptions(model), monitor: false } as const;
  await using session = await engine.load(model, { ...options, onProgress: progress.ofLoading(model) });
  const data = openData(engine, session.inputs, path, flags), feeds: Record<string, Value>[] = [];
  for (let i = 0; i < Math.min(mostFeeds, data.count); i++) feeds.push(await data.feeds(i));
  const setting = { model, options, reading, feeds, runs };
  const measured = await figuresOf('baseline', engine, session, data, setting);

  const { variants: parts, omitted } = await switches(engine, session, model, options);
  const variants: Variant[] = [
    ...parts, ...(flags.reference ? [{ name: 'reference', load: { backend: 'reference' } } as const] : []), ...engines(engine),
    ...await quantized(engine, model, flags), ...await resizings(engine, session, path, flags, feeds),
  ];
  const rows: Ablation['variants'] = [], baselineTimes: number[] = [];
  for (const variant of variants) {
    const its = variant.image ? withImage(engine, session, path, flags, variant.image) : data;
    try {
      const { row, baselineTimes: more } = await measureVariant(variant, { engine, session, measured, data: its }, setting);
      rows.push(row);
      baselineTimes.push(...more);
    } catch (thrown) {
      omitted.push({ name: variant.name, why: toInsituError(thrown).message });
    }
  }
  if (baselineTimes.length === 0) baselineTimes.push(...(await timeInTurns('baseline', session, session, setting)).baseline);
  const { version, flavour, threads } = engine.info, { records, task, ...figures } = measured;
  return {
    format: 'insitu-ablation/1', model: await digestModel(model), data: await digestLabelled(path, flags), engine: { version, flavour, threads },
    metric: task === 'classification' ? 'accuracy' : 'mae', samples: records.length, runs,
    baseline: { ...figures, ...percentilesOf(baselineTimes) }, variants: rows, omitted, notes,
  };
}
