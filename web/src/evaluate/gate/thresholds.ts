// The thresholds of a gate, and what they need.
// Invariant: what comes out asks for one check or more, and each of them can fail.
import { Strict } from './strict.js';
import type { Member, Refuse } from './strict.js';
import type { GateThresholds } from './types.js';

/** Of these more is better, and they are shares. */
const shares = /^(accuracy|top[1-9]\d*|microF1|macroF1|auc)$/;
const errors = /^(logLoss|ece|mae|mse|rmse)$/;
export const moreIsBetter = (metric: string) => shares.test(metric) || metric === 'r2';
const isShare = (metric: string) => shares.test(metric) || metric === 'ece';
const paired = ['accuracy', 'mae', 'mse'];

/** `value` as thresholds; `root` is where it stands. */
export function readThresholds(value: unknown, refuse: Refuse, root = 'thresholds'): GateThresholds {
  const strict = new Strict(refuse), { MAX_VALUE: most, MIN_VALUE: least } = Number;
  const positive = strict.number(least, most, 'a number above 0'), loss = strict.number(0, most, 'a number from 0');
  const between = strict.number(1e-9, 1 - 1e-9, 'a number between 0 and 1');
  const bound = (metric: string) => (isShare(metric) ? strict.number(0, 1, 'a number from 0 to 1: it is a share') : strict.number(-most, most, 'a number'));
  const metric = (name: string, path: string): Member => {
    if (!moreIsBetter(name) && !errors.test(name)) refuse(path, 'is no metric; known are accuracy, top5, microF1, macroF1, auc, logLoss, ece, mae, mse, rmse, r2');
    return strict.object({
      ...(moreIsBetter(name) ? { min: bound(name), minRatio: positive } : { max: bound(name), maxRatio: positive }), maxLoss: loss,
      ...(paired.includes(name) && { nonInferior: strict.object({ margin: positive, confidence: name === 'accuracy' ? strict.number(0.5, 1 - 1e-9, 'a number from 0.5 to below 1') : strict.number(0.5, 0.99, 'a number from 0.5 to 0.99: it is of 1,000 drawings') }, { needed: ['margin'] }) }),
      ...(name === 'accuracy' && { mcnemar: strict.object({ alpha: between }, { empty: true }) }),
    });
  };
  const latency = strict.object({ maxMs: positive, maxRatio: positive }), size = strict.object({ max: positive, maxRatio: positive });
  strict.object({
    metrics: strict.object(metric),
    slices: strict.object({ min: bound('accuracy'), max: loss, maxLoss: loss }),
    latency: strict.object({ p50: latency, p90: latency, p95: latency, p99: latency }),
    size: strict.object({ raw: size, brotli: size }),
    drift: strict.object({ alpha: between, maxPsi: positive }),
    conformance: strict.object({ allowSkipped: strict.boolean }, { empty: true }),
  })(value, root);
  return value as GateThresholds;
}

/** Whether a threshold is there that compares with the baseline. */
export function needsBaseline({ metrics = {}, slices, latency = {}, size = {} }: GateThresholds): Record<'evaluation' | 'records' | 'times' | 'bytes', boolean> {
  const has = (...names: string[]) => (one: object) => names.some((name) => name in one);
  const all = Object.values(metrics), records = all.some(has('nonInferior', 'mcnemar'));
  return {
    evaluation: records || all.some(has('minRatio', 'maxRatio', 'maxLoss')) || slices?.maxLoss !== undefined, records,
    times: Object.values(latency).some(has('maxRatio')), bytes: Object.values(size).some(has('maxRatio')),
  };
}
