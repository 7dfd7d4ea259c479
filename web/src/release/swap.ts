// session.swap(): the new model is opened and checked beside the old one, takes over between two runs, and the old one is freed
// when the runs that it had been asked for have ended.
// Invariant: whatever fails before the change leaves nothing behind; nothing that fails after it is the caller's concern.
import type { ModelSource } from '../types.js';
import { checkVectors, inTurn, namesOf, openCandidate, takeOver } from './candidate.js';
import type { CandidateOptions, ModelName } from './candidate.js';
import type { Inside } from './inside.js';

/** How the new model is loaded, and what it must give. */
export type SwapOptions = CandidateOptions;

/** Which models changed places, and how long it took. */
export interface SwapReport {
  /** The model that answered until then. */
  readonly previous: ModelName;
  /** The model that answers from then on. */
  readonly next: ModelName;
  /** Golden vectors that were checked. */
  readonly golden: number;
  /** Download, preparation and warm-up of the new model. */
  readonly loadMs: number;
  /** Its golden vectors. */
  readonly goldenMs: number;
  /** The runs that the old one still had to answer. */
  readonly drainMs: number;
}

export function swap(inside: Inside, source: ModelSource, options: SwapOptions): Promise<SwapReport> {
  checkVectors(inside, options.golden ?? []);
  return inTurn(inside, async () => {
    const { model, loadMs, goldenMs } = await openCandidate(inside, source, options);
    const old = takeOver(inside, model);
    model.options.audit?.tell('swap', { previous: old, next: model }, { golden: options.golden?.length ?? 0 });
    const changed = performance.now();
    await old.free().catch(() => {});
    return {
      previous: namesOf(old), next: namesOf(model), golden: options.golden?.length ?? 0,
      loadMs, goldenMs, drainMs: performance.now() - changed,
    };
  });
}
