// What a shadow and a canary have in common: a candidate beside the model that answers, what is counted of both, and one end.
// Invariant: a trial ends once, by promotion or without; then its candidate answers everything or is freed, its histograms are
// gone, and its last report stays.
import type { OpenModel } from '../model.js';
import type { ModelSource } from '../types.js';
import { checkVectors, inTurn, openCandidate, takeOver } from './candidate.js';
import type { CandidateOptions } from './candidate.js';
import type { Inside, Route } from './inside.js';
import { Tally } from './tally.js';
import type { TallyReport } from './tally.js';

/** What is counted of both models. */
export interface Sides {
  /** Of the model that was there before. */
  readonly stable: TallyReport;
  /** Of the model that is tried. */
  readonly candidate: TallyReport;
  /** How many times as long inference takes with the candidate, by the medians; null where these are not known. */
  readonly inferRatio: number | null;
}

export class Trial {
  readonly inside: Inside;
  readonly candidate: OpenModel;
  readonly stable: Tally;
  readonly tried: Tally;
  /** The way of the runs while it lasts. */
  route?: Route;
  /** Why it ended without promotion. */
  reason?: string;
  #end?: { promoted: boolean; done: Promise<void> };
  #last?: Sides;

  constructor(inside: Inside, candidate: OpenModel) {
    this.inside = inside;
    this.candidate = candidate;
    this.stable = new Tally(inside.home);
    this.tried = new Tally(inside.home);
  }

  /** Opens the candidate and hands its trial to `begin`, which gives it the route that runs take from then on. */
  static begin<T>(
    inside: Inside,
    source: ModelSource,
    options: CandidateOptions,
    begin: (trial: Trial) => T | Promise<T>,
  ): Promise<T> {
    checkVectors(inside, options.golden ?? []);
    return inTurn(inside, async () => {
      const { model } = await openCandidate(inside, source, options);
      const trial = new Trial(inside, model);
      try {
        const begun = await begin(trial);
        inside.checkUsable();
        inside.models.candidate = model;
        inside.route = trial.route;
        return begun;
      } catch (thrown) {
        await trial.end(false);
        throw thrown;
      }
    });
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  async sides(): Promise<Sides> {
    if (this.#last) return this.#last;
    const [stable, candidate] = await Promise.all([this.stable.report(), this.tried.report()]);
    const [was, is] = [stable.infer.p50, candidate.infer.p50];
    return { stable, candidate, inferRatio: was && is !== null ? is / was : null };
  }

  /** Resolves when the model that lost is freed. Ending it the same way again does nothing more; the other way is refused. */
  async end(promoted: boolean): Promise<void> {
    this.#end ??= { promoted, done: this.#finish(promoted) };
    if (this.#end.promoted !== promoted) {
      this.inside.fail('Disposed', `the trial has ended: the model was ${promoted ? 'not ' : ''}promoted`, 'Begin another.');
    }
    return this.#end.done;
  }

  async #finish(promoted: boolean): Promise<void> {
    const { inside, candidate } = this;
    inside.route = undefined;
    inside.models.candidate = undefined;
    candidate.options.audit?.tell(promoted ? 'promoted' : 'withdrawn', { stable: inside.models.current, candidate }, { reason: this.reason });
    const left = promoted ? takeOver(inside, candidate) : candidate;
    await left.free().catch(() => {});
    this.#last = await this.sides();
    await Promise.all([this.stable.close(), this.tried.close()]);
  }
}
