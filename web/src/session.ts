// Session: a loaded model. Checks feeds before they leave the page and gives results their owner.
// Invariant: results are copies that belong to the caller; a failed run changes nothing that a later one sees; a run has one
// model from its checks to its results, whatever takes the place of that model meanwhile.
import { Disposable, freeWhenCollected } from './disposable.js';
import { cancelled, fail, InsituError } from './errors.js';
import { hold, ImageFeed, letGo } from './image-feed.js';
import { Models } from './model.js';
import type { OpenModel } from './model.js';
import { pictures, release } from './modules.js';
import { Monitor } from './monitor.js';
import { asAsked, checkObject, checkOptions, releaseKinds, runKinds } from './options.js';
import type { Canary, CanaryOptions } from './release/canary.js';
import type { Feeds, Home, Inside, Witness } from './release/inside.js';
import type { Shadow, ShadowOptions } from './release/shadow.js';
import type { SwapOptions, SwapReport } from './release/swap.js';
import type { Params, WireFeed, WireImage, WireValue } from './rpc/protocol.js';
import { OpenStream, Stream } from './stream.js';
import type { StreamOptions } from './stream.js';
import { checkTensor, describe } from './tensor.js';
import { showTracks } from './tracks.js';
import type { Tensor, TensorInfo } from './tensor.js';
import type { ExplainRow, ModelSource, OperatorProfile, RunOptions } from './types.js';
import { closeAll, fromWire, movedWith, roomIn, toWire } from './value.js';
import type { Value } from './value.js';

const longestId = 100;

/** A loaded model. */
export class Session extends Disposable {
  /** Its calls reject when the model was loaded with `monitor: false`. The same object when another model takes over. */
  readonly monitor: Monitor;
  readonly #models: Models;
  readonly #inside: Inside;

  /** Made by Engine.load(). */
  constructor(home: Home, model: OpenModel) {
    super();
    this.#models = new Models(model);
    freeWhenCollected(this, this.#models);
    const watch = (watched: () => OpenModel) => new Monitor(() => (this.checkUsable(), watched()));
    this.monitor = watch(() => this.#models.current);
    model.client.listen(model.id, this.monitor);
    model.options.audit?.attach(this.monitor, () => this.#models.current);
    this.#inside = {
      home, models: this.#models, monitor: this.monitor, watch, fail, checkOptions, turn: Promise.resolve(),
      checkUsable: () => this.checkUsable(),
      run: (model, feeds, options, seen) => this.#run(model, feeds, options, seen),
      copied,
    };
  }

  /** What run() is to be fed with. */
  get inputs(): readonly TensorInfo[] {
    return this.#models.current.description.inputs;
  }

  /** What run() gives. */
  get outputs(): readonly TensorInfo[] {
    return this.#models.current.description.outputs;
  }

  /** metadata_props of the model. */
  get metadata(): Readonly<Record<string, string>> {
    return this.#models.current.description.metadata;
  }

  /**
   * Runs the model once; runs of one Engine queue. Results are new values by output name: tensors, unless `outputs`
   * says otherwise; name their types as `Results` then.
   */
  async run<Results extends Record<string, Value> = Record<string, Tensor>>(
    feeds: Record<string, Value | ImageFeed>,
    options: RunOptions = {},
  ): Promise<Results> {
    const { route } = this.#inside;
    checkOptions(options, runKinds);
    return await (route ? route.run(feeds, options) : this.#run(this.#models.current, feeds, options)) as Results;
  }

  async #run(
    model: OpenModel,
    feeds: Feeds,
    options: RunOptions,
    { witness, stream, draws = false }: { witness?: Witness; stream?: OpenStream; draws?: boolean } = {},
  ): Promise<Record<string, Value>> {
    const { signal, transfer = false, outputs = [], into, watch = true, slice, features, id = '' } = options;
    const { timeOrigin } = performance, asked = performance.now(), prepared = preparedFrom(options.startedAt, asked);
    const hidden = globalThis.document?.visibilityState === 'hidden';
    this.checkUsable();
    if (signal?.aborted) throw cancelled(signal);
    for (const name of [...outputs, ...Object.keys(into ?? {})]) checkOutput(model, name);
    const besides = {
      session: model.id, outputs: [...outputs], askedAt: timeOrigin + asked, giveBack: !transfer,
      watch: watch
        ? { slice: sliceName(slice), features: checkFeatures(features), id: checkId(String(id)), looks: watch === true, hidden, preparedFrom: timeOrigin + prepared }
        : undefined,
    };
    const wire = prepareFeeds(model, feeds, { transfer, stream, draws });
    const params = stream || wire instanceof Promise
      ? withStream(wire, stream?.number ?? 0).then(([feeds, stream]) => ({ ...besides, feeds, stream }))
      : { ...besides, feeds: wire, stream: 0 };
    const { client, id: session } = model;
    const late = ({ stream }: { stream: number }) => (stream > 0 ? client.call('undoStream', { session, stream }) : undefined);
    const result = await client.enqueue('run', params, { signal, transfer: moved, late });
    if (model.tracks) showTracks(asked, prepared, result.times);
    const values = Object.fromEntries(result.values.map((value) => [value.name, fromWire(value)]));
    const answer = into ? writeInto(into, values) : values;
    witness?.(result, await wire);
    model.keep(result.spare);
    return answer;
  }

  /**
   * Puts another model in the place of this one, between two runs: those asked before are answered by the old one, later ones
   * by the new one. Rejects where the new one cannot be loaded, does not take what the old one takes or fails its golden
   * vectors; nothing has changed then. Resolves when the old one is freed. Swaps asked meanwhile wait for their turn.
   */
  async swap(model: ModelSource, options: SwapOptions = {}): Promise<SwapReport> {
    const asked = asAsked(options, releaseKinds);
    return (await release()).swap(this.#inside, model, asked);
  }

  /** Lets another model answer one request in `every`, too, behind this one, and compares; no caller sees its answers. */
  async shadow(model: ModelSource, options: ShadowOptions = {}): Promise<Shadow> {
    const asked = asAsked(options, releaseKinds);
    return (await release()).shadow(this.#inside, model, asked);
  }

  /** Lets another model answer a share of the requests until it is promoted, or rolled back, also by itself where it is worse. */
  async canary(model: ModelSource, options: CanaryOptions = {}): Promise<Canary> {
    const asked = asAsked(options, releaseKinds);
    return (await release()).canary(this.#inside, model, asked);
  }

  /** Runs `runs` times with a clock around every operator; the rows stand in order of execution. */
  async profile(feeds: Record<string, Value | ImageFeed>, runs = 10): Promise<OperatorProfile[]> {
    this.checkUsable();
    if (!Number.isSafeInteger(runs) || runs < 1) {
      fail('InvalidArgument', `profile() was asked for ${runs} runs`, 'Ask for a whole number from 1.');
    }
    const model = this.#models.current;
    const wire = prepareFeeds(model, feeds, {});
    const params = (feeds: WireFeed[]) => ({ session: model.id, feeds, runs });
    return model.client.enqueue('profile', wire instanceof Promise ? wire.then(params) : params(wire), { transfer: moved });
  }

  /** Runs that hand state on, which stays in the engine between them: recurrent state, the past of a decoder. */
  stream(options: StreamOptions): Stream {
    this.checkUsable();
    checkOptions(options, { state: 'object', initial: 'object' });
    const { state, initial = {} } = options;
    checkObject('state', state);
    const model = this.#models.current;
    const { inputs, outputs } = model.description;
    for (const [input, output] of Object.entries(state)) {
      if (!inputs.some(({ name }) => name === input)) failAt(input, `the model has no input '${input}'`, takes(inputs));
      if (!outputs.some(({ name }) => name === output)) failAt(output, `the model has no output '${output}'`, gives(outputs));
    }
    const first = Object.entries(initial).map(([name, value]) => {
      const info = inputs.find((input) => input.name === name && Object.hasOwn(state, name));
      return toWire(value, info ?? failAt(name, `'${name}' is no state`, 'Name it in `state`, too.'), false, []);
    });
    const params = { session: model.id, state: { ...state }, feeds: first };
    const open = new OpenStream(model, params.state, model.client.enqueue('openStream', params, { transfer: moved }));
    return new Stream(open, {
      model: () => (this.checkUsable(), this.#models.current),
      run: async (stream, feeds, options) => (checkOptions(options, runKinds), this.#run(model, feeds, options, { stream })),
    });
  }

  /** Where every node of the model runs, and why there. */
  async explain(): Promise<ExplainRow[]> {
    this.checkUsable();
    const { client, id } = this.#models.current;
    return client.call('explain', { session: id });
  }

  protected get label(): string {
    return `the Session of ${this.#models.current.called}`;
  }

  protected async free(): Promise<void> {
    await this.#inside.route?.end();
    await this.#models.free();
  }
}

/** What is fed: a model that is open, or about to be quantized. */
type Fed = Pick<OpenModel, 'client' | 'spare'> & { description: Pick<OpenModel['description'], 'inputs'> };

/** Feeds for the line, checked, copied and held at once; pictures take until they are read. `draws`: they become tensors first. */
export function prepareFeeds(
  model: Fed,
  feeds: Feeds,
  { transfer = false, stream, draws = false }: { transfer?: boolean; stream?: OpenStream; draws?: boolean } = {},
): WireFeed[] | Promise<WireFeed[]> {
  const { spare } = model;
  const fed = checkFeeds(model, feeds, stream);
  const wire = fed.map((info) => {
    const feed = feeds[info.name]!;
    return feed instanceof ImageFeed ? feed : toWire(feed, info, transfer, spare);
  });
  return wire.some((one) => one instanceof ImageFeed) ? readPictures(model, fed, wire, draws) : wire as WireValue[];
}

/* The inputs that are fed, all of them and no others. */
function checkFeeds({ description: { inputs } }: Fed, feeds: Feeds, stream?: OpenStream): readonly TensorInfo[] {
  checkObject('feeds', feeds);
  for (const name of Object.keys(feeds)) {
    if (!inputs.some((input) => input.name === name)) failAt(name, `the model has no input '${name}'`, takes(inputs));
    if (stream && Object.hasOwn(stream.state, name)) failAt(name, `'${name}' is state of the Stream`, 'Feed it in `initial`, or not at all.');
  }
  const fed = stream ? inputs.filter(({ name }) => !Object.hasOwn(stream.state, name)) : inputs;
  for (const { name } of fed) if (!Object.hasOwn(feeds, name)) failAt(name, `the input '${name}' was not fed`, takes(inputs));
  return fed;
}

/* Feeds with pictures, of which the page's part is done at once. What was read for nothing is closed. */
function readPictures(
  { client, spare }: Fed,
  infos: readonly TensorInfo[],
  feeds: readonly (WireValue | ImageFeed)[],
  draws: boolean,
): Promise<WireFeed[]> {
  const lent = { fail, checkOptions, room: (bytes: number) => roomIn(spare, bytes) };
  const draw = async (image: WireImage) =>
    ({ ...await client.call('imageTensor', { feeds: [image] }, { transfer: movedWith([image]) }), name: image.name });
  const reading = feeds.map(async (feed, i) => {
    if (!(feed instanceof ImageFeed)) return feed;
    const held = hold(feed, lent.room);
    const { toWireImage } = await pictures().catch((thrown) => {
      letGo(held);
      throw thrown;
    });
    const image = await toWireImage(lent, held, feed.options, infos[i]);
    return draws ? draw(image) : image;
  });
  return allOrNone(reading);
}

async function allOrNone(reading: readonly Promise<WireFeed>[]): Promise<WireFeed[]> {
  try {
    return await Promise.all(reading);
  } catch (thrown) {
    for (const one of await Promise.allSettled(reading)) if (one.status === 'fulfilled') closeAll(movedWith([one.value]));
    throw thrown;
  }
}

async function withStream(wire: WireFeed[] | Promise<WireFeed[]>, number: number | Promise<number>): Promise<[WireFeed[], number]> {
  const feeds = await wire;
  try {
    return [feeds, await number];
  } catch (thrown) {
    closeAll(movedWith(feeds));
    throw thrown;
  }
}

/* What a caller may change while it is kept; pictures are the caller's own. */
function copied(model: OpenModel, feeds: Feeds): Feeds {
  const copy = (feed: Value, info: TensorInfo) => fromWire(toWire(feed, info, false, []));
  return Object.fromEntries(checkFeeds(model, feeds).map((info) => {
    const feed = feeds[info.name]!;
    return [info.name, feed instanceof ImageFeed ? feed : copy(feed, info)];
  }));
}

const moved = ({ feeds }: Pick<Params<'run'>, 'feeds'>) => movedWith(feeds);
const takes = (inputs: readonly TensorInfo[]) => `The model takes ${inputs.map(describe).join(', ') || 'nothing'}.`;
const gives = (outputs: readonly TensorInfo[]) => `It gives ${outputs.map(describe).join(', ')}.`;

function failAt(node: string, message: string, hint: string): never {
  throw new InsituError({ code: 'InvalidArgument', message, node, hint });
}

function checkOutput({ description: { outputs } }: OpenModel, name: string): void {
  if (!outputs.some((output) => output.name === name)) failAt(name, `the model has no output '${name}'`, gives(outputs));
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
