// Snapshots of a monitor at a bounded rate: one at a time, and none while the page is hidden or nobody looks.
// Invariant: after stop(), and after a failure, nothing is called and no timer runs.
import type { Monitor, MonitorSnapshot } from 'insitu';

export interface FeedOptions {
  /** The least time from one snapshot to the next, in ms. */
  interval(): number;
  show(snapshot: MonitorSnapshot): void;
  /** The monitor can no longer be asked; the feed has stopped. */
  fail(reason: unknown): void;
}

export class Feed {
  readonly #monitor: Monitor;
  readonly #options: FeedOptions;
  #running = false;
  #seen: boolean;
  #busy = false;
  #asked = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `seen`: whether somebody looks from the beginning. */
  constructor(monitor: Monitor, options: FeedOptions, seen = true) {
    this.#monitor = monitor;
    this.#options = options;
    this.#seen = seen;
  }

  start(): void {
    this.#running = true;
    document.addEventListener('visibilitychange', this.#plan);
    this.#plan();
  }

  stop(): void {
    this.#running = false;
    document.removeEventListener('visibilitychange', this.#plan);
    this.#plan();
  }

  set seen(seen: boolean) {
    this.#seen = seen;
    this.#plan();
  }

  /** Asks at once, where anybody looks. */
  refresh(): void {
    this.#asked = -Infinity;
    this.#plan();
  }

  readonly #plan = (): void => {
    clearTimeout(this.#timer);
    if (!this.#running || !this.#seen || this.#busy || document.visibilityState === 'hidden') return;
    this.#timer = setTimeout(() => void this.#ask(), Math.max(0, this.#asked + this.#options.interval() - performance.now()));
  };

  async #ask(): Promise<void> {
    this.#busy = true;
    this.#asked = performance.now();
    let snapshot: MonitorSnapshot | undefined;
    let reason: unknown;
    try {
      snapshot = await this.#monitor.snapshot();
    } catch (thrown) {
      reason = thrown;
    }
    this.#busy = false;
    if (!this.#running) return;
    if (!snapshot) {
      this.stop();
      this.#options.fail(reason);
      return;
    }
    this.#plan();
    this.#options.show(snapshot);
  }
}
