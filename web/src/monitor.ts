// The watch of a session. The same machinery on streams of one's own is in watches.ts.
// Invariant: what happens here happens on the device; nothing is sent anywhere. See docs/monitoring.md.
import { fail } from './errors.js';
import type { OpenModel } from './model.js';
import { checkOptions, monitorKinds, sloKinds } from './options.js';
import type { WatchParams } from './rpc/protocol.js';
import { toSnapshot } from './snapshot.js';
import type { MonitorSnapshot } from './snapshot.js';
import { openSource } from './source.js';
import type { MonitorOptions, ReferenceProfile } from './types.js';

/** docs/monitoring.md says when each comes, and what its detail holds. */
export type MonitorEventType = 'drift' | 'recovered' | 'quality' | 'profile' | 'slow';

/** Events: 'drift', 'recovered', 'quality', 'profile', 'slow', each a CustomEvent with a detail. */
export class Monitor extends EventTarget {
  readonly #model: () => OpenModel;

  /** `model` gives the one that is watched, or throws where it cannot be asked. */
  constructor(model: () => OpenModel) {
    super();
    this.#model = model;
  }

  /** All that is known now, as plain JSON. */
  async snapshot(): Promise<MonitorSnapshot> {
    const { client, id, keeper } = this.#model();
    const [{ json, last, ...besides }, memory] = await Promise.all([
      client.call('snapshot', { session: id }),
      client.call('memory', undefined),
    ]);
    return toSnapshot(json, last ?? null, { ...besides, persistence: keeper?.persistence ?? 'none', memory });
  }

  /**
   * The truth about the run that had this `id`: the number of the class, or its name where the profile's accuracy has labels.
   * InvalidArgument where the run is not among the last 1,024 with an id.
   */
  async feedback(id: string, label: number | bigint | string): Promise<void> {
    const { client, id: session } = this.#model();
    const truth = typeof label === 'bigint' ? Number(label) : label;
    if (typeof truth !== 'number' && typeof truth !== 'string') {
      fail('InvalidArgument', `the label is a ${typeof truth}`, 'Pass the number of the class, or its name.');
    }
    await client.call('feedback', { session, id: String(id), label: truth });
  }

  /** How many ms the page took with the results of the latest run: the stage 'postprocess'. */
  async postprocessed(ms: number): Promise<void> {
    const { client, id } = this.#model();
    await client.call('postprocess', { session: id, ms: checkNumber('ms', ms) });
  }

  /** The profile given or learnt. InvalidArgument while there is none. */
  async exportProfile(): Promise<ReferenceProfile> {
    const { client, id } = this.#exporting('profile');
    return JSON.parse(await client.call('exportProfile', { session: id }));
  }

  /**
   * What is known in a format of others: Prometheus' text, an OTLP/JSON metrics request for an OpenTelemetry collector, the
   * last 512 requests as a trace for performance panels, or a retraining ticket: what moved, as JSON, without inputs. insitu
   * sends nothing anywhere.
   */
  async export(format: 'prometheus' | 'otlp-json' | 'chrome-trace' | 'ticket'): Promise<string> {
    const { client, id, keeper } = this.#exporting(format);
    // A count that was told must not be forgotten: the next visit would go on below it.
    await keeper?.save();
    return client.call('exportMonitor', { session: id, format: String(format) });
  }

  #exporting(format: string): OpenModel {
    const model = this.#model();
    model.options.audit?.tell('export', { model }, { format: String(format) });
    return model;
  }

  /** Forgets latency, counts and drift; a profile given or learnt stays. */
  async reset(): Promise<void> {
    const { client, id, keeper } = this.#model();
    await client.call('resetMonitor', { session: id });
    await keeper?.save();
  }
}

/** What the engine is told of the options of a monitor; fetches the profile where one is named. */
export async function watchParams(options: MonitorOptions, signal?: AbortSignal): Promise<WatchParams> {
  checkOptions(options, monitorKinds, 'monitor');
  const { profile, falseAlarmEvery = 10_000, sample = 1, quality = 'warn', slo, persist, operators = 0 } = options;
  if (!Number.isSafeInteger(operators) || operators < 0) {
    fail('InvalidArgument', `operators is ${operators}`, 'Pass a whole number: one run in so many is timed; 0 for none.');
  }
  if (slo !== undefined) checkOptions(slo, sloKinds, 'slo');
  const { p95Ms = 0, errorBudget = 0.05 } = slo ?? {};
  const params = {
    profile: '', learn: 0, quality, operators, startedAt: Date.now(), falseAlarmEvery, sample,
    hash: profile !== undefined || persist === 'opfs',
    slo: slo && { p95Ms, errorBudget },
  };
  if (profile === undefined) return params;
  if (profile === 'model') return { ...params, profile };
  if (typeof profile === 'string' || profile instanceof URL) {
    return { ...params, profile: await readText(profile, signal) };
  }
  if (isLearning(profile)) {
    if (!Number.isSafeInteger(profile.learn) || profile.learn < 2_000) {
      fail('InvalidArgument', `a profile cannot be learnt from ${profile.learn} inputs`, 'Learn from 2,000 or more.');
    }
    return { ...params, learn: profile.learn };
  }
  return { ...params, profile: JSON.stringify(profile) };
}

export function checkNumber(name: string, value: unknown): number {
  return typeof value === 'number' ? value : fail('InvalidArgument', `${name} is a ${typeof value}`, 'Pass a number.');
}

function isLearning(profile: ReferenceProfile | { learn: number }): profile is { learn: number } {
  return typeof (profile as { learn?: unknown }).learn === 'number';
}

async function readText(source: string | URL, signal?: AbortSignal): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  const { chunks } = await openSource(source, signal, 'profile');
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  text += decoder.decode();
  try {
    JSON.parse(text);
  } catch (thrown) {
    fail('InvalidArgument', `the profile ${source} is not JSON: ${(thrown as Error).message}`, 'Check its address.', thrown);
  }
  return text;
}
