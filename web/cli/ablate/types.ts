// What insitu ablate measures, and what --json writes ("insitu-ablation/1").
// Invariant: plain JSON; members stay, others may be added.
import type { Metric } from '../../src/evaluate/types.js';
import type { McNemar } from '../../src/evaluate/statistics/significance.js';
import type { ImageOptions } from '../../src/image-feed.js';
import type { EngineOptions, LoadOptions } from '../../src/types.js';
import type { DataDigest, ModelDigest } from '../data/digest.js';

/** The baseline with one thing changed. */
export interface Variant {
  name: string;
  engine?: Pick<EngineOptions, 'flavour' | 'threads'>;
  load?: Pick<LoadOptions, 'without' | 'backend'>;
  /** Instead of the model. */
  bytes?: Uint8Array<ArrayBuffer>;
  /** How pictures become tensors. The model and its latency are the baseline's. */
  image?: ImageOptions;
}

export interface Row {
  name: string;
  metric: Metric;
  /** Of the baseline's runs beside all variants. */
  p50_ms: number;
  /** null with fewer than 64 runs. */
  p90_ms: number | null;
  bytes: { raw: number; brotli: number };
  /** In an engine of its own: the most that loading and one run held, what is held after them, and the WebAssembly memory, which never shrinks. */
  memory: { peak: number; buffers: number; heap: number };
}

export interface VariantRow extends Omit<Row, 'p50_ms' | 'p90_ms'> {
  /** The metric minus the baseline's. */
  difference: number;
  /** A is the baseline; null of regression. */
  mcnemar: McNemar | null;
  /** Samples with another prediction than the baseline's; null of regression. */
  changed: number | null;
  /** null where only the input differs. `baseline_p50_ms`: of the runs in turn with these. */
  latency: { p50_ms: number; p90_ms: number | null; ratio: Ratio; baseline_p50_ms: number } | null;
}

/** The median of the variant's time over the baseline's, pair by pair, with a 95 % interval. */
export interface Ratio {
  value: number;
  low: number;
  high: number;
}

export interface Ablation {
  format: 'insitu-ablation/1';
  model: ModelDigest;
  data: DataDigest;
  engine: { version: string; flavour: string; threads: number };
  metric: 'accuracy' | 'mae';
  samples: number;
  runs: number;
  baseline: Row;
  variants: VariantRow[];
  /** What was not measured, and why. */
  omitted: { name: string; why: string }[];
  notes: string[];
}
