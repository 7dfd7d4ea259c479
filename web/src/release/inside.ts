// The inside of a Session, which it hands to the code that releases another model in its place.
// Invariant: nothing of index.js is bundled a second time here, InsituError above all; what is needed of it comes this way.
import type { fail } from '../errors.js';
import type { ImageFeed } from '../image-feed.js';
import type { Models, OpenModel } from '../model.js';
import type { Monitor } from '../monitor.js';
import type { checkOptions } from '../options.js';
import type { RunResult, WireFeed } from '../rpc/protocol.js';
import type { LoadOptions, ModelSource, RunOptions } from '../types.js';
import type { Value } from '../value.js';
import type { Histogram } from '../watches.js';

export type Feeds = Record<string, Value | ImageFeed>;
export type Results = Record<string, Value>;

/** What a Session needs of its Engine. */
export interface Home {
  open(model: ModelSource, options: LoadOptions): Promise<OpenModel>;
  createHistogram(): Promise<Histogram>;
}

/** Sees what a run gave before its caller does. What it takes out of `spare` belongs to it; `values` are the caller's. */
export type Witness = (result: RunResult, feeds: WireFeed[]) => void;

/** What stands between the calls of run() and the models. */
export interface Route {
  run(feeds: Feeds, options: RunOptions): Promise<Results>;
  /** The Session is being disposed. */
  end(): Promise<void>;
}

export interface Inside {
  readonly home: Home;
  readonly models: Models;
  readonly monitor: Monitor;
  readonly fail: typeof fail;
  readonly checkOptions: typeof checkOptions;
  /** undefined: every run goes to `models.current`. */
  route?: Route;
  /** Settles when no other model is being opened. */
  turn: Promise<unknown>;
  checkUsable(): void;
  /** `draws`: pictures become tensors first, so that the witness sees what the model saw. */
  run(model: OpenModel, feeds: Feeds, options: RunOptions, seen?: { witness: Witness; draws?: boolean }): Promise<Results>;
  /** A copy of the tensors among `feeds`, for a second run. Throws for what the model does not take. */
  copied(model: OpenModel, feeds: Feeds): Feeds;
  /** A Monitor of the model that `watched` gives; events have yet to be sent to it. */
  watch(watched: () => OpenModel): Monitor;
}
