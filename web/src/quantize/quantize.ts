// engine.quantize(): samples are shown to a quantizer, layers measured, and models written until one is good enough.
// A module of its own, because only those who quantize load it; so is the WebAssembly, which runs in an instance of its own.
// Invariant: what index.js has is lent, so that there is one InsituError; the instance has ended when the call has settled; the same
// model, samples and options give the same bytes, whatever the flavour of the engine.
import type { Client } from '../rpc/client.js';
import type { LayerError, QuantizerDescription } from '../rpc/protocol.js';
import type { prepareFeeds } from '../session.js';
import { shown } from '../shown.js';
import type { EngineOptions, ModelSource } from '../types.js';
import type { upload } from '../upload.js';
import type { movedWith } from '../value.js';
import { readOptions } from './options.js';
import type { Fail, Plan } from './options.js';
import { fewest } from './search.js';
import type { Quantized, QuantizeOptions, QuantizeProgress, QuantizeReport, QuantizeSamples } from './types.js';
import { worstFirst } from './worst.js';

export interface Lent {
  fail: Fail;
  /** Starts an instance that can quantize. */
  start(options: Pick<EngineOptions, 'signal' | 'onProgress'>): Promise<Started>;
  upload: typeof upload;
  prepareFeeds: typeof prepareFeeds;
  movedWith: typeof movedWith;
}

/** The line to the instance, of which insitu it is, and what ends it. */
interface Started {
  client: Client;
  version: string;
  end(): void;
}

export async function quantize(lent: Lent, model: ModelSource, samples: QuantizeSamples, options: QuantizeOptions): Promise<Quantized> {
  const { fail } = lent;
  const plan = readOptions(fail, options);
  checkSamples(fail, samples);
  const { externalData, integrity, externalIntegrity, signal, onProgress } = options;
  const failures: unknown[] = [];
  const at = await lent.start({
    signal,
    onProgress: onProgress && (({ loaded, total }) => {
      try {
        onProgress({ phase: 'engine', done: loaded, total });
      } catch (thrown) {
        failures.push(thrown);
      }
    }),
  });
  try {
    if (failures.length > 0) throw failures[0];
    const sent = await lent.upload(at.client, model, { externalData, integrity, externalIntegrity, signal }, true);
    const begun = await at.client.call('beginQuantizer', { ...sent, options: plan.params }, { signal });
    if (begun.nodes.length === 0) fail('InvalidArgument', `nothing in the model can be quantized to ${plan.settings.to}`, 'It may be quantized already, have no layers of this form, or all of them are excluded.');
    if (plan.layers >= begun.nodes.length) {
      fail('InvalidArgument', `${plan.layers} layers are to stay in float, and the model has ${begun.nodes.length} that can be quantized`, 'Leave fewer in float: nothing would be quantized.');
    }
    return await new Quantization(lent, at, begun, plan, options).run(samples);
  } finally {
    at.end();
  }
}

class Quantization {
  readonly #lent: Lent;
  readonly #at: Started;
  readonly #begun: QuantizerDescription;
  readonly #plan: Plan;
  readonly #options: QuantizeOptions;
  #samples = 0;
  #layers: LayerError[] = [];
  #calibration: string | null = null;
  #written = 0;
  #latest?: Uint8Array<ArrayBuffer>;

  constructor(lent: Lent, at: Started, begun: QuantizerDescription, plan: Plan, options: QuantizeOptions) {
    this.#lent = lent;
    this.#at = at;
    this.#begun = begun;
    this.#plan = plan;
    this.#options = options;
  }

  async run(samples: QuantizeSamples): Promise<Quantized> {
    const { measureOn, until, layers } = this.#plan, { nodes } = this.#begun;
    await this.#observe(samples);
    if (measureOn > 0) await this.#measure();
    const worst = worstFirst(this.#layers).map(({ node }) => node);
    if (!until) {
      const inFloat = worst.slice(0, layers);
      return this.#finish(await this.#write(inFloat), inFloat, null, []);
    }
    const tries: QuantizeReport['tries'][number][] = [];
    let best: Uint8Array<ArrayBuffer> | undefined;
    const count = await fewest(nodes.length - 1, async (count) => {
      const inFloat = worst.slice(0, count), model = await this.#write(inFloat), bytes = model.byteLength;
      const met = await until(model, { inFloat, bytes });
      if (typeof met !== 'boolean') this.#lent.fail('InvalidArgument', `keepFloat.until gave ${shown(met)}`, 'Give true or false, or a promise of one.');
      tries.push({ inFloat, bytes, met });
      if (met) best = model;
      return met;
    });
    return this.#finish(best ?? this.#latest!, worst.slice(0, count ?? nodes.length - 1), count !== undefined, tries);
  }

  /* All samples, or where only layers are measured as many as that takes. */
  async #observe(samples: QuantizeSamples): Promise<void> {
    const { fail, prepareFeeds, movedWith } = this.#lent, { client } = this.#at, { inputs, wantsSamples } = this.#begun;
    const { measureOn } = this.#plan, { signal, calibrationDigest } = this.#options;
    const most = wantsSamples ? Infinity : measureOn;
    if (most === 0) return;
    const total = Array.isArray(samples) ? Math.min(most, samples.length) : undefined;
    for await (const sample of samples) {
      if (typeof sample !== 'object' || sample === null) fail('InvalidArgument', `sample ${this.#samples} is ${shown(sample)}`, 'Pass feeds as run() takes them: { input: tensor }.');
      const feeds = await prepareFeeds({ client, spare: [], description: { inputs } }, sample);
      await client.call('observe', { feeds }, { signal, transfer: movedWith(feeds) });
      this.#samples++;
      this.#tell('observe', this.#samples, total);
      if (this.#samples === most) break;
    }
    if (this.#samples === 0) fail('InvalidArgument', 'there are no samples', `Pass some hundred inputs as the model will see them: ${wantsSamples ? 'ranges of activations' : 'errors of layers'} are told from them.`);
    this.#calibration = calibrationDigest ?? await client.call('observed', undefined, { signal });
  }

  async #measure(): Promise<void> {
    const { nodes } = this.#begun, { signal } = this.#options;
    for (const node of nodes) {
      this.#tell('measure', this.#layers.length, nodes.length);
      this.#layers.push(await this.#at.client.call('measureLayer', { node, samples: this.#plan.measureOn }, { signal }));
    }
    this.#tell('measure', nodes.length, nodes.length);
  }

  async #write(inFloat: string[]): Promise<Uint8Array<ArrayBuffer>> {
    const { sha256 } = this.#begun, { metadata, signal } = this.#options;
    const own = {
      'insitu.quantize': JSON.stringify(sorted({ ...this.#plan.settings, excluded: this.#excluded(inFloat), samples: this.#samples, version: this.#at.version })),
      'insitu.parent': sha256,
      ...(this.#calibration !== null && { 'insitu.calibration': this.#calibration }),
    };
    const bytes = await this.#at.client.call('writeQuantized', { metadata: { ...metadata, ...own }, inFloat }, { signal });
    this.#tell('write', ++this.#written);
    return (this.#latest = new Uint8Array(bytes));
  }

  /* In order of execution, behind those that the options name. */
  #excluded(inFloat: readonly string[]): string[] {
    return [...this.#plan.params.excludeNodes, ...this.#begun.nodes.filter((node) => inFloat.includes(node))];
  }

  #finish(model: Uint8Array<ArrayBuffer>, inFloat: readonly string[], goalMet: boolean | null, tries: QuantizeReport['tries']): Quantized {
    const { nodes, byteLength, sha256 } = this.#begun;
    return {
      model,
      report: {
        to: this.#plan.settings.to as string, nodes: nodes.filter((node) => !inFloat.includes(node)), excluded: this.#excluded(inFloat),
        layers: this.#layers, samples: this.#samples, bytesBefore: byteLength, bytesAfter: model.byteLength, goalMet, tries,
        parent: sha256, calibration: this.#calibration,
      },
    };
  }

  #tell(phase: QuantizeProgress['phase'], done: number, total?: number): void {
    this.#options.onProgress?.({ phase, done, ...(total !== undefined && { total }) });
  }
}

function checkSamples(fail: Fail, samples: unknown): void {
  const { [Symbol.iterator]: one, [Symbol.asyncIterator]: other } = Object(samples) as Partial<Iterable<unknown> & AsyncIterable<unknown>>;
  if (typeof samples === 'string' || typeof (one ?? other) !== 'function') {
    fail('InvalidArgument', `the samples are ${shown(samples)}`, 'Pass an array or another iterable of feeds; an empty one where none are needed.');
  }
}

const sorted = (members: Record<string, unknown>) => Object.fromEntries(Object.keys(members).sort().map((name) => [name, members[name]]));
