// insitu quantize: a float model as one of integers, calibrated with data, and as many of its layers left in float as a goal takes.
// Invariant: the same model, data and options give the same bytes; the model is written whole, and only where the goal is met.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Engine } from '../src/engine.js';
import { fail } from '../src/errors.js';
import { evaluate } from '../src/evaluate/evaluate.js';
import { readOptions } from '../src/quantize/options.js';
import type { QuantizeOptions, QuantizeReport } from '../src/quantize/types.js';
import type { ModelSource } from '../src/types.js';
import type { Value } from '../src/value.js';
import { findModel, sourceOptions } from './cases.js';
import { engineFlags, engineHelp, listOf, onePositional, printer, progress, refuse, withEngine, writeText } from './command.js';
import type { Command, Flags } from './command.js';
import { samplesOf } from './data/dataset.js';
import type { Dataset } from './data/dataset.js';
import { digestData, digestLabelled, digestModel } from './data/digest.js';
import type { DataDigest, ModelDigest } from './data/digest.js';
import { dataFlags, dataFlagsHelp, dataHelp, openData, optionalWhole, readingOptions } from './data/flags.js';
import { checkOutputs } from './output.js';
import { describeQuantization } from './quantize-text.js';
import { writeWhole } from './write.js';

export const quantize: Command = {
  summary: 'makes a model of integers from a float model',
  help: `usage: insitu quantize MODEL --calibration DATA -o OUT [--to FORM] [--goal SHARE --data DATA] [--json FILE]

Writes a quantized model as plain ONNX. DATA of --calibration are some hundred inputs as the model will see them, labels are not
needed; int8 tells ranges of activations from them. Other forms take none, unless layers are measured: for --sensitivity,
--keep-float or --goal.

  -o, --out FILE       where to write the model
  --to FORM            int8 (weights and activations; the default), dynamic-int8 (activations with the range of each run), int4 or
                       int8-blocks (weights of matrix products in blocks), float16 (weights)
  --samples N          how many samples of the calibration data are used, spread over all of them; default: all
  --method M           of int8: min-max, percentile, entropy or mse; default: min-max
  --percentile P       of the method percentile; default: 99.99
  --activations T      of int8: uint8 or int8; default: uint8
  --per-tensor         of int8 and dynamic-int8: one scale for all channels of a layer's weights
  --reduce-range       of int8 and dynamic-int8: weights of 7 bits
  --no-bias-correction of int8: biases stay as they are, and do not make up for errors of weights
  --equalize, --smooth A
                       of int8: weights of neighbouring layers are scaled alike; weights take over A (0 to 1) of the range of
                       activations
  --block-size N       of int4 and int8-blocks: a power of two from 16 to 4096; default: 32
  --exclude-node NAME, --exclude-op TYPE
                       stay in float; may be repeated
  --sensitivity        measures each layer quantized alone
  --keep-float N       leaves the N layers with the lowest output SQNR in float
  --data DATA          labelled data: prints the accuracy before and after
  --goal SHARE         the accuracy on DATA is to be at least SHARE (0.99) of the float model's; layers stay in float until it is.
                       If it never is, nothing is written and the exit status is 1
  --json FILE          writes the report ("insitu-quantization/1"); - is standard output
${engineHelp}

${dataHelp}

${dataFlagsHelp}

example: insitu quantize model.onnx --calibration samples -o model_int8.onnx --goal 0.99 --data test`,
  options: {
    ...engineFlags, ...dataFlags, calibration: { type: 'string' }, to: { type: 'string' },
    method: { type: 'string' }, percentile: { type: 'string' }, activations: { type: 'string' }, 'per-tensor': { type: 'boolean' },
    'reduce-range': { type: 'boolean' }, 'no-bias-correction': { type: 'boolean' }, equalize: { type: 'boolean' }, smooth: { type: 'string' },
    'block-size': { type: 'string' }, 'exclude-node': { type: 'string', multiple: true }, 'exclude-op': { type: 'string', multiple: true },
    samples: { type: 'string' }, sensitivity: { type: 'boolean' }, 'keep-float': { type: 'string' }, goal: { type: 'string' },
    out: { type: 'string', short: 'o' }, json: { type: 'string' },
  },
  async run(flags, positionals) {
    const model = findModel(onePositional(positionals, 'MODEL')), output = flags.out;
    if (typeof output !== 'string') refuse('insitu quantize wants -o FILE');
    const goal = goalOf(flags), options = optionsOf(flags), print = printer(flags), source = sourceOptions(model);
    checkOutputs({ '-o': output, '--json': flags.json }, [['MODEL', model], ...filesRead(flags, source)]);
    readingOptions(flags);
    return withEngine(flags, async (engine) => {
      const judge = typeof flags.data === 'string' ? await openJudge(engine, model, flags.data, flags) : undefined;
      const before = await judge?.(model, source);
      if (goal !== undefined && before!.metric !== 'accuracy') fail('InvalidArgument', '--goal is about accuracy, and the data are of a regression', 'Leave it out, or pass labels that are classes.');
      const calibration = await openCalibration(engine, model, flags);
      const judged = new Map<ModelSource, Judgement>();
      const isGoodEnough = async (candidate: Uint8Array<ArrayBuffer>) => {
        judged.set(candidate, await judge!(candidate));
        return judged.get(candidate)!.value >= goal! * before!.value;
      };
      const { model: bytes, report } = await engine.quantize(model, calibration?.samples ?? [], {
        ...options, ...source, ...(calibration && { calibrationDigest: calibration.sha256 }),
        ...(goal !== undefined && { keepFloat: { until: isGoodEnough } }),
        onProgress: ({ phase, done, total }) => progress.show(phases[phase], { done, total: total ?? (phase === 'observe' ? calibration?.count : undefined), bytes: phase === 'engine' }),
      });
      const after = judged.get(bytes) ?? await judge?.(bytes);
      const document: QuantizationFile = {
        format: 'insitu-quantization/1', model: await digestModel(model), ...report,
        ...(judge && { data: await digestLabelled(String(flags.data), flags), metric: before!.metric, before: before!.value, after: after!.value }),
        ...(goal !== undefined && { goal }),
        output: report.goalMet === false ? null : { name: basename(output), sha256: createHash('sha256').update(bytes).digest('hex') },
      };
      for (const line of describeQuantization(document)) print(line);
      if (report.goalMet !== false) writeWhole(output, bytes);
      print(report.goalMet === false ? 'nothing was written' : `written to ${output}`);
      if (flags.json !== undefined) writeText(flags.json, JSON.stringify(document, null, 2));
      return report.goalMet === false ? 1 : 0;
    });
  },
};

const phases = { engine: 'starting', observe: 'observing samples', measure: 'measuring layers', write: 'writing models' };

/** What --json writes. */
export type QuantizationFile = QuantizeReport & {
  format: 'insitu-quantization/1';
  model: ModelDigest;
  data?: DataDigest;
  /** With --data: 'accuracy', or 'mae' of a regression. */
  metric?: Judgement['metric'];
  before?: number;
  after?: number;
  goal?: number;
  /** null where the goal was not met. */
  output: { name: string; sha256: string } | null;
};

interface Judgement {
  metric: 'accuracy' | 'mae';
  value: number;
}

function filesRead(flags: Flags, { externalData }: { externalData: Record<string, string> }): [string, string][] {
  const given = ['calibration', 'data', 'labels', 'metadata', 'classes'].filter((name) => flags[name] !== undefined);
  return [...Object.values(externalData).map((file): [string, string] => ['data of MODEL', file]), ...given.map((name): [string, string] => [`the file of --${name}`, String(flags[name])])];
}

function optionsOf(flags: Flags): QuantizeOptions {
  const text = (name: string) => (flags[name] === undefined ? undefined : String(flags[name]));
  const count = flags['keep-float'] === undefined ? undefined : optionalWhole(flags, 'keep-float');
  if (count !== undefined && flags.goal !== undefined) refuse('--keep-float and --goal exclude each other');
  const given: Record<string, unknown> = {
    to: text('to'), method: text('method'), percentile: numberOf(flags, 'percentile'), activations: text('activations'),
    perChannel: flags['per-tensor'] ? false : undefined, reduceRange: flags['reduce-range'], biasCorrection: flags['no-bias-correction'] ? false : undefined,
    equalize: flags.equalize, smooth: numberOf(flags, 'smooth'), blockSize: optionalWhole(flags, 'block-size'), sensitivity: flags.sensitivity,
    exclude: { nodes: listOf(flags['exclude-node']), ops: listOf(flags['exclude-op']) }, keepFloat: count && { layers: count },
  };
  checkOptions(given, flags);
  return given as QuantizeOptions;
}

const flagOf: Record<string, string> = {
  perChannel: '--per-tensor', reduceRange: '--reduce-range', biasCorrection: '--no-bias-correction', blockSize: '--block-size', 'keepFloat.layers': '--keep-float',
};

/* What engine.quantize() would refuse, as it was typed; and data that nothing would be told from. */
function checkOptions(options: QuantizeOptions, flags: Flags): void {
  const { settings: { to }, measureOn } = readOptions((_code, what, hint) => refuse(`${what}\n  ${hint}`), options, (name) => flagOf[name] ?? `--${name}`);
  const isUsed = to === 'int8' || measureOn > 0 || flags.goal !== undefined, isGiven = flags.calibration !== undefined;
  if (isUsed && !isGiven) refuse(`--calibration DATA is missing: ${to === 'int8' ? 'int8 tells ranges of activations' : 'errors of layers are told'} from it`);
  if (!isUsed && isGiven) refuse(`--calibration says nothing about ${to}, unless --sensitivity, --keep-float or --goal measure layers`);
  if (!isGiven && flags.samples !== undefined) refuse('--samples is for --calibration');
}

function numberOf(flags: Flags, name: string): number | undefined {
  const given = flags[name];
  if (given === undefined) return undefined;
  return /^\d*\.?\d+$/.test(String(given)) ? Number(given) : refuse(`--${name} wants a number, not '${String(given)}'`);
}

function goalOf(flags: Flags): number | undefined {
  const goal = numberOf(flags, 'goal');
  if (goal === undefined) return undefined;
  if (goal <= 0 || goal > 1) refuse(`--goal wants a share above 0, up to 1, not '${String(flags.goal)}'`);
  return flags.data === undefined ? refuse('--goal wants --data DATA') : goal;
}

/* What makes a judgement of a model from labelled data. */
async function openJudge(engine: Engine, model: string, path: string, flags: Flags) {
  const { inputs } = await engine.inspect(model, sourceOptions(model));
  const data = openData(engine, inputs, path, flags), reading = readingOptions(flags);
  return async (candidate: ModelSource, source = {}): Promise<Judgement> => {
    const session = await engine.load(candidate, { ...source, monitor: false });
    try {
      const { task, metrics } = await evaluate(session, samplesOf(data), {
        ...reading, onProgress: ({ done }) => progress.show('running samples', { done, total: data.count }),
      });
      const metric = task === 'classification' ? 'accuracy' : 'mae';
      return { metric, value: metrics[metric]!.value! };
    } finally {
      await session.dispose();
    }
  };
}

/** The samples of --calibration, as many as --samples says. */
export async function openCalibration(engine: Engine, model: string, flags: Flags) {
  const path = flags.calibration;
  if (path === undefined) return undefined;
  const { inputs } = await engine.inspect(model, sourceOptions(model));
  // Labels are those of --data.
  const { labels: _labels, metadata: _metadata, ...others } = flags;
  const data = openData(engine, inputs, String(path), others);
  const count = Math.min(data.count, optionalWhole(flags, 'samples') ?? data.count);
  return { count, samples: spread(data, count), sha256: (await digestData(String(path))).sha256 };
}

/* `count` samples at equal distances, since neighbours are often alike. */
async function* spread(data: Dataset, count: number): AsyncGenerator<Record<string, Value>> {
  for (let i = 0; i < count; i++) yield data.feeds(Math.floor((i * data.count) / count));
}
