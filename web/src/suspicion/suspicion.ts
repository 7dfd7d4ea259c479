// How far a classifier's answer moves when its input is squeezed: much for inputs made to deceive it, little for clean ones.
// Invariant: nobody else sees the runs made here (watch: false), and nothing is called suspicious without a threshold, whose share of
// false alarms is at most what was asked for, on inputs like those it was calibrated on.
// Reference: Xu, Evans and Qi (2018), https://arxiv.org/abs/1704.01155, section V; the quantile is split conformal prediction's.
import type { Session, Tensor, TensorInfo, Value } from 'insitu';
import { isBetween } from '../between.js';
import { fail } from '../fail.js';
import { numbersOf } from '../post/scores.js';
import { softmax } from '../post/softmax.js';
import { shown } from '../shown.js';
import { squeezing, valuesOf } from './squeeze.js';
import type { Squeezer } from './squeeze.js';

/** How inputs are squeezed and answers compared. */
export interface SuspicionOptions {
  /** The input that is squeezed; default the first. */
  input?: string;
  /** The output that holds the scores of the classes; default the first. */
  output?: string;
  /** The lowest and the highest value that the input can have; default [0, 1]. */
  range?: readonly [number, number];
  /** Default `[{ bits: 4 }, { median: 2 }]`; the largest distance counts. */
  squeezers?: readonly Squeezer[];
  /** Where the channels of an image stand; by default known from its dims. */
  layout?: 'nchw' | 'nhwc';
  /** Whether the output holds logits, of which a softmax is made; default false: probabilities. */
  logits?: boolean;
  /** What an earlier calibration of this model with these options gave. */
  threshold?: number;
}

/** How a threshold is found. */
export interface CalibrationOptions {
  /** The share of clean inputs that may be called suspicious; default 0.05. */
  falsePositiveRate?: number;
}

/** What a calibration gives. */
export interface Calibration {
  /** Scores above it are suspicious. */
  readonly threshold: number;
  /** Clean inputs that it was made of. */
  readonly samples: number;
}

/** How one input is scored. */
export interface ScoreOptions {
  /** The key of its runs: where there is a canary, the `key` or `id` of the run that gave `results`, so that one model gives all answers. */
  key?: string;
}

/** Of one input. */
export interface SuspicionScore {
  /** The largest L1 distance of two answers, 0 to 2. */
  readonly score: number;
  /** What it was compared with. */
  readonly threshold: number;
  /** Whether the score is above the threshold. */
  readonly suspicious: boolean;
}

/** Made by suspicion(). */
export interface Suspicion {
  /** Sets the threshold by clean inputs, which the model was not trained on. LimitExceeded where there are too few. */
  calibrate(clean: Iterable<Record<string, Value>> | AsyncIterable<Record<string, Value>>, options?: CalibrationOptions): Promise<Calibration>;
  /** How suspicious one input is. With `results`, what run() gave for it, there is one run less. InvalidArgument without a threshold. */
  score(feeds: Record<string, Value>, results?: Record<string, Value>, options?: ScoreOptions): Promise<SuspicionScore>;
}

/** Makes what scores the inputs of a session. InvalidArgument for inputs, outputs and squeezers that are not there. */
export function suspicion(session: Session, options: SuspicionOptions = {}): Suspicion {
  return new Squeezing(session, options);
}

type Feeds = Record<string, Value>;

const furthest = 2;

class Squeezing implements Suspicion {
  readonly #session: Session;
  readonly #input: string;
  readonly #output: string;
  readonly #logits: boolean;
  readonly #squeezers: ((tensor: Tensor) => Tensor)[];
  #threshold?: number;

  constructor(session: Session, options: SuspicionOptions) {
    const { input, output, range = [0, 1], squeezers = [{ bits: 4 }, { median: 2 }], layout, logits = false, threshold } = (options ?? {}) as SuspicionOptions;
    const [low, high] = Array.isArray(range) ? range : [];
    if (!isBetween(low, -Number.MAX_VALUE, Number.MAX_VALUE) || !isBetween(high, low, Number.MAX_VALUE) || low === high) {
      fail('InvalidArgument', `the range is ${shown(range)}`, 'Pass the lowest and the highest value of the input.');
    }
    if (layout !== undefined && layout !== 'nchw' && layout !== 'nhwc') fail('InvalidArgument', `the layout is ${shown(layout)}`, "Pass 'nchw' or 'nhwc'.");
    if (typeof logits !== 'boolean') fail('InvalidArgument', `logits is a ${typeof logits}`, 'Pass true or false.');
    if (!Array.isArray(squeezers) || squeezers.length === 0) fail('InvalidArgument', 'there are no squeezers', 'Pass one or more, or leave the option out.');
    if (threshold !== undefined && !isBetween(threshold, 0, furthest)) {
      fail('InvalidArgument', `the threshold is ${shown(threshold)}`, 'Pass what calibrate() gave, 0 to 2.');
    }
    if (typeof session?.run !== 'function') fail('InvalidArgument', `${shown(session)} is no session`, 'Pass what load() gave.');
    this.#session = session;
    this.#input = named(session.inputs, input, 'input');
    this.#output = named(session.outputs, output, 'output');
    this.#logits = logits;
    this.#squeezers = squeezers.map((squeezer) => squeezing(squeezer, { range, layout }));
    this.#threshold = threshold;
  }

  async calibrate(clean: Iterable<Feeds> | AsyncIterable<Feeds>, options: CalibrationOptions = {}): Promise<Calibration> {
    const { falsePositiveRate: rate = 0.05 } = (options ?? {}) as CalibrationOptions;
    if (!isBetween(rate, 1e-6, 1 - 1e-6)) fail('InvalidArgument', `falsePositiveRate is ${shown(rate)}`, 'Pass a share between 0 and 1, such as 0.05.');
    if (!isIterable(clean)) fail('InvalidArgument', `the clean inputs are ${shown(clean)}`, 'Pass an array or another iterable of feeds, as run() takes them.');
    const scores: number[] = [];
    for await (const feeds of clean) scores.push(await this.#distance(feeds));
    const samples = scores.length;
    // The score of another clean input has each of samples + 1 ranks with the same probability.
    const rank = Math.ceil((samples + 1) * (1 - rate) - 1e-9);
    if (rank > samples) {
      fail('LimitExceeded', `${samples} clean inputs are too few for a false positive rate of ${rate}`, `Pass ${Math.ceil((1 - rate) / rate - 1e-9)} or more.`);
    }
    const threshold = scores.sort((a, b) => a - b)[rank - 1]!;
    this.#threshold = threshold;
    return { threshold, samples };
  }

  async score(feeds: Feeds, results?: Record<string, Value>, options: ScoreOptions = {}): Promise<SuspicionScore> {
    const { key } = (options ?? {}) as ScoreOptions;
    if (key !== undefined && typeof key !== 'string') fail('InvalidArgument', `key is ${shown(key)}`, 'Pass the key of the run, a string.');
    const threshold = this.#threshold ?? fail('InvalidArgument', 'there is no threshold', 'Call calibrate() first, or pass the `threshold` that it gave.');
    const score = await this.#distance(feeds, results, key);
    return { score, threshold, suspicious: score > threshold };
  }

  async #distance(feeds: Feeds, results?: Record<string, Value>, key?: string): Promise<number> {
    const name = this.#input, input = feeds?.[name] as Tensor | undefined;
    if (!ArrayBuffer.isView(input?.data) || !Array.isArray(input.dims)) fail('InvalidArgument', `'${name}' is no tensor of numbers`, 'Of pictures make one with imageTensor().', { node: name });
    valuesOf(input, name);
    const squeezed = this.#squeezers.map((squeeze) => ({ ...feeds, [name]: squeeze(input) }));
    const [answer, ...others] = await Promise.all([results ? this.#read(results) : this.#ask(feeds, key), ...squeezed.map((each) => this.#ask(each, key))]);
    return Math.max(...others.map((other) => apart(answer!, other)));
  }

  /* The key gives all runs of a score to the same model where there is a canary. */
  async #ask(feeds: Feeds, key = 'insitu/suspicion'): Promise<ArrayLike<number>> {
    return this.#read(await this.#session.run(feeds, { watch: false, outputs: [this.#output], key }));
  }

  #read(results: Record<string, Value>): ArrayLike<number> {
    const name = this.#output, scores = results[name] as Tensor | undefined;
    if (!scores?.data) fail('InvalidArgument', `the results have no tensor '${name}'`, 'Pass what run() gave, with this output.', { node: name });
    const classes = scores.dims.at(-1) ?? 1, numbers = numbersOf(scores, name);
    if (classes < 2 || numbers.length !== classes) {
      fail('ShapeMismatch', `'${name}' is [${scores.dims}]`, 'One input at a time is scored, by one row of two classes or more.', { node: name });
    }
    if (this.#logits) return numbersOf(softmax(scores), name);
    const sum = Array.from(numbers).reduce((all, one) => all + one, 0);
    if (Math.abs(sum - 1) > 0.01) fail('InvalidArgument', `'${name}' adds up to ${sum.toFixed(2)}`, 'Pass `logits: true` where it holds no probabilities.', { node: name });
    return numbers;
  }
}

function isIterable(value: unknown): boolean {
  const { [Symbol.iterator]: one, [Symbol.asyncIterator]: other } = (value ?? {}) as Partial<Iterable<unknown> & AsyncIterable<unknown>>;
  return typeof (one ?? other) === 'function';
}

/* As far as can be where an answer is not a number. */
function apart(one: ArrayLike<number>, other: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += Math.abs(one[i]! - other[i]!);
  return Number.isNaN(sum) ? furthest : sum;
}

function named(infos: readonly TensorInfo[], name: string | undefined, kind: string): string {
  const found = name === undefined ? infos[0] : infos.find((info) => info.name === name);
  if (found) return found.name;
  return fail('InvalidArgument', `the model has no ${kind} '${name}'`, `It has ${infos.map((info) => `'${info.name}'`).join(', ') || 'none'}.`);
}
