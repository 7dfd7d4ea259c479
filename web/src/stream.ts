// Stream: runs of a model that hand state on, which stays in the engine: recurrent state, the past of a decoder.
// Invariant: its runs keep their order; one that fails leaves the state as it was.
import { Disposable, freeWhenCollected } from './disposable.js';
import { fail } from './errors.js';
import type { ImageFeed } from './image-feed.js';
import type { OpenModel } from './model.js';
import type { Tensor } from './tensor.js';
import type { RunOptions } from './types.js';
import type { Value } from './value.js';

/** What a stream hands on. */
export interface StreamOptions {
  /** Which output of a run becomes which input of the next: `{ input: 'output' }`. */
  state: Record<string, string>;
  /**
   * The first state. What is not named begins with zeros; extents that the model leaves open are 1 where they come first in an
   * input, a batch, else 0, a past that is empty.
   */
  initial?: Record<string, Tensor>;
}

/** What a Session lends to its streams. */
interface Lender {
  model(): OpenModel;
  run(stream: OpenStream, feeds: Record<string, Value | ImageFeed>, options: RunOptions): Promise<Record<string, Value>>;
}

/** A stream that is open in an engine, or about to be. */
export class OpenStream {
  readonly model: OpenModel;
  readonly state: Readonly<Record<string, string>>;
  readonly number: Promise<number>;

  constructor(model: OpenModel, state: Record<string, string>, number: Promise<number>) {
    this.model = model;
    this.state = state;
    this.number = number;
    number.catch(() => {});  // those who run it are told
  }

  async free(): Promise<void> {
    const { client, id } = this.model;
    const stream = await this.number.catch(() => undefined);
    if (stream !== undefined && !client.broken) await client.enqueue('closeStream', { session: id, stream });
  }
}

/** Runs that hand state on; made by Session.stream(). */
export class Stream extends Disposable {
  readonly #open: OpenStream;
  readonly #lender: Lender;

  /** @internal */
  constructor(open: OpenStream, lender: Lender) {
    super();
    this.#open = open;
    this.#lender = lender;
    freeWhenCollected(this, open);
  }

  /**
   * As Session.run(), fed with all but the state. Gives the outputs that do not become state; those that do where `outputs` names
   * them. A run that rejects leaves the state as it was, unless its `into` does not fit, which is seen when it has run.
   */
  async run<Results extends Record<string, Value> = Record<string, Tensor>>(
    feeds: Record<string, Value | ImageFeed>,
    options: RunOptions = {},
  ): Promise<Results> {
    this.#check();
    return (await this.#lender.run(this.#open, feeds, options)) as Results;
  }

  /** Back to the first state, behind the runs that were asked for. */
  async reset(): Promise<void> {
    this.#check();
    const { client, id } = this.#open.model;
    await client.enqueue('resetStream', this.#open.number.then((stream) => ({ session: id, stream })));
  }

  #check(): void {
    this.checkUsable();
    if (this.#lender.model() !== this.#open.model) {
      fail('Disposed', 'the model of the Stream was swapped for another', 'Open another with session.stream().');
    }
  }

  protected get label(): string {
    return `the Stream of ${this.#open.model.called}`;
  }

  protected free(): Promise<void> {
    return this.#open.free();
  }
}
