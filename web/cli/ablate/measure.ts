// What a variant does to metric, latency, size and memory, against the baseline.
// Invariant: each variant has an engine of its own, so that memory is its own; its runs and the baseline's are timed in turns, of the same inputs.
import { Engine } from '../../src/engine.js';
import { fail } from '../../src/errors.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { mcnemar } from '../../src/evaluate/statistics/significance.js';
import type { EvaluationRecord, ReadingOptions } from '../../src/evaluate/types.js';
import type { Session } from '../../src/session.js';
import type { LoadOptions } from '../../src/types.js';
import type { Value } from '../../src/value.js';
import { percentiles, quantile } from '../bench.js';
import { progress } from '../command.js';
import { samplesOf } from '../data/dataset.js';
import type { Dataset } from '../data/dataset.js';
import { sizesOf, sizesOfModel } from '../sizes.js';
import type { Ratio, Row, Variant, VariantRow } from './types.js';

type Feeds = readonly Record<string, Value>[];
type Figures = Pick<Row, 'name' | 'metric' | 'bytes' | 'memory'>;

const perRound = 10, [, p90, runsForP90] = percentiles[0];

export interface Setting {
  model: string;
  options: LoadOptions;
  reading: ReadingOptions;
  feeds: Feeds;
  runs: number;
}

/** With what pairs are made of. */
export interface Measured extends Figures {
  task: 'classification' | 'regression';
  records: EvaluationRecord[];
}

export async function figuresOf(name: string, engine: Engine, session: Session, data: Dataset, { model, reading, feeds }: Setting, bytes?: Uint8Array): Promise<Measured> {
  await session.run(feeds[0]!);
  const { bufferBytes, peakBufferBytes, heapBytes } = await engine.memory(), records: EvaluationRecord[] = [];
  const { task, metrics } = await evaluate(session, samplesOf(data), {
    ...reading, onRecord: (record) => records.push(record),
    onProgress: ({ done }) => progress.show(`running samples, ${name}`, { done, total: data.count }),
  });
  const { raw, packed } = await (bytes ? sizesOf([bytes]) : sizesOfModel(model));
  return {
    name, task, records, metric: metrics[task === 'classification' ? 'accuracy' : 'mae']!,
    bytes: { raw, brotli: packed }, memory: { peak: peakBufferBytes, buffers: bufferBytes, heap: heapBytes },
  };
}

/** A row, and the baseline's times beside it. Fails where the variant does not run here. */
export async function measureVariant(variant: Variant, base: { engine: Engine; session: Session; measured: Measured; data: Dataset }, setting: Setting):
Promise<{ row: VariantRow; baselineTimes: number[] }> {
  const { name, bytes, image } = variant, { flavour, threads } = { ...base.engine.info, ...variant.engine };
  await using engine = await Engine.create({ worker: false, flavour, threads });
  if (engine.info.flavour !== flavour || engine.info.threads !== threads) fail('Internal', `it does not run here: ${engine.info.reasons.join(' ')}`);
  await using session = await engine.load(bytes ?? setting.model, { ...setting.options, ...variant.load, ...(bytes && { externalData: {} }) });
  const { records, task, ...figures } = await figuresOf(name, engine, session, base.data, setting, bytes);
  const times = image ? undefined : await timeInTurns(name, base.session, session, setting);
  return {
    row: {
      ...figures, difference: figures.metric.value! - base.measured.metric.value!,
      ...(task === 'classification' ? pairsOf(base.measured.records, records) : { mcnemar: null, changed: null }),
      latency: times ? { ...percentilesOf(times.variant), ratio: ratioOf(times.baseline, times.variant), baseline_p50_ms: percentilesOf(times.baseline).p50_ms } : null,
    },
    baselineTimes: times?.baseline ?? [],
  };
}

function pairsOf(before: readonly EvaluationRecord[], after: readonly EvaluationRecord[]): Pick<VariantRow, 'mcnemar' | 'changed'> {
  const count = (holds: (a: EvaluationRecord, b: EvaluationRecord) => boolean) => before.filter((a, i) => holds(a, after[i]!)).length;
  return {
    mcnemar: mcnemar(count((a, b) => a.correct! && !b.correct), count((a, b) => !a.correct && b.correct!)),
    changed: count((a, b) => a.prediction !== b.prediction),
  };
}

/* In rounds of several runs each, since a slow model's run drives the other's data out of the caches. */
export async function timeInTurns(name: string, baseline: Session, variant: Session, { feeds, runs }: Setting): Promise<{ baseline: number[]; variant: number[] }> {
  const sessions = [baseline, variant] as const, times: [number[], number[]] = [[], []];
  for (let first = -perRound; first < runs; first += perRound) {
    progress.show(`timing ${name}`, { done: Math.max(0, first), total: runs });
    for (const one of (first / perRound) % 2 === 0 ? [0, 1] as const : [1, 0] as const) {
      for (let i = first; i < Math.min(first + perRound, runs); i++) {
        const start = performance.now();
        await sessions[one].run(feeds[Math.abs(i) % feeds.length]!);
        if (i >= 0) times[one].push(performance.now() - start);
      }
    }
  }
  return { baseline: times[0], variant: times[1] };
}

export function percentilesOf(times: readonly number[]): Pick<Row, 'p50_ms' | 'p90_ms'> {
  const sorted = times.toSorted((a, b) => a - b);
  return { p50_ms: quantile(sorted, 0.5), p90_ms: sorted.length >= runsForP90 ? quantile(sorted, p90) : null };
}

/* The interval of a median by order statistics: ranks 1.96 standard deviations of a binomial of one half from the middle. */
function ratioOf(baseline: readonly number[], variant: readonly number[]): Ratio {
  const ratios = variant.map((time, i) => time / baseline[i]!).sort((a, b) => a - b), { length } = ratios;
  const rank = Math.max(0, Math.floor((length - 1.96 * Math.sqrt(length)) / 2) - 1);
  return { value: quantile(ratios, 0.5), low: ratios[rank]!, high: ratios[length - 1 - rank]! };
}
