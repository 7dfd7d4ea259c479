// insitu card: a model card that machines read, made of the model file, its data and an evaluation.
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fail, toInsituError } from '../../src/errors.js';
import type { RegistryData } from '../../src/registry/format.js';
import { findModel } from '../cases.js';
import { engineFlags, engineHelp, listOf, onePositional, packageVersion, printer, progress, refuse, splitPair, withEngine, writeText }
  from '../command.js';
import type { Command, Flags } from '../command.js';
import { externalNames, isAddress } from '../external-names.js';
import { checkOutputs } from '../output.js';
import { dataFrom } from '../registry/data.js';
import { contentOf } from '../registry/file.js';
import { digestOf } from '../signing.js';
import { whenHelp, whenOf } from '../when.js';
import { billOf } from './bom.js';
import { metricsOf } from './metrics.js';

const approaches = ['supervised', 'unsupervised', 'reinforcement-learning', 'semi-supervised', 'self-supervised'];
const once = { type: 'string' } as const;
const often = { type: 'string', multiple: true } as const;

export const card: Command = {
  summary: 'writes a model card as CycloneDX',
  help: `usage: insitu card MODEL [-o FILE] [options]

Writes a machine-readable model card: a CycloneDX 1.6 bill of materials with the model's digest, inputs, outputs and operators, and
what the options say. The same inputs give the same bytes.

  -o FILE          where to write the card; default: MODEL.cdx.json, - is standard output
  --name N         what the model is called; default: the name of its file
  --version V      which version it is
  --description TEXT
                   what it does, in a sentence
  --license SPDX   an SPDX expression: Apache-2.0
  --task TEXT      image classification, for example
  --approach A     supervised, unsupervised, reinforcement-learning, semi-supervised or self-supervised
  --family TEXT    of the architecture: convolutional network, for example
  --architecture TEXT
                   the architecture itself: MobileNetV2
  --data KIND=DIR  data it was made or measured with: training, calibration or evaluation, a folder or a file; may be repeated
  --evaluation FILE
                   what insitu evaluate --json wrote for this model: its figures, also of slices, with intervals
  --user TEXT      who it is meant for; may be repeated, as all that follow
  --use-case TEXT  what it is meant for
  --limitation TEXT
                   what it cannot do
  --tradeoff TEXT  what it gives up for what
  --risk RISK=TEXT a risk, and what is done about it
${whenHelp}
${engineHelp}

example: insitu card model.onnx --task "image classification" --data training=data --evaluation evaluation.json`,
  options: {
    ...engineFlags, output: { type: 'string', short: 'o' }, name: once, version: once, description: once, license: once, task: once,
    approach: once, family: once, architecture: once, evaluation: once, when: once, data: often, user: often, 'use-case': often,
    limitation: often, tradeoff: often, risk: often,
  },
  async run(flags, positionals) {
    const model = findModel(onePositional(positionals, 'MODEL'));
    if (isAddress(model) && flags.output === undefined) refuse('insitu card wants -o FILE for a model at an address');
    const to = String(flags.output ?? `${model}.cdx.json`);
    const evaluation = text(flags.evaluation);
    const folder = dirname(model);
    const files = (isAddress(model) ? [] : externalNames(model)).map((name) => ({ name, file: join(folder, name) }));
    checkOutputs({ '-o': to }, [
      ['MODEL', model], ...(evaluation === undefined ? [] : [['the evaluation', evaluation] as [string, string]]),
      ...files.map(({ file }): [string, string] => ['external data', file]),
      ...listOf(flags.data).map((given): [string, string] => ['the data', splitPair('--data', given)[1]]),
    ], ['-o']);
    const { when } = whenOf(flags);
    const approach = text(flags.approach);
    if (approach !== undefined && !approaches.includes(approach)) refuse(`--approach is '${approach}', not one of ${approaches.join(', ')}`);
    const considerations = considerationsIn(flags);
    const { bytes, size, integrity } = await contentOf(model, isAddress(model));
    const sha256 = Buffer.from(integrity.slice('sha256-'.length), 'base64').toString('hex');
    const metrics = evaluation === undefined ? [] : metricsOf(read(evaluation), sha256, evaluation);
    const external = [];
    for (const { name, file } of files) external.push({ name, sha256: await digestOf(file) });
    const data: RegistryData[] = [];
    for (const given of listOf(flags.data)) data.push(await dataFrom(given));
    const externalData = Object.fromEntries(files.map(({ name, file }) => [name, file]));
    const report = await withEngine(flags, (engine) => engine.inspect(isAddress(model) ? bytes : model, { externalData, onProgress: progress.ofLoading(model) }));
    writeText(to, billOf({
      name: text(flags.name) ?? nameOf(model), version: text(flags.version), description: text(flags.description), license: text(flags.license),
      approach, task: text(flags.task), architectureFamily: text(flags.family), modelArchitecture: text(flags.architecture),
      sha256, bytes: size, external, report, data, metrics, considerations, timestamp: when, insitu: packageVersion(),
    }));
    if (to !== '-') printer({})(`written to ${to}`);
    return 0;
  },
};

const nameOf = (model: string) => basename(isAddress(model) ? new URL(model).pathname : model);

const text = (flag: Flags[string]) => (flag === undefined ? undefined : String(flag));

function considerationsIn(flags: Flags): Record<string, unknown> {
  return {
    users: listOf(flags.user), useCases: listOf(flags['use-case']), technicalLimitations: listOf(flags.limitation),
    performanceTradeoffs: listOf(flags.tradeoff),
    ethicalConsiderations: listOf(flags.risk).map((given) => {
      const [name, mitigationStrategy] = splitPair('--risk', given);
      return { name, mitigationStrategy };
    }),
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    return fail('Network', `cannot read ${file}: ${toInsituError(thrown).message}`, 'Check the path of the file.', thrown);
  }
}
