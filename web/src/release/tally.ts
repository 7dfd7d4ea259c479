// What became of the runs of one model since its trial began: how many, how long, how many failed.
// Invariant: percentiles are those of the engine's histograms, null where there are too few runs or the engine is gone; times
// wait here for a batch, so that a run costs no message.
import type { ErrorCode } from '../errors.js';
import type { Histogram } from '../watches.js';
import type { RunTimes } from '../rpc/protocol.js';
import type { Home } from './inside.js';

/** In ms; null where there are too few runs to know. */
export interface Quantiles {
  /** The median. */
  readonly p50: number | null;
  /** Nine of ten took at most this. */
  readonly p90: number | null;
  /** 19 of 20 took at most this. */
  readonly p95: number | null;
  /** 99 of 100 took at most this. */
  readonly p99: number | null;
}

/** What became of the runs of one model. */
export interface TallyReport {
  /** Failed ones, too. */
  readonly runs: number;
  /** Counts by error code. */
  readonly failures: Partial<Record<ErrorCode, number>>;
  /** Times of the network alone. */
  readonly infer: Quantiles;
  /** Times of whole requests. */
  readonly total: Quantiles;
}

const batch = 256;

class Times {
  readonly #histogram: Promise<Histogram>;
  readonly #waiting: number[] = [];

  constructor(histogram: Promise<Histogram>) {
    this.#histogram = histogram;
    histogram.catch(() => {});
  }

  add(ms: number): void {
    if (this.#waiting.push(ms) >= batch) this.#flush();
  }

  async quantiles(): Promise<Quantiles> {
    this.#flush();
    const [p50, p90, p95, p99] = await this.#histogram.then((one) => one.quantiles([0.5, 0.9, 0.95, 0.99])).catch(() => []);
    return { p50: p50 ?? null, p90: p90 ?? null, p95: p95 ?? null, p99: p99 ?? null };
  }

  async close(): Promise<void> {
    await this.#histogram.then((one) => one.dispose()).catch(() => {});
  }

  #flush(): void {
    const ms = Float64Array.from(this.#waiting.splice(0));
    if (ms.length > 0) this.#histogram.then((one) => one.record(ms)).catch(() => {});
  }
}

export class Tally {
  #runs = 0;
  readonly #failures: Partial<Record<ErrorCode, number>> = {};
  readonly #infer: Times;
  readonly #total: Times;

  constructor(home: Home) {
    this.#infer = new Times(home.createHistogram());
    this.#total = new Times(home.createHistogram());
  }

  add({ infer, total }: RunTimes): void {
    this.#runs++;
    this.#infer.add(infer);
    this.#total.add(total);
  }

  fail(code: ErrorCode): void {
    this.#runs++;
    this.#failures[code] = (this.#failures[code] ?? 0) + 1;
  }

  async report(): Promise<TallyReport> {
    const [infer, total] = await Promise.all([this.#infer.quantiles(), this.#total.quantiles()]);
    return { runs: this.#runs, failures: { ...this.#failures }, infer, total };
  }

  async close(): Promise<void> {
    await Promise.all([this.#infer.close(), this.#total.close()]);
  }
}
