// insitu profile: what good inputs of a model look like, as a reference profile for its watch.
import { readFileSync } from 'node:fs';
import { fail } from '../src/errors.js';
import { ClassReader, classNames } from '../src/evaluate/reading.js';
import type { ReferenceProfile } from '../src/types.js';
import { findModel, sourceOptions } from './cases.js';
import { listOf, loadOptions, modelFlags, modelHelp, onePositional, printer, progress, refuse, withEngine, writeText }
  from './command.js';
import type { Command, Flags } from './command.js';
import { readLabels, readNames } from './data/labels.js';
import { openDataset } from './data/open.js';
import { flagFiles, modelFiles } from './inputs.js';
import { checkOutputs } from './output.js';
import { table } from './text.js';

const leastSamples = 2_000;  // as the monitor has it

export const profile: Command = {
  summary: 'writes the reference profile of the watch from data',
  help: `usage: insitu profile MODEL --data DIR [--labels FILE] [--like FILE] [-o FILE] [--json FILE]
       insitu profile --merge A.json --merge B.json ... [-o FILE]

Runs the model on 2,000 samples or more that are as they should be, and writes what inputs and outputs look like: quantiles and
moments, no data. DIR holds one of
  INPUT.npy for every input, with the samples along the first axis
  files (.npy, .pb, .json), a sample each, for a model with one input
  folders with INPUT.npy (.pb, .json) for every input, a sample each

  --labels FILE    what is true of each sample (.npy, .json, or a line each): 500 and more calibrate the confidences, from which
                   the watch estimates accuracy
  --classes FILE   names of the classes (.json, or a line each), which feedback() may be given then; default: as the model says
  --like FILE      a profile of the version before: the same features are written, with its tolerances
  --merge FILE     makes one profile of several instead; may be repeated
  -o FILE          where to write the profile; default: profile.json, - is standard output
  --json FILE      writes {output, count, features: [{name, mean, std, min, max}], accuracy} of it; - is standard output
${modelHelp}

example: insitu profile model.onnx --data samples -o model.profile.json`,
  options: {
    ...modelFlags, data: { type: 'string' }, labels: { type: 'string' }, classes: { type: 'string' }, like: { type: 'string' },
    merge: { type: 'string', multiple: true }, output: { type: 'string', short: 'o' }, json: { type: 'string' },
  },
  async run(flags, positionals) {
    const to = flags.output ?? 'profile.json';
    checkOutputs({ '-o': to, '--json': flags.json }, [
      ...positionals.flatMap((path) => modelFiles(findModel(path))), ...flagFiles(flags, 'data', 'labels', 'classes', 'like', 'merge'),
    ], ['-o', '--json']);
    const print = printer({ json: to === '-' ? '-' : flags.json });
    const like = flags.like === undefined ? undefined : readProfile(String(flags.like));
    const all = flags.merge === undefined ? await measure(flags, onePositional(positionals, 'MODEL')) : await merge(flags, positionals);
    const made = like ? alike(all, like, String(flags.like)) : all;
    writeText(to, JSON.stringify(made));
    const features = featuresOf(made)
      .map(({ name, mean, std, knots }) => ({ name, mean, std, min: knots[0]!, max: knots.at(-1)! }));
    const { count, accuracy } = made as ReferenceProfile & { count: number };
    print(`${count} samples, ${features.length} features`);
    const rows = features.map(({ name, mean, std, min, max }) =>
      [`  ${name}`, `${show(mean)} ± ${show(std)}`, `from ${show(min)} to ${show(max)}`]);
    for (const line of table(rows)) print(line);
    if (accuracy) print(`accuracy ${(100 * accuracy.accuracy).toFixed(2)} % of ${accuracy.count} labelled samples`);
    if (to !== '-') print(`written to ${to}`);
    if (flags.json !== undefined) writeText(flags.json, JSON.stringify({ output: to, count, features, accuracy }, null, 2));
    return 0;
  },
};

interface Feature { name: string; mean: number; std: number; knots: number[]; tolerance?: unknown }

const featuresOf = ({ features }: ReferenceProfile) => features as Feature[];

/* Tolerances are claims about people and devices, not about a model: they are taken over, not measured again. */
function alike(made: ReferenceProfile, before: ReferenceProfile, file: string): ReferenceProfile {
  if (!Array.isArray(before.features)) fail('InvalidArgument', `${file} is no profile: it has no features`, 'Pass a profile as this command writes it.');
  const features = featuresOf(before).map(({ name, tolerance }) => {
    const found = featuresOf(made).find((feature) => feature.name === name) ??
      fail('InvalidArgument', `${file} has a feature '${name}', which this model and these data have not`, 'Pass a profile of a model with the same inputs and outputs.');
    return { ...found, ...(tolerance !== undefined && { tolerance }) };
  });
  return { ...made, features };
}

const show = (value: number) => String(Number(value.toPrecision(4)));

async function merge(flags: Flags, positionals: string[]): Promise<ReferenceProfile> {
  if (positionals.length > 0) refuse('--merge takes no MODEL');
  const profiles = listOf(flags.merge).map(readProfile), models = new Set(profiles.map((profile) => Object(Object(profile).model).sha256));
  const merged = await withEngine(flags, (engine) => engine.mergeProfiles(profiles));
  if (models.size > 1) console.error('the profiles are not all of one model: the merged one names none, and no watch tells whether it fits');
  return merged;
}

function readProfile(file: string): ReferenceProfile {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (thrown) {
    return fail('InvalidArgument', `cannot read ${file}: ${(thrown as Error).message}`, 'Pass a profile as this command writes it.', thrown);
  }
}

async function measure(flags: Flags, path: string): Promise<ReferenceProfile> {
  const { data } = flags;
  if (typeof data !== 'string') return refuse('insitu profile wants --data DIR');
  const model = findModel(path);
  const options = { ...loadOptions(flags), ...sourceOptions(model), onProgress: progress.ofLoading(model) };
  return withEngine(flags, async (engine) => {
    const { inputs } = await engine.inspect(model, options);
    const samples = openDataset(engine, inputs, data);
    if (samples.count < leastSamples) {
      fail('InvalidArgument', `${data} holds ${samples.count} samples`, 'A profile is made of 2,000 or more; 10,000 give full accuracy.');
    }
    const labels = flags.labels === undefined ? undefined : readLabels(String(flags.labels), samples.count);
    const classes = flags.classes === undefined ? undefined : readNames(String(flags.classes));
    const session = await engine.load(model, { ...options, monitor: { profile: { learn: samples.count }, quality: 'log' } });
    const names = classNames(session, { classes }), reader = new ClassReader(names, undefined);
    for (let i = 0; i < samples.count; i++) {
      progress.show('running samples', { done: i, total: samples.count });
      await session.run(await samples.feeds(i), { id: labels ? String(i) : undefined });
      if (labels) await session.monitor.feedback(String(i), reader.index(labels[i]!, `sample ${i}`));
    }
    const { drift } = await session.monitor.snapshot();
    if (drift.learning) {
      fail('DataQuality', `of ${samples.count} samples ${drift.learning.skipped} have NaN, infinities or no features`, 'Take them out.');
    }
    const made = await session.monitor.exportProfile();
    return names && made.accuracy ? { ...made, accuracy: { ...made.accuracy, labels: names } } : made;
  });
}
