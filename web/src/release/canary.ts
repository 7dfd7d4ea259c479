// session.canary(): a candidate that answers the requests of a share of keys until it is promoted or rolled back.
// Invariant: a key always has the same model; a caller never sees a failure that the stable model does not have; a candidate
// that is worse than the stable model is rolled back by itself, and an event says why.
import { isBetween } from '../between.js';
import type { InsituError } from '../errors.js';
import type { Monitor } from '../monitor.js';
import type { MonitorSnapshot } from '../snapshot.js';
import type { ModelSource, MonitorOptions, RunOptions } from '../types.js';
import { isSlower, Recent, sharesDrift, worseQuality } from './breach.js';
import type { DriftDetail } from './breach.js';
import { namesOf } from './candidate.js';
import type { CandidateOptions, ModelName } from './candidate.js';
import type { Feeds, Inside, Results, Witness } from './inside.js';
import { isAmong } from './share.js';
import { Trial } from './trial.js';
import type { Sides } from './trial.js';

/** Which requests the candidate answers, and what it may do worse. */
export interface CanaryOptions extends CandidateOptions {
  /** Of the keys, 0 to 1; default 0.05. */
  share?: number;
  /** Put before every key, so that another canary meets other keys; default ''. */
  salt?: string;
  /** The candidate's service level objective, in the place of the one in `monitor`. */
  slo?: MonitorOptions['slo'];
  /** How many runs may fail with the candidate that succeed with the stable model; default 0. */
  failures?: number;
}

/** Why a canary ended without promotion: `rollback()` or the session's `dispose()`, or what the candidate was worse at. */
export type RollbackReason = 'asked' | 'failures' | 'crashed' | 'slow' | 'drift' | 'quality';

/** What has become of a canary, and both sides of it. */
export interface CanaryReport extends Sides {
  /** Whether it goes on, or how it ended. */
  readonly state: 'running' | 'promoted' | 'rolled back';
  /** Why it was rolled back. */
  readonly reason?: RollbackReason;
  /** The reason in words: the failure, the times, the features that drifted, the issue. */
  readonly because?: string;
  /** Of the model that is tried. */
  readonly candidateName: ModelName;
  /** Of the keys, as asked for. */
  readonly share: number;
}

interface Terms extends Pick<CanaryOptions, 'slo'> {
  share: number;
  salt: string;
  failures: number;
  /** The stable model's counts when it began; undefined where it is not watched. */
  before?: MonitorSnapshot;
}

export function canary(inside: Inside, source: ModelSource, options: CanaryOptions): Promise<Canary> {
  const { share = 0.05, salt = '', failures = 0, slo, ...rest } = options;
  if (!isBetween(share, 0, 1)) inside.fail('InvalidArgument', `share is ${share}`, 'Pass a number from 0 to 1.');
  if (!isBetween(failures, 0, Infinity)) inside.fail('InvalidArgument', `failures is ${failures}`, 'Pass how many runs may fail, from 0.');
  const { monitor: given = inside.models.current.options.monitor } = rest;
  const monitor = slo ? { ...(given || {}), slo } : given;
  return Trial.begin(inside, source, { ...rest, monitor }, async (trial) => {
    const before = await inside.monitor.snapshot().catch(() => undefined);
    return new Canary(trial, { share, salt, failures, slo: (monitor || {}).slo, before });
  });
}

/** Made by Session.canary(). Events: 'rollback' and 'promoted', each a CustomEvent whose detail is a CanaryReport. */
export class Canary extends EventTarget {
  /** The candidate's own. Feedback about runs that it answered belongs here. */
  readonly monitor: Monitor;
  readonly #trial: Trial;
  readonly #terms: Terms;
  readonly #recent = { stable: new Recent(), candidate: new Recent() };
  #keyless = 0;
  #failed = 0;
  #slow = false;
  #state: CanaryReport['state'] = 'running';
  #reason?: RollbackReason;
  #because?: string;

  constructor(trial: Trial, terms: Terms) {
    super();
    this.#trial = trial;
    this.#terms = terms;
    const { inside, candidate } = trial;
    trial.route = { run: (...asked) => this.#run(...asked), end: () => this.#rollBack('asked') };
    this.monitor = inside.watch(() => candidate);
    candidate.client.listen(candidate.id, this.monitor);
    const { audit } = candidate.options;
    audit?.tell('canary', { stable: inside.models.current, candidate }, { share: terms.share });
    audit?.attach(this.monitor, () => candidate);
    this.monitor.addEventListener('slow', ({ detail }: CustomEventInit) => (this.#slow = detail.state === 'burning'));
    this.monitor.addEventListener('drift', ({ detail }: CustomEventInit) => void this.#judgeDrift(detail));
    this.monitor.addEventListener('quality', () => void this.#judgeQuality());
  }

  /** Whether the candidate answers the requests of that key. */
  takes(key: string): boolean {
    return isAmong(this.#terms.salt + key, this.#terms.share);
  }

  /** Counts and times of both models since it began; after the end, what was known then. */
  async report(): Promise<CanaryReport> {
    const sides = await this.#trial.sides();
    return {
      state: this.#state, ...(this.#reason && { reason: this.#reason }), ...(this.#because && { because: this.#because }),
      candidateName: namesOf(this.#trial.candidate), share: this.#terms.share, ...sides,
    };
  }

  /** The candidate answers everything from now on, and its watch goes on as the session's. Resolves when the old model is freed. */
  async promote(): Promise<void> {
    const first = !this.#trial.ended;
    const done = this.#trial.end(true);
    if (first) this.#state = 'promoted';
    await done;
    if (first) await this.#tell('promoted');
  }

  /** The stable model answers everything again. Resolves when the candidate is freed. */
  rollback(): Promise<void> {
    return this.#rollBack('asked');
  }

  #run(feeds: Feeds, options: RunOptions): Promise<Results> {
    const key = options.key ?? (options.id || `run ${this.#keyless++}`);
    return this.takes(String(key)) ? this.#try(feeds, options) : this.#runStable(feeds, options);
  }

  async #try(feeds: Feeds, options: RunOptions): Promise<Results> {
    const { inside, candidate, tried } = this.#trial;
    // What the stable model is given when this fails: a caller may fill the feeds anew meanwhile.
    let copies: Feeds;
    try {
      copies = inside.copied(inside.models.current, feeds);
    } catch {
      return this.#runStable(feeds, options);  // which says what is wrong with them
    }
    const witness: Witness = ({ times }) => {
      tried.add(times);
      this.#recent.candidate.add(times);
      this.#judgeTimes();
    };
    try {
      return await inside.run(candidate, feeds, { ...options, transfer: false }, { witness });
    } catch (thrown) {
      const { code, message } = thrown as InsituError;
      if (candidate.client.broken) this.#breach('crashed', message);
      if (code === 'Cancelled') throw thrown;
      const answer = await this.#runStable(copies, options);  // rejects where feeds or options are at fault
      tried.fail(code);
      if (++this.#failed > this.#terms.failures) this.#breach('failures', message);
      return answer;
    }
  }

  async #runStable(feeds: Feeds, options: RunOptions): Promise<Results> {
    const { inside, stable } = this.#trial;
    try {
      const witness: Witness = ({ times }) => {
        stable.add(times);
        this.#recent.stable.add(times);
      };
      return await inside.run(inside.models.current, feeds, options, { witness });
    } catch (thrown) {
      const { code } = thrown as InsituError;
      if (code !== 'Cancelled') stable.fail(code);
      throw thrown;
    }
  }

  #judgeTimes(): void {
    const { stable, candidate } = this.#recent;
    if (!this.#slow || !isSlower(candidate, stable, this.#terms.slo)) return;
    const [own, other] = [candidate.medianOwn, stable.medianOwn].map((ms) => ms.toPrecision(3));
    this.#breach('slow', `its latest runs took ${own} ms (median, without the queue), the stable model's ${other} ms`);
  }

  async #judgeDrift(detail: DriftDetail): Promise<void> {
    const stable = await this.#trial.inside.monitor.snapshot().catch(() => undefined);
    if (!stable || !sharesDrift(detail, stable)) this.#breach('drift', detail.features.map(({ name }) => name).join(', '));
  }

  async #judgeQuality(): Promise<void> {
    const both = [this.monitor, this.#trial.inside.monitor].map((monitor) => monitor.snapshot().catch(() => undefined));
    const [candidate, stable] = await Promise.all(both);
    const worse = candidate && worseQuality(candidate, stable, this.#terms.before);
    if (worse) this.#breach('quality', worse);
  }

  #breach(reason: RollbackReason, because: string): void {
    if (!this.#trial.ended) void this.#rollBack(reason, because);
  }

  async #rollBack(reason: RollbackReason, because?: string): Promise<void> {
    const first = !this.#trial.ended;
    this.#trial.reason ??= reason;
    const done = this.#trial.end(false);
    if (first) [this.#state, this.#reason, this.#because] = ['rolled back', reason, because];
    await done;
    if (first) await this.#tell('rollback');
  }

  async #tell(event: 'promoted' | 'rollback'): Promise<void> {
    this.dispatchEvent(new CustomEvent(event, { detail: await this.report() }));
  }
}
