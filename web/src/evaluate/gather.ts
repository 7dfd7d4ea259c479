// Outputs and labels of all samples, gathered sample by sample and turned into metrics in the end.
// Invariant: one number a sample is a regression unless all labels are truth values and all outputs are between 0 and 1, or logits by
// what the caller says; scores are kept only where there are few classes, so that memory grows with samples alone.
import type { Tensor } from 'insitu';
import { isWhole } from '../compare.js';
import { fail } from '../fail.js';
import { shown } from '../shown.js';
import { classify } from './metrics/classification.js';
import type { Classified } from './metrics/classification.js';
import { addsUp, asNumber, classNames, ClassReader, mostClasses, probabilities, readRow } from './reading.js';
import type { Row } from './reading.js';
import type { Evaluation, Label, ReadingOptions, Runner } from './types.js';

const mostKept = 100;

export interface Classes {
  task: 'classification';
  scores: NonNullable<Evaluation['scores']>;
  count: number;
  name(index: number): string;
  all: Classified[];
  /** Of each sample, where there are at most 100 classes; of NaN, too. */
  rows: Row[];
}

export interface Values {
  task: 'regression';
  truth: Row[];
  predicted: Row[];
}

export class Gatherer {
  readonly #runner: Runner;
  readonly #options: ReadingOptions;
  readonly #output: string;
  #classes?: Classes & { reader: ClassReader };
  #values?: { predicted: Row; label: Label; sample: string }[];

  constructor(runner: Runner, output: string, options: ReadingOptions) {
    this.#runner = runner;
    this.#output = output;
    this.#options = options;
  }

  add(tensor: Tensor | undefined, label: Label, sample: string): void {
    const row = readRow(tensor, this.#output, sample);
    if (!this.#classes && !this.#values) this.#begin(tensor!, row, label);
    if (this.#values) this.#values.push({ predicted: row, label, sample });
    else this.#classify(row, label, sample);
  }

  finish(): Classes | Values {
    const values = this.#values;
    if (!values) return this.#classes!;
    const { logits = false } = this.#options, names: readonly unknown[] = classNames(this.#runner, this.#options) ?? [];
    const isShare = (one: number) => !(one < 0 || one > 1), isTruth = (label: Label) => [0, 1, false, true].includes(asNumber(label) as number) || names.includes(label);
    const fits = ({ predicted: { length, 0: one }, label }: (typeof values)[number]) => length === 1 && (logits || isShare(one!)) && isTruth(label);
    const { task = values.every(fits) ? 'classification' : 'regression' } = this.#options;
    if (task === 'regression') return regression(values);
    this.#values = undefined;
    this.#classes = this.#startClasses(logits ? 'logits' : 'probabilities', 2);
    for (const { predicted: [one], label, sample } of values) {
      if (!logits && !isShare(one!)) fail('InvalidArgument', `the output of ${sample} is ${one}, which is no probability`, 'Pass `logits: true` where the output is a logit.');
      this.#classify(logits ? Float64Array.of(0, one!) : Float64Array.of(1 - one!, one!), label, sample);
    }
    return this.#classes;
  }

  #begin(tensor: Tensor, row: Row, label: Label): void {
    const { task, logits } = this.#options;
    const several = row.length > 1;
    if (task === 'regression' || (!task && (several ? Array.isArray(label) : !isWhole(tensor) && typeof asNumber(label) !== 'string'))) this.#values = [];
    else if (!several && isWhole(tensor)) this.#classes = this.#startClasses('index', undefined);
    else if (!several) this.#values = [];
    else this.#classes = this.#startClasses(logits ?? (!row.some(Number.isNaN) && !addsUp(row)) ? 'logits' : 'probabilities', row.length);
  }

  #startClasses(scores: Classes['scores'], count: number | undefined): Classes & { reader: ClassReader } {
    const reader = new ClassReader(classNames(this.#runner, this.#options), count);
    return { task: 'classification', scores, count: count ?? 0, reader, name: (index) => reader.name(index), all: [], rows: [] };
  }

  #classify(row: Row, label: Label, sample: string): void {
    const classes = this.#classes!, truth = classes.reader.index(label, sample);
    if (classes.scores === 'index') {
      const [prediction] = row as unknown as [number];
      if (prediction >= mostClasses) fail('InvalidArgument', `'${this.#output}' of ${sample} is ${prediction}`, 'Name an output that is the index of a class, or pass the task regression.');
      classes.reader.index(prediction, `the prediction of ${sample}`);
      classes.count = Math.max(classes.count, truth + 1, prediction + 1);
      classes.all.push({ label: truth, prediction });
      return;
    }
    if (row.length !== classes.count) fail('ShapeMismatch', `'${this.#output}' of ${sample} has ${row.length} scores, others have ${classes.count}`, 'Every sample needs as many.');
    const scores = probabilities(row, classes.scores === 'logits', sample);
    classes.all.push(classify(scores, truth));
    if (scores.length <= mostKept) classes.rows.push(scores);
  }
}

function regression(values: readonly { predicted: Row; label: Label; sample: string }[]): Values {
  const truth = values.map(({ predicted, label, sample }) => {
    const numbers: unknown[] = Array.isArray(label) ? label : [asNumber(label)];
    if (numbers.length !== predicted.length || !numbers.every((one) => typeof one === 'number' && Number.isFinite(one))) {
      fail('InvalidArgument', `the label of ${sample} is ${shown(label)}`, `Pass ${predicted.length === 1 ? 'a number' : `an array of ${predicted.length} numbers`}, or the task 'classification'.`);
    }
    if (!predicted.every(Number.isFinite)) fail('DataQuality', `the output of ${sample} is not finite`, 'Look at its feeds, or leave the sample out.');
    return Float64Array.from(numbers as number[]);
  });
  return { task: 'regression', truth, predicted: values.map(({ predicted }) => predicted) };
}
