// AuditLog: what happened to models and their watches, written down so that later changes show. Local: nothing is sent.
// Invariant: neither inputs nor outputs are in it. Nothing that fails here fails a load or a run: entries wait, are tried again
// with the next one, and `failure` says why; how many were lost is an entry of its own.
import { checkOptions, fail, messageOf } from '../fail.js';
import { isNode } from '../environment.js';
import type { OpenModel } from '../model.js';
import type { LoadOptions } from '../types.js';
import { chained, tailOf } from './chain.js';
import type { Happening } from './chain.js';
import { openFile, openOpfs } from './files.js';
import { alarms, loadDetails, namesOf, ownEvents } from './happened.js';
import { FileStore, MemoryStore } from './store.js';
import type { Store } from './store.js';

/** Where a log is kept. */
export interface AuditOptions {
  /** In browsers: which log of the origin, of letters, digits, - and _; all tabs append to it. Default 'audit'. */
  name?: string;
  /** Under Node: the path of the file, which one process at a time may append to. Without it the log is in memory. */
  file?: string | URL;
  /** 'memory': nowhere but in memory. */
  store?: 'memory';
  /** How long a file gets before the next one is begun: NAME.2.jsonl, NAME.3.jsonl ... Default 1 MiB; Infinity: all stays in one. */
  fileBytes?: number;
}

const kinds: Readonly<Record<keyof AuditOptions, string>> = { name: '', file: '', store: 'memory', fileBytes: '' };
const mostDetails = 10_000, deepestDetails = 100;
const mostWaiting = 1_000;

function isDeeper(value: unknown, most: number): boolean {
  return typeof value === 'object' && value !== null && (most === 0 || Object.values(value).some((part) => isDeeper(part, most - 1)));
}

/** Made by AuditLog.open(). Event: 'failure', a CustomEvent whose detail has `message` and `waiting`. */
export class AuditLog extends EventTarget {
  readonly #store: Store;
  #waiting: Happening[] = [];
  #lost = 0;
  #writing: Promise<void> = Promise.resolve();
  #next?: Promise<void>;
  #failure?: string;
  readonly #clients = new WeakSet<object>();

  private constructor(store: Store, failure?: string) {
    super();
    this.#store = store;
    this.#failure = failure;
  }

  /** Opens a log, or begins it. Where there is no file system for it, it is in memory, and `failure` says why. */
  static async open(options: AuditOptions = {}): Promise<AuditLog> {
    checkOptions(options, kinds);
    const { name = 'audit', file, store, fileBytes = 1 << 20 } = options;
    if (!globalThis.crypto?.subtle) fail('InvalidArgument', 'an audit log needs WebCrypto', 'Serve the page over https, or from localhost.');
    if (typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name)) {
      fail('InvalidArgument', `'${name}' is no name of an audit log`, 'Use 1 to 64 letters, digits, - and _.');
    }
    if (typeof fileBytes !== 'number' || !(fileBytes >= 1)) {
      fail('InvalidArgument', `fileBytes is ${typeof fileBytes === 'number' ? fileBytes : `a ${typeof fileBytes}`}`, 'Pass a number of bytes from 1, or Infinity.');
    }
    if (file !== undefined && (!isNode || !(typeof file === 'string' || file instanceof URL))) {
      fail('InvalidArgument', isNode ? 'file is no path' : 'a page has no files', isNode ? 'Pass a string or a URL.' : 'Pass `name` instead.');
    }
    if (store === 'memory' || (isNode && file === undefined)) return new AuditLog(new MemoryStore());
    if (file !== undefined) {
      const opened = await openFile(file).catch((thrown) =>
        fail('InvalidArgument', `cannot append to ${file}: ${messageOf(thrown)}`, 'Pass a file that can be written to.', { cause: thrown }));
      return AuditLog.#begun(new FileStore(opened, fileBytes), String(file));
    }
    try {
      return await AuditLog.#begun(new FileStore(await openOpfs(name), fileBytes), name);
    } catch (thrown) {
      return new AuditLog(new MemoryStore(), `there is no file system for it: ${messageOf(thrown)}`);
    }
  }

  static async #begun(store: Store, name: string): Promise<AuditLog> {
    const { seq, torn } = await tailOf(store);
    const start = new TextDecoder().decode(torn.subarray(0, 10));
    if (seq === 0 && !'{"details"'.startsWith(start)) fail('InvalidArgument', `${name} is no audit log`, 'Name another file.');
    return new AuditLog(store);
  }

  /** Where it is kept. */
  get store(): 'opfs' | 'file' | 'memory' {
    return this.#store.kind;
  }

  /** Why the last entries could not be written, or why the log is in memory; undefined where all is well. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /**
   * Adds an entry of your own. Resolves when it is written, or when that has failed (`failure`). Details are plain JSON of 10,000
   * characters at most, nested 100 deep at most. The names of what insitu records are taken.
   */
  async record(event: string, details: Record<string, unknown> = {}): Promise<void> {
    if (typeof event !== 'string' || event === '' || event.length > 100) fail('InvalidArgument', 'the event has no name', 'Pass 1 to 100 characters.');
    if (ownEvents.has(event)) fail('InvalidArgument', `'${event}' is an event that insitu records`, 'Give yours another name.');
    let text: string | undefined;
    try {
      text = JSON.stringify(details);
    } catch (thrown) {
      fail('InvalidArgument', `the details of '${event}' are no JSON: ${messageOf(thrown)}`, 'Pass a plain object.');
    }
    if (!text?.startsWith('{') || text.length > mostDetails) {
      fail('InvalidArgument', `the details of '${event}' are no object, or longer than ${mostDetails} characters`, 'Pass a small plain object.');
    }
    const copy = JSON.parse(text);
    if (isDeeper(copy, deepestDetails)) fail('InvalidArgument', `the details of '${event}' are nested more than ${deepestDetails} deep`, 'Pass a small plain object.');
    await this.#add(event, copy);
  }

  /** All of it, of all files, a line of JSON for each entry, as `insitu audit verify` reads it. */
  async export(): Promise<string> {
    await this.#write();
    return new TextDecoder().decode(await this.#read(() => this.#store.read()));
  }

  /** The hash of the last entry, 64 zeros where there is none. Kept elsewhere it proves what the log said until then. */
  async head(): Promise<string> {
    await this.#write();
    return (await this.#read(() => tailOf(this.#store))).hash;
  }

  /** What `open` opens, which is written down with this log from now on. @internal */
  async loading(name: string | undefined, { audit: _, ...options }: LoadOptions, open: (options: LoadOptions) => Promise<OpenModel>): Promise<OpenModel> {
    let model: OpenModel;
    try {
      model = await open(options);
    } catch (thrown) {
      this.#note('load failed', () => ({ ...loadDetails({ name, heldTo: options.integrity }, options), code: (thrown as { code?: string }).code }));
      throw thrown;
    }
    model.options.audit = this;
    model.heldTo ??= options.integrity;
    this.#note('load', () => loadDetails(model, options));
    const { client } = model;
    if (!this.#clients.has(client)) {
      this.#clients.add(client);
      const log = new WeakRef(this);  // an engine outlives what was loaded into it
      client.whenBroken(() => {
        if (client.broken?.code === 'Crashed') log.deref()?.tell('crash', {}, { message: client.broken.toJSON().message });
      });
    }
    return model;
  }

  /** Writes down the alarms of a monitor, which are of the model that `current` gives. @internal */
  attach(monitor: EventTarget, current: () => OpenModel): void {
    for (const [type, details] of Object.entries(alarms)) {
      monitor.addEventListener(type, ({ detail }: CustomEventInit) => this.#note(type, () => ({ model: namesOf(current()), ...details(detail) })));
    }
  }

  /** Writes down what happened to these models. @internal */
  tell(event: string, models: Record<string, OpenModel>, details: Record<string, unknown> = {}): void {
    this.#note(event, () => ({ ...Object.fromEntries(Object.entries(models).map(([role, model]) => [role, namesOf(model)])), ...details }));
  }

  /* What happened is written down, even where nothing more can be said of it; never throws. */
  #note(event: string, make: () => Record<string, unknown>): void {
    let details: Record<string, unknown>;
    try {
      details = JSON.parse(JSON.stringify(make()));
    } catch (thrown) {
      details = { unknown: `no details: ${messageOf(thrown)}` };
    }
    void this.#add(event, details);
  }

  #add(event: string, details: Record<string, unknown>): Promise<void> {
    this.#waiting.push({ time: new Date().toISOString(), event, details });
    this.#trim();
    return this.#write();
  }

  #trim(): void {
    const tooMany = this.#waiting.length - mostWaiting;
    if (tooMany <= 0) return;
    this.#waiting.splice(0, tooMany);
    this.#lost += tooMany;
  }

  /* Resolves when what waits now is written, or that has failed. */
  #write(): Promise<void> {
    return (this.#next ??= this.#writing = this.#writing.then(() => {
      this.#next = undefined;
      return this.#append();
    }));
  }

  async #append(): Promise<void> {
    const [batch, lost] = [this.#waiting, this.#lost];
    if (batch.length === 0) return;
    this.#waiting = [];
    const told = lost > 0 ? [{ time: batch[0]!.time, event: 'lost', details: { entries: lost } }] : [];
    try {
      await this.#store.append(async (full) => chained(await tailOf(this.#store), [...told, ...batch], full));
      this.#lost -= lost;
      if (this.store !== 'memory') this.#failure = undefined;
    } catch (thrown) {
      this.#waiting.unshift(...batch);
      this.#trim();
      this.#failure = `it cannot be written: ${messageOf(thrown)}`;
      this.dispatchEvent(new CustomEvent('failure', { detail: { message: this.#failure, waiting: this.#waiting.length } }));
    }
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    return read().catch((thrown) => fail('Network', `the audit log cannot be read: ${messageOf(thrown)}`, 'Try again.', { cause: thrown }));
  }
}
