// A registry as a page has it open: the models of a models.json, and what load(), swap() and canary() take of each.
// Invariant: what it gives names the digest of every file; with keys, nothing that they have not signed can be loaded by it, and with a
// signature no models.json of others is parsed. One that does not hold, or cannot be read any more, changes nothing that was read before.
import { isNode, nodeModule, pageUrl } from '../environment.js';
import { checkOptions, fail, messageOf } from '../fail.js';
import type { TrustedKey } from '../signature.js';
import type { LoadOptions, MonitorOptions, ReferenceProfile } from '../types.js';
import { fetchBytes, integrityOf } from './fetched.js';
import { addressOf, channelOf, formatHint, noAddress, readModels, versionOf, waysBack } from './format.js';
import type { RegistryDocument, RegistryEntry, RegistryModels, RegistryVersion } from './format.js';
import { checkSigned } from './signed.js';

/** What all models of a registry are loaded with. */
export interface RegistryOptions {
  /** Public keys of the page: every model that is loaded has to be signed by one of them. */
  keys?: readonly TrustedKey[];
  /** Where the signature of models.json itself is, relative to it: with `keys`, one of them has to have signed it each time it is read. */
  signature?: string | URL;
  /** How sessions are watched; the profile of each model is added to it. */
  monitor?: Omit<MonitorOptions, 'profile'> | false;
  /** What addresses are relative to, of a registry that is handed in as an object. Default: the page, under Node the working directory. */
  base?: string | URL;
  /** Stops the opening: it rejects with Cancelled. */
  signal?: AbortSignal;
}

/** A version of a model, as load(), swap(), shadow() and canary() take it: `load(model.url, model.options)`. */
export interface RegisteredModel {
  /** The registry it is from. */
  readonly registry: Registry;
  /** What it is called there. */
  readonly name: string;
  /** Which version. */
  readonly version: string;
  /** The channel it was asked for by, if it was. */
  readonly channel?: string;
  /** The address of the model file. */
  readonly url: string;
  /** `integrity`, `externalData`, `externalIntegrity`, `trust` and `monitor` of it. */
  readonly options: LoadOptions;
  /** What else the registry says of it. */
  readonly entry: RegistryVersion;
}

interface Read {
  text?: string;
  etag?: string;
  models: RegistryModels;
}

const kinds: Readonly<Record<keyof RegistryOptions, string>> = {
  keys: '', signature: '', monitor: 'plain object|false', base: 'string|object', signal: 'AbortSignal|null',
};

/** Opens a models.json by its address, under Node also by its path, or what JSON.parse() made of one. */
export async function openRegistry(source: string | URL | RegistryDocument, options: RegistryOptions = {}): Promise<Registry> {
  checkOptions(options, kinds);
  const { keys, signature, base, signal } = options;
  if (keys !== undefined && (!Array.isArray(keys) || keys.length === 0)) fail('InvalidArgument', 'keys is no list of public keys', 'Pass one key or more, or leave it out.');
  if (signature !== undefined && !(keys && (typeof signature === 'string' || signature instanceof URL))) {
    fail('InvalidArgument', keys ? 'signature is no address' : 'there are no keys for signature', "Pass both: { keys: [pem], signature: 'models.json.sig' }.");
  }
  if (typeof source === 'string' || source instanceof URL) {
    const url = await absolute(source);
    const registry = new Registry({ url, base: url, models: {} }, { ...options, signature: signature === undefined ? undefined : signatureOf(url, signature) });
    await registry.refresh(signal);
    return registry;
  }
  if (signature !== undefined) fail('InvalidArgument', 'there is a signature of a models.json that was parsed already', 'Pass its address.');
  return new Registry({ base: await absolute(base ?? './'), models: modelsIn(structuredClone(source), 'the registry') }, options);
}

function modelsIn(value: unknown, called: string): RegistryModels {
  return readModels(value, (path, what) => fail('InvalidModel', `${called}: ${path} ${what}`, formatHint)).models;
}

function signatureOf(url: string, signature: string | URL): string {
  return addressOf(url, String(signature)) ?? fail('InvalidArgument', noAddress(String(signature)), 'Pass that of the signature beside models.json.');
}

async function absolute(location: string | URL): Promise<string> {
  const [text, page] = [String(location), pageUrl()];
  if (isNode && !/^[a-z][a-z+.-]+:/i.test(text)) {
    return (await nodeModule<typeof import('node:url')>('url')).pathToFileURL(text).href;
  }
  return URL.canParse(text, page) ? new URL(text, page).href : fail('InvalidArgument', `'${text.slice(0, 200)}' is no URL`, 'Pass the address of a models.json.');
}

/** Made by openRegistry(). */
export class Registry {
  readonly #url?: string;
  readonly #base: string;
  readonly #options: RegistryOptions;
  #read: Read;
  #asked = 0;
  #answered = 0;

  constructor({ url, base, models }: { url?: string; base: string; models: RegistryModels }, { keys, signature, monitor }: RegistryOptions) {
    this.#url = url;
    this.#base = base;
    this.#read = { models };
    this.#options = { keys, signature, monitor };
  }

  /** All models, with their versions and channels, as they were read last. */
  get models(): RegistryModels {
    return this.#read.models;
  }

  /**
   * Reads models.json again, if it has changed. Resolves to whether it has. Rejects where it cannot be read, does not hold or is not
   * signed as asked for, and nothing has changed then. Of several at once, what was asked for last counts.
   */
  async refresh(signal?: AbortSignal): Promise<boolean> {
    if (this.#url === undefined) return false;
    const turn = ++this.#asked;
    const read = await this.#readAgain(this.#url, signal);
    if (turn < this.#answered) return false;
    this.#answered = turn;
    if (read) this.#read = read;
    return read !== undefined;
  }

  /* undefined where it is as it was. */
  async #readAgain(url: string, signal?: AbortSignal): Promise<Read | undefined> {
    const fetched = await fetchBytes(url, { signal, etag: this.#read.etag });
    if (!fetched) return undefined;
    const text = new TextDecoder().decode(fetched.bytes);
    if (text === this.#read.text) return undefined;
    const { keys, signature } = this.#options;
    if (signature !== undefined) {
      const { bytes } = (await fetchBytes(String(signature), { signal }))!;
      await checkSigned(url, await integrityOf(fetched.bytes), bytes, keys!);
    }
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (thrown) {
      fail('InvalidModel', `${url} is no JSON: ${messageOf(thrown)}`, formatHint, { cause: thrown });
    }
    return { text, etag: fetched.etag, models: modelsIn(value, url) };
  }

  /** The version of a model that a channel names, or one by its own name. */
  async version(name: string, which = 'stable', signal?: AbortSignal): Promise<RegisteredModel> {
    const { versions, channels } = this.#model(name);
    const named = channelOf(this.models, name, which);
    const version = named?.version ?? which;
    if (!versionOf(this.models, name, version)) {
      fail('InvalidArgument', `${name} has no channel and no version '${String(which).slice(0, 100)}'`,
        `It has ${[...Object.keys(channels), ...Object.keys(versions)].slice(0, 10).join(', ') || 'none'}.`);
    }
    return this.#registered(name, version, named && which, signal);
  }

  /** The version that a channel would go back to. Rejects with InvalidArgument where there is none. */
  async previous(name: string, channel = 'stable', signal?: AbortSignal): Promise<RegisteredModel> {
    this.#model(name);
    const version = waysBack(channelOf(this.models, name, channel)?.history ?? []).at(-1) ??
      fail('InvalidArgument', `'${String(channel).slice(0, 100)}' of ${name} named no other version before`, 'Name the version that you mean.');
    return this.#registered(name, version, undefined, signal);
  }

  #model(name: string): RegistryEntry {
    const { models } = this.#read;
    return Object.hasOwn(models, name) ? models[name]!
      : fail('InvalidArgument', `there is no model '${String(name).slice(0, 100)}'`, `There are ${Object.keys(models).slice(0, 10).join(', ') || 'none'}.`);
  }

  async #registered(name: string, version: string, channel: string | undefined, signal?: AbortSignal): Promise<RegisteredModel> {
    const entry = versionOf(this.models, name, version)!;
    const { integrity, externalData, signature } = entry;
    const { keys, monitor = {} } = this.#options;
    if (keys && !signature) fail('Integrity', `${name} ${version} is not signed`, 'Sign it with `insitu sign` and add it with --signature.');
    const external = Object.entries(externalData ?? {});
    const options: LoadOptions = {
      integrity,
      ...(external.length > 0 && {
        externalData: Object.fromEntries(external.map(([file, { url }]) => [file, this.#address(url)])),
        externalIntegrity: Object.fromEntries(external.map(([file, one]) => [file, one.integrity])),
      }),
      ...(keys && { trust: { signature: this.#address(signature!.url), keys, name: signature!.name } }),
      // A profile belongs to a model: one of another model is never kept.
      monitor: monitor && { ...monitor, profile: await this.#profile(entry, signal) },
    };
    return { registry: this, name, version, channel, url: this.#address(entry.url), options, entry };
  }

  /* With keys one that is signed, with the digest that it has here. */
  async #profile({ profile: file, signature }: RegistryVersion, signal?: AbortSignal): Promise<ReferenceProfile | undefined> {
    const { keys, monitor } = this.#options;
    if (!file || monitor === false) return undefined;
    const url = this.#address(file.url);
    const { bytes } = (await fetchBytes(url, { signal }))!;
    if (await integrityOf(bytes) !== file.integrity) fail('Integrity', `the SHA-256 of ${url} is not the one in the registry`, 'Get the file again, or add another version.');
    if (keys) {
      const signed = (await fetchBytes(this.#address(signature!.url), { signal }))!;
      await checkSigned(url, file.integrity, signed.bytes, keys);
    }
    try {
      return JSON.parse(new TextDecoder().decode(bytes));
    } catch (thrown) {
      return fail('InvalidArgument', `${url} is no JSON: ${messageOf(thrown)}`, 'Add a profile as `insitu profile` writes it.', { cause: thrown });
    }
  }

  #address(url: string): string {
    return addressOf(this.#base, url) ?? fail('InvalidModel', noAddress(url), formatHint);
  }
}
