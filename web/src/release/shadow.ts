// session.shadow(): a candidate that answers one request in `every`, too, after its caller has been answered, and is compared.
// Invariant: what callers get is the stable model's; the candidate runs when nobody waits, or behind those who wait after a
// while; no monitor sees its runs. A sample is the stable run's own feeds, which the engine gives back, and a copy of its results.
import type { Tolerance } from '../compare.js';
import type { InsituError } from '../errors.js';
import type { Client } from '../rpc/client.js';
import type { RunResult, WireValue } from '../rpc/protocol.js';
import type { ModelSource, RunOptions } from '../types.js';
import { buffersOf, fromWire } from '../value.js';
import { checkTolerance, defaultTolerance, namesOf } from './candidate.js';
import type { CandidateOptions, ModelName } from './candidate.js';
import type { Feeds, Inside, Results, Witness } from './inside.js';
import { Likeness } from './likeness.js';
import type { LikenessReport } from './likeness.js';
import { Trial } from './trial.js';
import type { Sides } from './trial.js';

/** Answers agree where |candidate - stable| <= atol + rtol |stable|, by default 1e-5 and 1e-3; whole numbers where they are equal. */
export interface ShadowOptions extends CandidateOptions, Partial<Tolerance> {
  /** One request in so many is answered by the candidate, too; default 1: all of them. */
  every?: number;
}

/** Both sides of the requests that were compared. */
export interface ShadowReport extends Sides {
  /** Of the model that is tried. */
  readonly candidateName: ModelName;
  /** Requests since it began. */
  readonly requests: number;
  /** Requests whose turn it was, but too many waited to be compared, or there was no room for a copy. */
  readonly skipped: number;
  /** By output name. */
  readonly outputs: Record<string, LikenessReport>;
}

interface Sample {
  feeds: WireValue[];
  buffers: ArrayBuffer[];
  outputs: readonly string[];
  values: WireValue[];
}

const mostWaiting = 8;
const patienceMs = 1000;

export function shadow(inside: Inside, source: ModelSource, options: ShadowOptions): Promise<Shadow> {
  const { every = 1, rtol = defaultTolerance.rtol, atol = defaultTolerance.atol, ...rest } = options;
  if (!Number.isSafeInteger(every) || every < 1) {
    inside.fail('InvalidArgument', `every is ${every}`, 'Pass a whole number from 1: one request in so many is compared.');
  }
  checkTolerance(inside, { rtol, atol });
  return Trial.begin(inside, source, rest, (trial) => new Shadow(trial, every, { rtol, atol }));
}

/** Made by Session.shadow(). */
export class Shadow {
  readonly #trial: Trial;
  readonly #every: number;
  readonly #tolerance: Tolerance;
  readonly #outputs = new Map<string, Likeness>();
  #waiting: Sample[] = [];
  #working?: Promise<void>;
  #requests = 0;
  #skipped = 0;

  constructor(trial: Trial, every: number, tolerance: Tolerance) {
    this.#trial = trial;
    this.#every = every;
    this.#tolerance = tolerance;
    trial.route = { run: (...asked) => this.#run(...asked), end: () => this.stop() };
    const { inside: { models }, candidate } = trial;
    candidate.options.audit?.tell('shadow', { stable: models.current, candidate }, { every });
  }

  /** What is known; after the end, what was known then. */
  async report(): Promise<ShadowReport> {
    return {
      candidateName: namesOf(this.#trial.candidate), requests: this.#requests, skipped: this.#skipped,
      outputs: Object.fromEntries([...this.#outputs].map(([name, likeness]) => [name, likeness.report()])),
      ...await this.#trial.sides(),
    };
  }

  /** Resolves when all that waits to be compared has been. */
  async settled(): Promise<void> {
    await this.#working;
  }

  /** The candidate takes the place of the session's model, as with swap(). Resolves when the old one is freed. */
  promote(): Promise<void> {
    return this.#trial.end(true);
  }

  /** Ends it. Resolves when the candidate is freed. */
  stop(): Promise<void> {
    return this.#trial.end(false);
  }

  #run(feeds: Feeds, options: RunOptions): Promise<Results> {
    const { inside } = this.#trial;
    const { current } = inside.models;
    if (this.#requests++ % this.#every !== 0) return inside.run(current, feeds, options);
    // Feeds that are moved would not come back.
    const witness: Witness = (result, wire) => {
      try {
        this.#take(result, wire as WireValue[], options.outputs);
      } catch {
        this.#skipped++;  // no room for a copy
      }
    };
    return inside.run(current, feeds, { ...options, transfer: false }, { witness, draws: true });
  }

  #take({ values, spare, times }: RunResult, wire: WireValue[], outputs: readonly string[] = []): void {
    if (this.#trial.ended) return;
    if (this.#waiting.length >= mostWaiting || buffersOf(wire).length !== spare.length) {
      this.#skipped++;
      return;
    }
    const copies = structuredClone(values);
    const buffers = spare.splice(0);
    this.#trial.stable.add(times);
    this.#waiting.push({ feeds: refilled(wire, [...buffers]), buffers, outputs, values: copies });
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      await quiet(this.#trial.candidate.client);
      if (this.#trial.ended) this.#waiting = [];
      else await this.#compare(this.#waiting.shift()!);
    }
  }

  async #compare({ feeds, buffers, outputs, values }: Sample): Promise<void> {
    const { candidate, tried } = this.#trial;
    const askedAt = performance.timeOrigin + performance.now();
    const params = { session: candidate.id, feeds, stream: 0, outputs: [...outputs], askedAt, giveBack: false };
    try {
      const answer = await candidate.client.enqueue('run', params, { transfer: () => buffers });
      tried.add(answer.times);
      for (const stable of values) {
        const own = answer.values.find(({ name }) => name === stable.name);
        let likeness = this.#outputs.get(stable.name);
        if (!likeness) this.#outputs.set(stable.name, likeness = new Likeness(this.#tolerance));
        likeness.note(fromWire(stable), own && fromWire(own));
      }
    } catch (thrown) {
      tried.fail((thrown as InsituError).code);
    }
  }
}

/* Until nobody waits for an answer, or for a while. The turn before that lets a caller ask again. */
async function quiet(client: Client): Promise<void> {
  await new Promise((resolve) => { setTimeout(resolve); });
  let timer: ReturnType<typeof setTimeout>;
  const enough = new Promise((resolve) => { timer = setTimeout(resolve, patienceMs); });
  await Promise.race([client.idle(), enough]);
  clearTimeout(timer!);
}

/* Feeds whose buffers were moved to the engine, with those that came back, which stand in the same order. */
function refilled(feeds: readonly WireValue[], buffers: ArrayBuffer[]): WireValue[] {
  return feeds.map((feed) => {
    if ('items' in feed) return { ...feed, items: refilled(feed.items, buffers) };
    return Array.isArray(feed.data) ? feed : { ...feed, data: buffers.shift()! };
  });
}
