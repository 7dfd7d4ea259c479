// Corrections: what a session was fed with and what a person says is true of it, as samples and as JSON lines.
// Invariant: they are in this object alone. An input without a label is let go of when enough others have come after it; whoever
// wants a file, or more than the life of the page, has to ask for the text and keep it.
import type { Tensor, Value } from 'insitu';
import { fail } from '../fail.js';
import type { ImageFeed } from '../image-feed.js';
import type { Attribute } from './slices/columns.js';
import type { Label, Sample } from './types.js';

/** How much is held. */
export interface CorrectionsOptions {
  /** Labelled inputs; of more the oldest are let go of. Default 1,000. */
  most?: number;
  /** Inputs that wait for a label; of more the oldest are let go of. Default 64. */
  waiting?: number;
}

type Feeds = Readonly<Record<string, Tensor>>;

/** Pairs inputs with the labels that come later. Iterable: the samples, as evaluate() takes them. */
export class Corrections implements Iterable<Sample> {
  readonly #most: number;
  readonly #waitingMost: number;
  readonly #waiting = new Map<string, Feeds>();
  readonly #labelled = new Map<string, Sample>();

  /** InvalidArgument where a number is none above 0. */
  constructor({ most = 1000, waiting = 64 }: CorrectionsOptions = {}) {
    this.#most = positive('most', most);
    this.#waitingMost = positive('waiting', waiting);
  }

  /** How many have a label. */
  get size(): number {
    return this.#labelled.size;
  }

  /** Holds a copy of what the run of this `id` is fed with: tensors of finite numbers, or of strings. */
  hold(id: string, feeds: Readonly<Record<string, Value | ImageFeed>>): void {
    const copies = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, copyOf(name, value)]));
    this.#waiting.delete(id);
    this.#waiting.set(id, copies);
    dropOldest(this.#waiting, this.#waitingMost);
  }

  /**
   * What is true of the input of this `id`; again, and the latest holds. InvalidArgument where it is not held (any more).
   * The watch is not told: monitor.feedback() does that.
   */
  label(id: string, label: Label, metadata?: Readonly<Record<string, Attribute>>): void {
    if (!isLabel(label)) fail('InvalidArgument', `the label is ${describe(label)}`, 'Pass the number or name of a class, a number, or an array of numbers.');
    const feeds = this.#waiting.get(id) ?? this.#labelled.get(id)?.feeds ??
      fail('InvalidArgument', `the input of '${id}' is not held`, `Call hold() with it before; the latest ${this.#waitingMost} wait for a label.`);
    this.#waiting.delete(id);
    this.#labelled.delete(id);
    this.#labelled.set(id, { feeds, label, name: id, ...(metadata && { metadata: { ...metadata } }) });
    dropOldest(this.#labelled, this.#most);
  }

  /** Lets go of everything. */
  clear(): void {
    this.#waiting.clear();
    this.#labelled.clear();
  }

  /** The samples with a label, the one that was labelled first first. */
  [Symbol.iterator](): Iterator<Sample> {
    return this.#labelled.values();
  }

  /** An object a line, as `insitu evaluate --data FILE.jsonl` reads them. Holds the inputs themselves. */
  toJsonLines(): string {
    return [...this.#labelled.values()].map(({ feeds, ...known }) => {
      const given = Object.entries(feeds as Feeds).map(([name, { dims, data }]) => [name, { dims, data: Array.from(data as ArrayLike<unknown>, plain) }]);
      return `${JSON.stringify({ feeds: Object.fromEntries(given), ...known })}\n`;
    }).join('');
  }
}

function positive(name: string, value: number): number {
  return Number.isSafeInteger(value) && value > 0 ? value : fail('InvalidArgument', `${name} is ${describe(value)}`, 'Pass a whole number above 0.');
}

function isLabel(label: unknown): boolean {
  if (Array.isArray(label)) return label.length > 0 && label.every(Number.isFinite);
  return typeof label === 'string' || typeof label === 'boolean' || Number.isFinite(label);
}

function copyOf(name: string, value: Value | ImageFeed): Tensor {
  const { dtype, dims, data } = Object(value) as Tensor;
  if (dtype === undefined || !Array.isArray(dims) || data === undefined) {
    fail('InvalidArgument', `'${name}' is no tensor`, 'Hold tensors; imageTensor() makes one of a picture.');
  }
  const bad = Array.from(data as ArrayLike<unknown>, plain).findIndex((item) => typeof item === 'number' && !Number.isFinite(item));
  if (bad >= 0) fail('InvalidArgument', `'${name}' holds ${String(data[bad])} at ${bad}`, 'Hold inputs of finite numbers: JSON has no others.');
  return Object.freeze({ dtype, dims: Object.freeze([...dims]), data: data.slice() });
}

/* As JSON has it. Integers of 64 bits beyond 2^53 become infinite, and are refused. */
function plain(item: unknown): unknown {
  if (typeof item !== 'bigint') return item;
  return Number.isSafeInteger(Number(item)) ? Number(item) : Infinity;
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const id of map.keys()) {
    if (map.size <= most) return;
    map.delete(id);
  }
}

const describe = (value: unknown) => (typeof value === 'object' || typeof value === 'function' ? typeof value : String(value));
