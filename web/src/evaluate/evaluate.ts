// evaluate(): how good a model is on samples, in all and slice by slice.
// Invariant: the same samples, model and options give the same Evaluation; no monitor sees its runs, and nothing of the samples is kept
// but what metrics are made of.
import { InsituError } from 'insitu';
import type { Tensor } from 'insitu';
import { fail } from '../fail.js';
import { onDemand } from '../on-demand.js';
import { hashOf } from '../release/share.js';
import { shown } from '../shown.js';
import { classFigures, valueFigures } from './figures.js';
import { Gatherer } from './gather.js';
import type { Classes, Values } from './gather.js';
import { errorsOf } from './metrics/regression.js';
import { checkCommon, checkRunner, checkWhole, throwIfAborted } from './options.js';
import { outputName } from './reading.js';
import { classColumn } from './slices/columns.js';
import type { Evaluation, EvaluationOptions, EvaluationRecord, Runner, Sample, Samples } from './types.js';

/** Of options that decide what figures mean. */
export const defaults = { topK: 5, bins: 15, minSupport: 20 } as const;
const mostBins = 10_000;

interface Labelled {
  sample: number;
  name: string;
}

/**
 * Runs a model on samples and compares what it says with their labels. InvalidArgument for samples and options that do not fit,
 * Cancelled when `signal` is aborted.
 */
export async function evaluate(session: Runner, samples: Samples, options: EvaluationOptions = {}): Promise<Evaluation> {
  const { topK = defaults.topK, bins = defaults.bins, slices, minSupport = defaults.minSupport, confidence = 0.95, seed = 1, onProgress, onRecord, signal, ...reading } = (options ?? {}) as EvaluationOptions;
  checkRunner(session);
  checkCommon(samples, { confidence, seed, ...reading });
  for (const [name, value] of Object.entries({ topK, minSupport })) checkWhole(name, value);
  checkWhole('bins', bins, 1, mostBins);
  const isNone = typeof slices !== 'object' || slices === null || Array.isArray(slices) || Object.keys(slices).length === 0;
  if (slices !== undefined && slices !== 'auto' && isNone) fail('InvalidArgument', `slices are ${shown(slices)}`, "Pass 'auto', or one condition or more by name.");
  const slicer = slices && new (await onDemand(InsituError, 'slicer.js', import('./slices/slicer.js'))).Slicer(slices);
  const output = outputName(session, reading), gatherer = new Gatherer(session, output, reading);
  const labelled: Labelled[] = [];
  let count = 0;
  for await (const sample of samples) {
    throwIfAborted(signal);
    const { feeds, label, metadata, name = `sample ${count}` } = checked(sample, count);
    if (label !== undefined) {
      // Before the run, which may be given buffers that its caller fills anew.
      slicer?.add(feeds, metadata);
      const results = await session.run(feeds, { watch: false, outputs: [output], signal });
      gatherer.add(results[output] as Tensor | undefined, label, name);
      labelled.push({ sample: count, name });
    }
    count++;
    onProgress?.({ done: count });
  }
  if (labelled.length === 0) fail('InvalidArgument', `none of ${count} samples has a label`, 'Pass { feeds, label }.');
  const gathered = gatherer.finish();
  const figures = gathered.task === 'classification' ? classFigures(gathered, { topK, bins, seed, confidence }) : valueFigures(gathered, { topK, bins, seed, confidence });
  const report = slicer?.report(gathered, { minSupport, seed, confidence }) ?? null;
  if (onRecord) for (const record of recordsOf(gathered, labelled)) onRecord(record);
  return {
    format: 'insitu-evaluation/1', task: gathered.task, output, scores: gathered.task === 'classification' ? gathered.scores : null,
    samples: count, labelled: labelled.length, labelDigest: digestOf(gathered),
    undefined: gathered.task === 'classification' ? gathered.all.filter(({ prediction }) => prediction < 0).length : 0,
    confidence, metrics: figures.metrics, classes: figures.classes, calibration: figures.bins && { bins: figures.bins }, slices: report,
  };
}

function digestOf(gathered: Classes | Values): string {
  const labels = gathered.task === 'regression' ? gathered.truth.map((row) => [...row]) : gathered.all.map(({ label }) => label);
  return hashOf(JSON.stringify(labels)).toString(16).padStart(8, '0');
}

export function checked(sample: Sample, at: number): Sample {
  const { feeds, metadata, name } = (sample ?? {}) as Partial<Sample>;
  if (typeof feeds !== 'object' || feeds === null) fail('InvalidArgument', `sample ${at} is ${shown(sample).slice(0, 80)}`, 'Pass { feeds, label }.');
  if (name !== undefined && typeof name !== 'string') fail('InvalidArgument', `the name of sample ${at} is ${shown(name)}`, 'Pass a string.');
  for (const [column, value] of Object.entries(metadata ?? {})) {
    if (value !== null && !['string', 'number', 'boolean'].includes(typeof value)) {
      fail('InvalidArgument', `'${column}' of sample ${at} is ${shown(value)}`, 'Metadata are strings, numbers, truth values or null.');
    }
    if (Number.isNaN(value)) fail('InvalidArgument', `'${column}' of sample ${at} is NaN`, 'Pass null where nothing is known.');
    if (column === classColumn) fail('InvalidArgument', `sample ${at} has metadata '${classColumn}', which is the name of the true class`, 'Call it something else.');
  }
  return sample;
}

function* recordsOf(gathered: Classes | Values, labelled: readonly Labelled[]): Generator<EvaluationRecord> {
  const plain = (row: Float64Array) => (row.length === 1 ? row[0]! : [...row]);
  if (gathered.task === 'regression') {
    const losses = errorsOf(gathered, 1);
    for (const [i, one] of labelled.entries()) {
      yield { ...one, label: plain(gathered.truth[i]!), prediction: plain(gathered.predicted[i]!), confidence: null, correct: null, loss: losses[i]! };
    }
    return;
  }
  for (const [i, one] of labelled.entries()) {
    const { label, prediction, confidence = null, loss = null } = gathered.all[i]!;
    yield { ...one, label, prediction: prediction < 0 ? null : prediction, confidence, correct: label === prediction, loss };
  }
}
