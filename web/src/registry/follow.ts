// followChannel(): a session has the version that a channel names, also when the channel goes on or back.
// Invariant: nothing rejects unseen: what fails is an event, the session goes on with the model it has, and it is tried again, later
// each time. One check at a time; after stop(), and once the session is disposed, nothing happens any more.
import { InsituError } from 'insitu';
import { checkOptions, fail, messageOf } from '../fail.js';
import type { SwapOptions, SwapReport } from '../release/swap.js';
import type { Session } from '../session.js';
import { channelOf, versionOf } from './format.js';
import type { RegisteredModel } from './registry.js';

/** How a channel is followed. */
export interface FollowOptions extends Pick<SwapOptions, 'golden' | 'onProgress'> {
  /** How long to wait between two checks, in ms; default 300,000. After failures twice as long each time, up to 16 times. */
  every?: number;
  /** Ends it, as stop() does. */
  signal?: AbortSignal;
}

/** The detail of a 'swap' event. */
export interface ChannelSwap {
  /** The version of before. */
  readonly previous: RegisteredModel;
  /** The version of now. */
  readonly next: RegisteredModel;
  /** Whether the channel went back to it. */
  readonly rolledBack: boolean;
  /** What swap() reports. */
  readonly report: SwapReport;
}

const kinds: Readonly<Record<keyof FollowOptions, string>> = { golden: 'array', onProgress: 'function', every: '', signal: 'AbortSignal|null' };
const longestWait = 2 ** 31 - 1, mostDoublings = 4;

/** Swaps the session's model whenever the channel that `model` was asked for by names another one. */
export function followChannel(session: Session, model: RegisteredModel, options: FollowOptions = {}): Follower {
  if (typeof session?.swap !== 'function') fail('InvalidArgument', 'the first argument is no Session', 'Pass what load() gave.');
  if (model?.channel === undefined) fail('InvalidArgument', 'the model was not asked for by a channel', "Ask for registry.version(name, 'stable').");
  checkOptions(options, kinds);
  const { every = 300_000 } = options;
  if (!(typeof every === 'number' && every > 0 && every <= longestWait)) {
    fail('InvalidArgument', `every is ${String(every)}`, `Pass milliseconds, above 0 and up to ${longestWait}.`);
  }
  return new Follower(session, model, { ...options, every });
}

/** Made by followChannel(). Events: 'swap', whose detail is a ChannelSwap, and 'failure', whose detail is an InsituError. */
export class Follower extends EventTarget {
  readonly #session: Session;
  readonly #options: FollowOptions & { every: number };
  readonly #end = new AbortController();
  #model: RegisteredModel;
  #failures = 0;
  #checking?: Promise<boolean>;
  #timer?: ReturnType<typeof setTimeout>;

  constructor(session: Session, model: RegisteredModel, options: FollowOptions & { every: number }) {
    super();
    this.#session = session;
    this.#model = model;
    this.#options = options;
    const { signal } = options;
    if (signal?.aborted) this.stop();
    signal?.addEventListener('abort', () => this.stop(), { once: true, signal: this.#end.signal });
    this.#wait();
  }

  /** The version that the session has. */
  get model(): RegisteredModel {
    return this.#model;
  }

  /** Looks now. Resolves to whether the model was swapped; never rejects. */
  check(): Promise<boolean> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
      this.#wait();
    });
    return this.#checking;
  }

  /** Ends it; the session keeps the model it has. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#end.abort();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (this.#end.signal.aborted) return;
    this.#timer = setTimeout(() => void this.check(), Math.min(longestWait, this.#options.every * 2 ** Math.min(this.#failures, mostDoublings)));
    // Under Node it alone keeps no process alive.
    (this.#timer as Partial<NodeJS.Timeout>).unref?.();
  }

  async #check(): Promise<boolean> {
    const { signal } = this.#end;
    if (this.#session.disposed) this.stop();
    if (signal.aborted) return false;
    try {
      const swapped = await this.#follow(signal);
      this.#failures = 0;
      if (swapped) this.dispatchEvent(new CustomEvent('swap', { detail: swapped }));
      return swapped !== undefined;
    } catch (thrown) {
      if (signal.aborted) return false;
      this.#failures++;
      const failure = thrown instanceof InsituError ? thrown : new InsituError({ code: 'Internal', message: messageOf(thrown) }, { cause: thrown });
      if (failure.code === 'Disposed') this.stop();
      this.dispatchEvent(new CustomEvent('failure', { detail: failure }));
      return false;
    }
  }

  async #follow(signal: AbortSignal): Promise<ChannelSwap | undefined> {
    const { registry, name, channel, version, entry } = this.#model;
    const { golden, onProgress } = this.#options;
    await registry.refresh(signal);
    const named = channelOf(registry.models, name, channel!) ??
      fail('InvalidModel', `${name} has no channel '${channel}' any more`, 'The session keeps its model.');
    if (named.version === version && versionOf(registry.models, name, version)!.integrity === entry.integrity) return undefined;
    const next = await registry.version(name, channel, signal);
    const previous = this.#model;
    const report = await this.#session.swap(next.url, { ...next.options, golden, onProgress, signal });
    this.#model = next;
    return { previous, next, rolledBack: named.history.at(-1)?.how === 'rolled back', report };
  }
}
