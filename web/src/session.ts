// Session: a loaded model. Checks feeds before they leave the page and gives results their owner.
// Invariant: results are copies that belong to the caller; a failed run changes nothing that a later one sees.
import { Disposable } from './disposable.js';
import { cancelled, fail, InsituError } from './errors.js';
import type { WatchKeeper } from './kept-watch.js';
import { Monitor } from './monitor.js';
import type { Client } from './rpc/client.js';
import type { SessionDescription, WireValue } from './rpc/protocol.js';
import { checkTensor, describe } from './tensor.js';
import { showTracks } from './tracks.js';
import type { Tensor, TensorInfo } from './tensor.js';
import type { ExplainRow, OperatorProfile, RunOptions } from './types.js';
import { buffersOf, fromWire, toWire } from './value.js';
import type { Value } from './value.js';

const longestId = 100;
const kLargestSpare = 16 << 20;  // bytes; larger ones would keep too much memory

/** What else a session is made of: how errors call its model, what keeps its watch, and whether its runs show their stages. */
export interface Surroundings {
  name: string;
  keeper?: WatchKeeper;
  tracks: boolean;
}

/** A loaded model. */
export class Session extends Disposable {
  /** What run() is to be fed with. */
  readonly inputs: readonly TensorInfo[];
  /** What run() gives. */
  readonly outputs: readonly TensorInfo[];
  /** metadata_props of the model. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Its calls reject when the session was loaded with `monitor: false`. */
  readonly monitor: Monitor;
  readonly #client: Client;
  readonly #id: number;
  readonly #name: string;
  readonly #keeper?: WatchKeeper;
  readonly #tracks: boolean;
  /* Buffers of the feeds of an earlier run. Filling one again takes a tenth of the time that a new one takes, each of whose
     pages the system has to provide. */
  #spare: ArrayBuffer[] = [];

  /** Made by Engine.load(). */
  constructor(client: Client, { session, inputs, outputs, metadata }: SessionDescription, { name, keeper, tracks }: Surroundings) {
    super();
    this.inputs = inputs;
    this.outputs = outputs;
    this.metadata = metadata;
    this.#client = client;
    this.#id = session;
    this.#name = name;
    this.#keeper = keeper;
    this.#tracks = tracks;
    this.monitor = new Monitor(client, session, () => this.checkUsable(), keeper);
  }

  /**
   * Runs the model once; runs of one Engine queue. Results are new values by output name: tensors, unless `outputs`
   * says otherwise; name their types as `Results` then.
   */
  async run<Results extends Record<string, Value> = Record<string, Tensor>>(
    feeds: Record<string, Value>,
    options: RunOptions = {},
  ): Promise<Results> {
    const { signal, transfer = false, outputs = [], into, watch = true, slice, features, id = '' } = options;
    const { timeOrigin } = performance, asked = performance.now(), prepared = preparedFrom(options.startedAt, asked);
    const hidden = globalThis.document?.visibilityState === 'hidden';
    this.checkUsable();
    if (signal?.aborted) throw cancelled(signal);
    for (const name of [...outputs, ...Object.keys(into ?? {})]) this.#checkOutput(name);
    const wire = this.#prepare(feeds, transfer);
    const { values: results, spare, times } = await this.#client.enqueue(
      'run',
      {
        session: this.#id, feeds: wire, outputs: [...outputs], askedAt: timeOrigin + asked, giveBack: !transfer,
        watch: watch
          ? { slice: sliceName(slice), features: checkFeatures(features), id: checkId(String(id)), looks: watch === true, hidden, preparedFrom: timeOrigin + prepared }
          : undefined,
      },
      { signal, transfer: buffersOf(wire) },
    );
    if (this.#tracks) showTracks(asked, prepared, times);
    this.#spare = spare.filter(({ byteLength }) => byteLength <= kLargestSpare);
    const values = Object.fromEntries(results.map((result) => [result.name, fromWire(result)]));
    return (into ? writeInto(into, values) : values) as Results;
  }

  /** Runs `runs` times with a clock around every operator; the rows stand in order of execution. */
  async profile(feeds: Record<string, Value>, runs = 10): Promise<OperatorProfile[]> {
    this.checkUsable();
    if (!Number.isSafeInteger(runs) || runs < 1) {
      fail('InvalidArgument', `profile() was asked for ${runs} runs`, 'Ask for a whole number from 1.');
    }
    const wire = this.#prepare(feeds, false);
    return this.#client.enqueue('profile', { session: this.#id, feeds: wire, runs }, { transfer: buffersOf(wire) });
  }

  /** Where every node of the model runs, and why there. */
  async explain(): Promise<ExplainRow[]> {
    this.checkUsable();
    return this.#client.call('explain', { session: this.#id });
  }

  protected get label(): string {
    return `the Session of ${this.#name}`;
  }

  protected async free(): Promise<void> {
    await this.#keeper?.end();
    this.#client.listen(this.#id, undefined);
    if (!this.#client.broken) await this.#client.call('disposeSession', { session: this.#id });
  }

  #prepare(feeds: Record<string, Value>, transfer: boolean): WireValue[] {
    const listing = `The model takes ${this.inputs.map(describe).join(', ') || 'nothing'}.`;
    for (const name of Object.keys(feeds)) {
      if (!this.inputs.some((input) => input.name === name)) {
        throw new InsituError({
          code: 'InvalidArgument', message: `the model has no input '${name}'`, node: name, hint: listing,
        });
      }
    }
    return this.inputs.map((info) => {
      if (!Object.hasOwn(feeds, info.name)) {
        throw new InsituError({
          code: 'InvalidArgument', message: `the input '${info.name}' was not fed`, node: info.name, hint: listing,
        });
      }
      return toWire(feeds[info.name]!, info, transfer, this.#spare);
    });
  }

  #checkOutput(name: string): void {
    if (this.outputs.some((output) => output.name === name)) return;
    throw new InsituError({
      code: 'InvalidArgument',
      message: `the model has no output '${name}'`,
      node: name,
      hint: `It gives ${this.outputs.map(describe).join(', ')}.`,
    });
  }
}

/* One name for the same slice, however its keys are ordered. */
function sliceName(slice: Record<string, string> = {}): string {
  return Object.keys(slice).sort().map((key) => `${key}=${slice[key]}`).join(',');
}

function preparedFrom(startedAt: number | undefined, asked: number): number {
  return startedAt !== undefined && startedAt >= 0 && startedAt < asked ? startedAt : asked;
}

function checkId(id: string): string {
  return id.length <= longestId ? id : fail('InvalidArgument', `an id has ${id.length} characters`, `Pass ${longestId} at most.`);
}

function checkFeatures(features: RunOptions['features']): RunOptions['features'] {
  for (const [name, value] of Object.entries(features ?? {})) {
    if (typeof value === 'number' || typeof value === 'string') continue;
    fail('InvalidArgument', `the feature '${name}' is a ${typeof value}`, 'Features are numbers or strings.');
  }
  return features;
}

/* Puts the results into the tensors that were handed in for them. */
function writeInto(into: Record<string, Tensor>, results: Record<string, Value>): Record<string, Value> {
  for (const [name, target] of Object.entries(into)) {
    const result = results[name] as Tensor | undefined;
    if (!result) continue;
    checkTensor(target, name);
    if (target.dtype !== result.dtype || target.data.length !== result.data.length) {
      throw new InsituError({
        code: 'ShapeMismatch',
        message: `'${name}' cannot be written into a tensor of ${target.dtype} [${target.dims}]`,
        node: name,
        hint: result.dtype ? `It is ${result.dtype} [${result.dims}].` : 'It is no tensor.',
      });
    }
    if (ArrayBuffer.isView(target.data)) (target.data as Uint8Array).set(result.data as Uint8Array);
    else (target.data as string[]).splice(0, target.data.length, ...(result.data as string[]));
    results[name] = { ...result, data: target.data };
  }
  return results;
}
