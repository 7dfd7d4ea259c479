// Options of evaluate() and compare() as they are checked before anything runs.
import { isBetween } from '../between.js';
import { fail } from '../fail.js';
import { shown } from '../shown.js';
import { checkConfidence } from './statistics/intervals.js';
import type { ReadingOptions, Runner, Samples } from './types.js';

export function checkWhole(name: string, value: unknown, least = 1, most = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && isBetween(value, least, most)) return;
  fail('InvalidArgument', `${name} is ${shown(value)}`, `Pass a whole number from ${least}${most < Number.MAX_SAFE_INTEGER ? ` to ${most.toLocaleString('en')}` : ''}.`);
}

export function checkRunner(session: unknown): void {
  if (typeof (session as Runner | undefined)?.run !== 'function') fail('InvalidArgument', `${shown(session)} is no session`, 'Pass what load() gave.');
}

export function checkSamples(samples: unknown): void {
  const { [Symbol.iterator]: one, [Symbol.asyncIterator]: other } = (samples ?? {}) as Partial<Iterable<unknown> & AsyncIterable<unknown>>;
  if (typeof samples === 'string' || typeof (one ?? other) !== 'function') fail('InvalidArgument', `the samples are ${shown(samples)}`, 'Pass an array or another iterable of { feeds, label }.');
}

export function checkReading({ task, logits }: ReadingOptions): void {
  if (task !== undefined && task !== 'classification' && task !== 'regression') fail('InvalidArgument', `the task is ${shown(task)}`, "Pass 'classification' or 'regression'.");
  if (logits !== undefined && typeof logits !== 'boolean') fail('InvalidArgument', `logits is ${shown(logits)}`, 'Pass true or false.');
}

/** What both have. */
export function checkCommon(samples: Samples, { confidence, seed, ...reading }: ReadingOptions & { confidence: number; seed: number }): void {
  checkSamples(samples);
  checkReading(reading);
  checkConfidence(confidence);
  checkWhole('seed', seed, 0);
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) fail('Cancelled', 'the evaluation was cancelled', undefined, { cause: signal.reason });
}
