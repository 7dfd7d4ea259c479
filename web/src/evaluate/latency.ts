// Latency and throughput in MLPerf Inference's scenarios.
// Invariant: no percentile is given without the queries that it takes; how many are missing is said instead.
// Reference: MLPerf Inference rules, https://github.com/mlcommons/inference_policies/blob/master/inference_rules.adoc: "Scenarios" (the
// number of queries for a margin of error of (1 - p) / 20 and 99 % confidence) and "Early Stopping Criterion".
import type { Value } from 'insitu';
import { fail } from '../fail.js';
import type { ImageFeed } from '../image-feed.js';
import { shown } from '../shown.js';
import { checkRunner, checkWhole, throwIfAborted } from './options.js';
import { binomialUpTo, normalQuantile } from './statistics/distributions.js';
import { generator } from './statistics/random.js';
import type { Runner } from './types.js';

/** One after the other, eight at a time, or all at once. */
export type Scenario = 'single-stream' | 'multi-stream' | 'offline';

/** What is measured. */
export interface LatencyOptions {
  /** Default 'single-stream'. */
  scenario?: Scenario;
  /** How many queries are timed; of 'offline', samples. Default: the fewest that give an early-stopping estimate, 64 and 662; 1,000 samples. */
  queries?: number;
  /** Runs before the clock starts; default 10. */
  warmUp?: number;
  /** Of which feeds are drawn; default 1. */
  seed?: number;
  /** Called after each query. */
  onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** Ends it with Cancelled. */
  signal?: AbortSignal;
}

/** A percentile of the latency, of as many queries as were timed. */
export interface LatencyPercentile {
  /** 0.9 or 0.99. */
  readonly percentile: number;
  /** The early-stopping estimate in ms, which is not below the true percentile with 99 % confidence; null where queries are missing. */
  readonly estimateMs: number | null;
  /** Queries that the estimate still takes. */
  readonly estimateMissing: number;
  /** The percentile itself in ms; null where queries are missing. */
  readonly valueMs: number | null;
  /** Queries that it still takes. */
  readonly valueMissing: number;
}

/** What measureLatency() gives. */
export interface LatencyReport {
  /** As asked for. */
  readonly scenario: Scenario;
  /** Queries that were timed. */
  readonly queries: number;
  /** Samples in each; of 'offline' all of them, in one query. */
  readonly samplesPerQuery: number;
  /** Runs before, which enter no figure. */
  readonly warmUp: number;
  /** Null of 'offline'. */
  readonly latency: LatencyPercentile | null;
  /** Samples a second, over the whole time. */
  readonly throughput: number;
}

const scenarios = { 'single-stream': { samples: 1, percentile: 0.9 }, 'multi-stream': { samples: 8, percentile: 0.99 }, offline: { samples: 1, percentile: NaN } };
const confidence = 0.99, offlineSamples = 1000;

/** Queries for a percentile with a margin of error of (1 - p) / 20: 23,886 for p90, 262,742 for p99. */
export function queriesFor(percentile: number): number {
  const z = normalQuantile((1 - confidence) / 2), margin = (1 - percentile) / 20;
  return Math.ceil((z * z * percentile * (1 - percentile)) / (margin * margin) - 1e-6);
}

/* The most queries over a latency with which `queries` of them still show, with that confidence, that it is the percentile; -1: none. */
function mostOver(percentile: number, queries: number): number {
  let most = -1;
  while (binomialUpTo(most + 1, queries, 1 - percentile) <= 1 - confidence) most++;
  return most;
}

/** Queries for an early-stopping estimate: 64 for p90, 662 for p99. */
export function queriesForEstimate(percentile: number): number {
  let queries = 1;
  while (mostOver(percentile, queries) < 1) queries++;
  return queries;
}

/** A percentile of times in ms, as far as there are queries enough. */
export function percentileOf(times: readonly number[], percentile: number): LatencyPercentile {
  const sorted = Float64Array.from(times).sort(), { length } = sorted;
  const over = mostOver(percentile, length), needed = queriesFor(percentile);
  return {
    percentile,
    estimateMs: over >= 1 ? sorted[length - over]! : null, estimateMissing: over >= 1 ? 0 : queriesForEstimate(percentile) - length,
    valueMs: length >= needed ? sorted[Math.ceil(percentile * length) - 1]! : null, valueMissing: Math.max(0, needed - length),
  };
}

/** Times a model on feeds that are drawn from `feeds` with replacement, by MLPerf's rules but for the ten minutes that a run lasts there. */
export async function measureLatency(
  session: Pick<Runner, 'run'>, feeds: readonly Readonly<Record<string, Value | ImageFeed>>[], options: LatencyOptions = {},
): Promise<LatencyReport> {
  const { scenario = 'single-stream', warmUp = 10, seed = 1, onProgress, signal } = (options ?? {}) as LatencyOptions;
  if (!Object.hasOwn(scenarios, scenario)) fail('InvalidArgument', `the scenario is ${shown(scenario)}`, `Known: ${Object.keys(scenarios).join(', ')}.`);
  const { samples, percentile } = scenarios[scenario], offline = scenario === 'offline';
  const { queries = offline ? offlineSamples : queriesForEstimate(percentile) } = (options ?? {}) as LatencyOptions;
  checkRunner(session);
  if (!Array.isArray(feeds) || feeds.length === 0) fail('InvalidArgument', 'there are no feeds', 'Pass an array of one or more, as run() takes them.');
  checkWhole('queries', queries);
  checkWhole('warmUp', warmUp, 0);
  checkWhole('seed', seed, 0);
  const random = generator(seed);
  const ask = () => session.run(feeds[random(feeds.length)]!, { watch: false, signal });
  const askAll = (count: number) => Promise.all(Array.from({ length: count }, ask));
  for (let i = 0; i < warmUp; i++) await ask();
  const times: number[] = [], begun = performance.now();
  if (offline) await askAll(queries);
  for (let i = 0; i < queries && !offline; i++) {
    throwIfAborted(signal);
    const start = performance.now();
    await askAll(samples);
    times.push(performance.now() - start);
    onProgress?.({ done: i + 1, total: queries });
  }
  const seconds = (performance.now() - begun) / 1000;
  return {
    scenario, queries: offline ? 1 : queries, samplesPerQuery: offline ? queries : samples, warmUp,
    latency: offline ? null : percentileOf(times, percentile), throughput: (queries * samples) / seconds,
  };
}
