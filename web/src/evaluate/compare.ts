// compare(): how far two models are apart on the same samples; with labels, which one is right more often. What a shadow reports of a
// page's own requests (web/src/release/shadow.ts), of data at hand, with the same names.
// Invariant: both models get the same feeds, in turns which of them is first; without `latency` the same samples give the same Comparison.
import type { Tensor, Value } from 'insitu';
import { elementReader, elementsOf, isTensor } from '../compare.js';
import { fail } from '../fail.js';
import { Likeness } from '../release/likeness.js';
import type { LikenessReport } from '../release/likeness.js';
import { checked } from './evaluate.js';
import { Gatherer } from './gather.js';
import { isRight } from './metrics/classification.js';
import { mean } from './metrics/regression.js';
import { checkCommon, checkRunner, checkWhole, throwIfAborted } from './options.js';
import { addsUp, outputName, probabilities } from './reading.js';
import { bootstrap, wilson } from './statistics/intervals.js';
import type { Interval } from './statistics/intervals.js';
import { mcnemar } from './statistics/significance.js';
import type { McNemar } from './statistics/significance.js';
import type { EvaluationProgress, ReadingOptions, Runner, Samples } from './types.js';

/** How two models are compared. */
export interface CompareOptions extends ReadingOptions {
  /** Floats agree where |b - a| <= atol + rtol |a|, whole numbers where they are equal; default 1e-3. */
  rtol?: number;
  /** What is allowed besides; default 1e-5. */
  atol?: number;
  /** How many of the samples that differ most are named; default 10. */
  worst?: number;
  /** Whether runs are timed, in turns; default false. */
  latency?: boolean;
  /** Of intervals; default 0.95. */
  confidence?: number;
  /** Of the bootstrap; default 1. */
  seed?: number;
  /** Called after each sample. */
  onProgress?: (progress: EvaluationProgress) => void;
  /** Ends it with Cancelled. */
  signal?: AbortSignal;
}

/** A share with its interval (Wilson). */
export interface Share extends Interval {
  /** How many. */
  readonly count: number;
  /** Of how many. */
  readonly of: number;
  /** count / of; null of none. */
  readonly value: number | null;
}

/** A sample whose outputs are far apart. */
export interface ApartSample {
  /** Its number. */
  readonly sample: number;
  /** What it is called. */
  readonly name: string;
  /** The largest difference of an element; null where the outputs cannot be compared, which stands first. */
  readonly maxAbsDifference: number | null;
  /** Whether the decisions differ. */
  readonly disagree: boolean;
}

/** How many times as long the second model takes. */
export interface TimeRatio extends Interval {
  /** Of the medians. */
  readonly value: number;
  /** Runs of each before, which enter no figure. */
  readonly warmUp: number;
}

/** What compare() gives: `a` stands where a shadow has the stable model, `b` where it has the candidate. */
export interface Comparison {
  /** Of this JSON. */
  readonly format: 'insitu-comparison/1';
  /** The output that decisions are taken from. */
  readonly output: string;
  /** Samples that both were run on. */
  readonly samples: number;
  /** By output name, as a shadow has them. */
  readonly outputs: Readonly<Record<string, LikenessReport>>;
  /** Samples for which another class comes first; where there are no classes, for which the output differs by more than the tolerance. */
  readonly disagreement: Share;
  /** Over samples, of the largest difference of an element. */
  readonly meanAbsDifference: number | null;
  /** Of B from A, in nats: the mean and the largest Kullback-Leibler divergence; null where there are no probabilities. */
  readonly divergence: {
    /** Over samples. */
    readonly mean: number;
    /** Of the worst sample. */
    readonly max: number;
  } | null;
  /** Those that differ most, the worst first. */
  readonly worst: readonly ApartSample[];
  /** Null where no sample has a label, or of regression. */
  readonly labels: {
    /** Samples with a label. */
    readonly labelled: number;
    /** Of the first model. */
    readonly accuracyA: Share;
    /** Of the second model. */
    readonly accuracyB: Share;
    /** Whether one is right more often. */
    readonly mcnemar: McNemar;
  } | null;
  /** How many times as long B takes, by the medians, with a bootstrap interval; null without `latency`, and where the clock is too coarse. */
  readonly inferRatio: TimeRatio | null;
}

const warmUp = 10, smallest = 2 ** -52;

/** Runs two models on the same samples. InvalidArgument for samples, options and models that do not fit each other. */
export async function compare(a: Runner, b: Runner, samples: Samples, options: CompareOptions = {}): Promise<Comparison> {
  const { rtol = 1e-3, atol = 1e-5, worst = 10, latency = false, confidence = 0.95, seed = 1, onProgress, signal, ...reading } = (options ?? {}) as CompareOptions;
  for (const session of [a, b]) checkRunner(session);
  checkCommon(samples, { confidence, seed, ...reading });
  checkWhole('worst', worst, 0);
  for (const [name, value] of Object.entries({ rtol, atol })) if (!(typeof value === 'number' && value >= 0)) fail('InvalidArgument', `${name} is ${String(value)}`, 'Pass a number from 0.');
  if (typeof latency !== 'boolean') fail('InvalidArgument', `latency is a ${typeof latency}`, 'Pass true or false.');
  const output = outputName(a, reading), names = a.outputs.map(({ name }) => name).filter((name) => b.outputs.some((other) => other.name === name));
  if (!names.includes(output)) fail('InvalidArgument', `the second model has no output '${output}'`, 'Compare models with the same outputs, or name another in `output`.');
  const likenesses = new Map(names.map((name) => [name, new Likeness({ rtol, atol })]));
  const [gatherA, gatherB] = [a, b].map((session) => new Gatherer(session, output, reading)) as [Gatherer, Gatherer];
  const apart: ApartSample[] = [], divergences: number[] = [], times: [number, number][] = [];
  let count = 0, labelled = 0, logits = reading.logits;
  for await (const sample of samples) {
    throwIfAborted(signal);
    const { feeds, label, name = `sample ${count}` } = checked(sample, count);
    const time = async (session: Runner): Promise<{ results: Record<string, Value>; ms: number }> => {
      const start = performance.now();
      const results = await session.run<Record<string, Value>>(feeds, { watch: false, outputs: names, signal });
      return { results, ms: performance.now() - start };
    };
    if (latency && count === 0) for (let i = 0; i < warmUp; i++) for (const session of [a, b]) await time(session);
    const first = count % 2 === 0 ? await time(a) : undefined;
    const ofB = await time(b), ofA = first ?? await time(a);
    times.push([ofA.ms, ofB.ms]);
    for (const [each, likeness] of likenesses) likeness.note(ofA.results[each]!, ofB.results[each]);
    const own = new Likeness({ rtol, atol }), [was, is] = [ofA.results[output]!, ofB.results[output]!];
    own.note(was, is);
    const { agreed, unlike, maxAbsDifference, top1 } = own.report();
    apart.push({ sample: count, name, maxAbsDifference: unlike > 0 ? null : maxAbsDifference, disagree: top1 ? top1.agreed < top1.rows : agreed === 0 });
    const [p, q] = [was, is].map((value) => rowOf(value as Tensor)) as [Float64Array, Float64Array];
    if (top1?.rows === 1 && unlike === 0 && ![...p, ...q].some(Number.isNaN)) {
      logits ??= !addsUp(p);
      divergences.push(divergence(probabilities(p, logits, name), probabilities(q, logits, name)));
    }
    if (label !== undefined) {
      gatherA.add(was as Tensor, label, name);
      gatherB.add(is as Tensor, label, name);
      labelled++;
    }
    count++;
    onProgress?.({ done: count });
  }
  if (count === 0) fail('InvalidArgument', 'there are no samples', 'Pass one or more.');
  const share = (part: number, of: number): Share => ({ count: part, of, value: of > 0 ? part / of : null, ...wilson(part, of, confidence) });
  const differences = apart.flatMap(({ maxAbsDifference }) => maxAbsDifference ?? []);
  const furthest = (one: ApartSample) => one.maxAbsDifference ?? Infinity;
  return {
    format: 'insitu-comparison/1', output, samples: count,
    outputs: Object.fromEntries([...likenesses].map(([name, likeness]) => [name, likeness.report()])),
    disagreement: share(apart.filter(({ disagree }) => disagree).length, count),
    meanAbsDifference: differences.length > 0 ? mean(differences) : null,
    divergence: divergences.length > 0 ? { mean: mean(divergences), max: divergences.reduce((most, one) => Math.max(most, one), 0) } : null,
    worst: [...apart].sort((one, other) => (furthest(one) === furthest(other) ? one.sample - other.sample : furthest(other) - furthest(one))).slice(0, worst),
    labels: labelled > 0 ? onLabels(gatherA, gatherB, labelled, share) : null,
    inferRatio: latency ? ratioOf(times, { seed, confidence }) : null,
  };
}

function onLabels(gatherA: Gatherer, gatherB: Gatherer, labelled: number, share: (part: number, of: number) => Share): Comparison['labels'] {
  const [ofA, ofB] = [gatherA.finish(), gatherB.finish()];
  if (ofA.task === 'regression' || ofB.task === 'regression') return null;
  const [right, rightToo] = [ofA.all.map(isRight), ofB.all.map(isRight)];
  const count = (test: (i: number) => boolean) => right.filter((_, i) => test(i)).length;
  return {
    labelled, accuracyA: share(count((i) => right[i]!), labelled), accuracyB: share(count((i) => rightToo[i]!), labelled),
    mcnemar: mcnemar(count((i) => right[i]! && !rightToo[i]!), count((i) => !right[i]! && rightToo[i]!)),
  };
}

function rowOf(value: Tensor): Float64Array {
  if (!isTensor(value)) return new Float64Array();
  const read = elementReader(value);
  return Float64Array.from({ length: elementsOf(value) }, (_, i) => Number(read(value, i)));
}

/* KL(p || q), with q clipped so that it stays finite. */
function divergence(p: Float64Array, q: Float64Array): number {
  return Math.max(0, p.reduce((sum, one, i) => sum + (one > 0 ? one * Math.log(one / Math.max(smallest, q[i]!)) : 0), 0));
}

function ratioOf(times: readonly [number, number][], options: { seed: number; confidence: number }): Comparison['inferRatio'] {
  const median = (values: Float64Array) => values.sort()[values.length >> 1]!;
  const ratio = (drawn: Uint32Array) => {
    const [ofA, ofB] = [0, 1].map((side) => Float64Array.from(drawn, (i) => times[i]![side]!)) as [Float64Array, Float64Array];
    return median(ofB) / median(ofA);
  };
  const { low, high } = bootstrap(times.length, ratio, options);
  // Of a clock that is too coarse some medians are 0.
  return low > 0 && high < Infinity ? { value: ratio(Uint32Array.from(times, (_, i) => i)), low, high, warmUp } : null;
}
