// Kept models: what was prepared from a model, as a file in the origin private file system, for the next visit. A module of
// its own, because only those who ask for it load it: what it needs of the others is handed in.
// Invariant: a file is taken only where the model's source, the options, the browser and the build are those it was made
// with; whatever fails here, the model is loaded as if nothing had been kept.
import { pageUrl } from './environment.js';
import type { ErrorCode, fail, InsituError } from './errors.js';
import { bytesBeside, defaultLimit, evict, fits, hold, holdRoom, openFolder, readRecord, writeRecord } from './kept-store.js';
import type { ModelRecord } from './kept-store.js';
import type { Client } from './rpc/client.js';
import type { SessionDescription } from './rpc/protocol.js';
import type { request } from './source.js';
import type { LoadOptions, ModelSource, Progress } from './types.js';

export { clear, list } from './kept-store.js';

/** What a model is prepared for. Other `options` make another file; of another `build` the file is of no use. */
export interface Preparation {
  build: string;
  options: string;
}

const partBytes = 1 << 20;
const digestBytes = 32, headBytes = 2 * digestBytes;  // the stamp, and the model's own or zeros, which the stamp covers

async function digest(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

const toHex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
/* 'sha256-<base64>' in hexadecimal. */
const digestIn = (integrity?: string) => integrity && toHex(Uint8Array.from(atob(integrity.slice(7)), (char) => char.charCodeAt(0)));
const fromHex = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));

/**
 * The Kept of a model; undefined where there is no storage or the model has no address. A model without `integrity` is asked
 * for at its address, and the headers of the answer tell whether it is still the same. Where nobody answers, what was kept of
 * that address is taken as it is; an answer that says no is an answer.
 */
export async function open(
  helpers: { request: typeof request; fail: typeof fail },
  model: ModelSource,
  options: LoadOptions,
  preparation: Preparation,
): Promise<Kept | undefined> {
  const { integrity, externalData = {}, externalIntegrity = {}, cacheBytes, signal } = options;
  if (cacheBytes !== undefined && !(cacheBytes >= 0)) {
    helpers.fail('InvalidArgument', `cacheBytes is ${cacheBytes}`, 'Pass how many bytes all kept models may take together.');
  }
  const { storage, locks } = globalThis.navigator ?? {};
  if (!storage?.getDirectory || !locks) return undefined;  // as in Node and on insecure pages
  const names = Object.keys(externalData);
  const sources = [model, ...Object.values(externalData)];
  const digests = [integrity, ...names.map((name) => (Object.hasOwn(externalIntegrity, name) ? externalIntegrity[name] : undefined))];
  const addresses = sources.map((source, i) => digests[i] ?? addressOf(source));
  if (!addresses.every((address) => address !== undefined)) return undefined;
  const identify = async (source: ModelSource, i: number): Promise<{ source: ModelSource; stamp?: string; failure?: unknown }> => {
    const address = addresses[i]!;
    if (digests[i] !== undefined) return { source, stamp: address };
    try {
      const response = await helpers.request(source instanceof Request ? source : new URL(address), address, signal);
      const { headers } = response;
      const version = headers.get('etag') ?? headers.get('last-modified');
      return { source: response, stamp: response.ok && version ? `${version} ${headers.get('content-length')}` : undefined };
    } catch (failure) {
      if ((failure as Partial<InsituError>).code === 'Cancelled') throw failure;  // by the load's signal or the Request's own
      return { source, failure };
    }
  };
  const [file, ...identified] = await Promise.all([
    findFile(JSON.stringify([addresses, names, externalIntegrity, preparation.options])),
    ...sources.map(identify),
  ]);
  const [main, ...others] = identified.map(({ source }) => source);
  const asked = { model: main!, externalData: Object.fromEntries(others.map((source, i) => [names[i]!, source])) };
  const failed = identified.find(({ failure }) => failure);
  const stamps = identified.map(({ stamp, failure }, i) => (failure ? file?.record.stamps?.[i] : stamp));
  const record = { ...file?.record, url: addressOf(model), stamps: stamps as string[] };
  const place = file && !stamps.includes(undefined)
    ? await placeIn(file, record, JSON.stringify([stamps, preparation.build, navigator.userAgent]))
    : undefined;
  if (failed && !(place && isOf(place))) throw failed.failure;
  return new Kept(options, asked, failed !== undefined, place);
}

/* undefined for what has none, like a Blob. */
function addressOf(source: ModelSource): string | undefined {
  if (source instanceof Request) return source.url;
  if (typeof source !== 'string' && !(source instanceof URL)) return undefined;
  return URL.canParse(source, pageUrl()) ? new URL(source, pageUrl()).href : undefined;
}

/* The file of that key. undefined where there is no storage. */
async function findFile(key: string): Promise<StoredFile | undefined> {
  try {
    const name = toHex(await digest(key));
    const folder = await openFolder();
    return { folder, name, record: await readRecord(folder, name), ...await readHead(folder, name) };
  } catch {
    return undefined;  // as in some private windows
  }
}

async function readHead(folder: FileSystemDirectoryHandle, name: string): Promise<Pick<StoredFile, 'handle' | 'size' | 'head'>> {
  const handle = await folder.getFileHandle(name).catch(() => undefined);
  const file = await handle?.getFile();
  return { handle, size: file?.size ?? 0, head: new Uint8Array(await file?.slice(0, headBytes).arrayBuffer() ?? []) };
}

interface StoredFile {
  folder: FileSystemDirectoryHandle;
  name: string;
  /* undefined: it is not there yet. */
  handle?: FileSystemFileHandle;
  size: number;
  head: Uint8Array;
  record: ModelRecord;
}

interface Place extends StoredFile {
  /* What the model was prepared from, and for. */
  version: string;
  /* That of the file which is there, if it is of this version. */
  stamp: Uint8Array<ArrayBuffer>;
}

/* What was read of a kept model, and the model's digest. */
interface Found {
  upload: number;
  sha256: string;
}

const stampOf = (version: string, hash: Uint8Array) => digest(version + toHex(hash));

async function placeIn(file: StoredFile, record: ModelRecord, version: string): Promise<Place> {
  return { ...file, record, version, stamp: await stampOf(version, file.head.subarray(digestBytes)) };
}

/* Whether what is there is of this version of the model and can be of use. */
function isOf({ head, stamp }: Pick<Place, 'head' | 'stamp'>): boolean {
  return head.length === headBytes && stamp.every((byte, i) => byte === head[i]);
}

/* Whether the file is at fault: damaged, unreadable, or such that the engine breaks. */
const isOfFile = (code?: ErrorCode) => code === 'InvalidModel' || code === 'Network' || code === 'Crashed';

/** One model's place among those that are kept. */
export class Kept {
  /** The model and its external files, with the answers of those that have been asked for already. */
  readonly sources: { model: ModelSource; externalData: Record<string, ModelSource> };
  readonly #options: LoadOptions;
  readonly #unchecked: boolean;
  readonly #place?: Place;

  constructor(options: LoadOptions, sources: Kept['sources'], unchecked: boolean, place?: Place) {
    this.#options = options;
    this.sources = sources;
    this.#unchecked = unchecked;
    this.#place = place;
  }

  /** Whether there is a place for it. */
  get keeps(): boolean {
    return this.#place !== undefined;
  }

  /** What `prepare` makes of the file that was kept, and of the model's digest; undefined where there is none of use. */
  async restore<T>(client: Client, prepare: (found: Found) => Promise<T>): Promise<T | undefined> {
    const place = this.#place;
    if (!place || !isOf(place)) return undefined;
    const { folder, name } = place;
    const { signal } = this.#options;
    try {
      const prepared = await hold(name, 'shared', () => this.#read(client, place, prepare));
      if (!prepared) return undefined;
      for (const source of [this.sources.model, ...Object.values(this.sources.externalData)]) {
        if (source instanceof Response) void source.body?.cancel().catch(() => {});
      }
      hold(name, 'shared', async () => {
        await folder.getFileHandle(name);
        await writeRecord(folder, name, place.record);
      }).catch(() => {});
      return prepared;
    } catch (thrown) {
      if (signal?.aborted) throw thrown;
      return undefined;
    }
  }

  async #read<T>(client: Client, { folder, name, handle, size, head }: Place, prepare: (found: Found) => Promise<T>): Promise<T> {
    const { signal, onProgress } = this.#options;
    const unchecked = this.#unchecked ? { unchecked: true as const } : undefined;
    const report = (progress: Progress) => onProgress?.({ ...progress, phase: 'restore', ...unchecked });
    let upload: number | undefined;
    try {
      const hash = head.subarray(digestBytes);
      const sha256 = hash.some(Boolean) ? toHex(hash) : '';
      upload = await client.call('begin', { total: size - headBytes, hash: false });
      await client.call('read', { upload, file: handle!, head }, { signal, onProgress: report });
      return await prepare({ upload, sha256 });
    } catch (thrown) {
      if (upload !== undefined) client.call('discard', { uploads: [upload] }).catch(() => {});
      if (isOfFile((thrown as Partial<InsituError>).code)) await folder.removeEntry(name).catch(() => {});
      throw thrown;
    }
  }

  /** Stores what the session can be restored from, a part at a time between its runs, unless another tab does. */
  async keep(client: Client, { session, sha256 }: SessionDescription): Promise<void> {
    const place = this.#place;
    if (!place) return;
    try {
      await hold(place.name, 'exclusive', () => this.#write(client, session, sha256, place));
    } catch {
      // No room, or the session is gone: the next visit loads the model again.
    }
    client.call('keptPart', { session, most: 0 }).catch(() => {});
  }

  async #write(client: Client, session: number, sha256: string, { folder, name, record, version }: Place): Promise<void> {
    const { integrity, onProgress, cacheBytes = await defaultLimit() } = this.#options;
    const done = (total: number) => onProgress?.({ phase: 'keep', loaded: total, total });
    const hash = new Uint8Array(digestBytes);
    hash.set(fromHex(sha256));
    const stamp = await stampOf(version, hash);
    const there = await readHead(folder, name);
    if (isOf({ ...there, stamp })) return done(there.size - headBytes);
    const handle = await folder.getFileHandle(name, { create: true });
    const file = await handle.createWritable();
    try {
      let part = new Uint8Array([...stamp, ...hash]).buffer;
      let size = 0;
      do {
        size += part.byteLength;
        if (size > cacheBytes) throw new RangeError('larger than all kept models may be');
        while (!(await fits(handle, part.byteLength))) {
          if (!(await evict(folder, name, 1))) throw new RangeError('no room');
        }
        await file.write(part);
        onProgress?.({ phase: 'keep', loaded: size - headBytes });
        part = await client.call('keptPart', { session, most: partBytes });
      } while (part.byteLength > 0);
      await holdRoom(async () => {
        const tooMany = await bytesBeside(folder, name) + size - cacheBytes;
        if (!(await evict(folder, name, tooMany))) throw new RangeError('no room');
        await file.close();
        await writeRecord(folder, name, { ...record, sha256: sha256 || digestIn(integrity) }).catch(() => {});
      });
      done(size - headBytes);
    } catch (thrown) {
      await file.abort().catch(() => {});
      if (!there.handle) await folder.removeEntry(name).catch(() => {});
      throw thrown;
    }
  }
}
