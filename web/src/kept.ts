// Kept models: what was prepared from a model, as a file in the origin private file system, for the next visit. A module of
// its own, because only those who ask for it load it: what it needs of the others is handed in.
// Invariant: a file is taken only where the model's source, the options, the browser and the build are those it was made
// with; whatever fails here, the model is loaded as if nothing had been kept.
import { pageUrl } from './environment.js';
import type { Client } from './rpc/client.js';
import type { SessionDescription } from './rpc/protocol.js';
import type { request } from './source.js';
import type { LoadOptions, ModelSource } from './types.js';

/** What a model is prepared for. Other `options` make another file; of another `build` the file is of no use. */
export interface Preparation {
  build: string;
  options: string;
}

const folderName = 'insitu';
const partBytes = 1 << 20;
const digestBytes = 32, headBytes = 2 * digestBytes;  // the stamp, and the model's own or zeros

/** Removes all that was kept for the page's origin; rejects with a DOMException where a file of it is in use. */
export async function clear(): Promise<void> {
  const root = await globalThis.navigator?.storage?.getDirectory?.().catch(() => undefined);
  await root?.removeEntry(folderName, { recursive: true }).catch((thrown) => {
    if ((thrown as DOMException).name !== 'NotFoundError') throw thrown;
  });
}

async function digest(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

const toHex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const fromHex = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));

/**
 * The Kept of a model; undefined where there is no storage or the model has no address. A model without `integrity` is asked
 * for at its address, and the headers of the answer tell whether it is still the same.
 */
export async function open(
  ask: typeof request,
  model: ModelSource,
  options: LoadOptions,
  preparation: Preparation,
): Promise<Kept | undefined> {
  if (!globalThis.navigator?.storage?.getDirectory) return undefined;  // as in Node and on insecure pages
  const { integrity, externalData = {}, signal } = options;
  const names = Object.keys(externalData);
  const sources = [model, ...Object.values(externalData)];
  const addresses = sources.map((source, i) => (i === 0 && integrity) || addressOf(source));
  if (!addresses.every((address) => address !== undefined)) return undefined;
  const identify = async (source: ModelSource, address: string) => {
    if (address === integrity) return { source, stamp: integrity };
    const response = await ask(source instanceof Request ? source : new URL(address), address, signal);
    const { headers } = response;
    const version = headers.get('etag') ?? headers.get('last-modified');
    return { source: response, stamp: response.ok && version ? `${version} ${headers.get('content-length')}` : undefined };
  };
  const [file, ...identified] = await Promise.all([
    findFile(JSON.stringify([addresses, names, preparation.options])),
    ...sources.map((source, i) => identify(source, addresses[i]!)),
  ]);
  const [main, ...others] = identified.map(({ source }) => source);
  const asked = { model: main!, externalData: Object.fromEntries(others.map((source, i) => [names[i]!, source])) };
  const stamps = identified.map(({ stamp }) => stamp);
  if (!file || stamps.includes(undefined)) return new Kept(options, asked);
  const stamp = await digest(JSON.stringify([stamps, preparation.build, navigator.userAgent]));
  return new Kept(options, asked, { ...file, stamp });
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
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(folderName, { create: true });
    const handle = await folder.getFileHandle(name).catch(() => undefined);
    const file = await handle?.getFile();
    const head = new Uint8Array(await file?.slice(0, headBytes).arrayBuffer() ?? []);
    return { folder, name, handle, size: file?.size ?? 0, head };
  } catch {
    return undefined;  // as in some private windows
  }
}

interface StoredFile {
  folder: FileSystemDirectoryHandle;
  name: string;
  /* undefined: it is not there yet. */
  handle?: FileSystemFileHandle;
  size: number;
  head: Uint8Array;
}

interface Place extends StoredFile {
  stamp: Uint8Array<ArrayBuffer>;
}

/** One model's place among those that are kept. */
export class Kept {
  /** The model and its external files, with the answers of those that have been asked for already. */
  readonly sources: { model: ModelSource; externalData: Record<string, ModelSource> };
  readonly #options: LoadOptions;
  readonly #place?: Place;

  constructor(options: LoadOptions, sources: Kept['sources'], place?: Place) {
    this.#options = options;
    this.sources = sources;
    this.#place = place;
  }

  /** Whether there is a place for it. */
  get keeps(): boolean {
    return this.#place !== undefined;
  }

  /** What `prepare` makes of the file that was kept, and of the model's digest; undefined where there is none of use. */
  async restore(
    client: Client,
    prepare: (found: { upload: number; sha256: string }) => Promise<SessionDescription>,
  ): Promise<SessionDescription | undefined> {
    const { signal, onProgress } = this.#options;
    let upload: number | undefined;
    try {
      if (!this.#place) return undefined;
      const { handle: file, size, head, stamp } = this.#place;
      if (!file || head.length < headBytes || stamp.some((byte, i) => byte !== head[i])) return undefined;
      const hash = head.subarray(digestBytes);
      const sha256 = hash.some(Boolean) ? toHex(hash) : '';
      upload = await client.call('begin', { total: size - headBytes, hash: false });
      await client.call('read', { upload, file, head }, {
        signal, onProgress: onProgress && ((progress) => onProgress({ ...progress, phase: 'restore' })),
      });
      const description = await prepare({ upload, sha256 });
      for (const source of [this.sources.model, ...Object.values(this.sources.externalData)]) {
        if (source instanceof Response) void source.body?.cancel().catch(() => {});
      }
      return description;
    } catch (thrown) {
      if (upload !== undefined) client.call('discard', { uploads: [upload] }).catch(() => {});
      if (signal?.aborted) throw thrown;
      await this.#place?.folder.removeEntry(this.#place.name).catch(() => {});
      return undefined;
    }
  }

  /** Stores what the session can be restored from, a part at a time between its runs. */
  async keep(client: Client, { session, sha256 }: SessionDescription): Promise<void> {
    if (!this.#place) return;
    const { folder, name, stamp } = this.#place;
    const { onProgress } = this.#options;
    try {
      const handle = await folder.getFileHandle(name, { create: true });
      const file = await handle.createWritable();
      let loaded = 0;
      try {
        const hash = new Uint8Array(digestBytes);
        hash.set(fromHex(sha256));
        await file.write(stamp);
        await file.write(hash);
        for (;;) {
          const part = await client.call('keptPart', { session, most: partBytes });
          if (part.byteLength === 0) break;
          await file.write(part);
          loaded += part.byteLength;
          onProgress?.({ phase: 'keep', loaded });
        }
        await file.close();
      } catch (thrown) {
        await file.abort();
        throw thrown;
      }
      onProgress?.({ phase: 'keep', loaded, total: loaded });
    } catch {
      // No room, or the session is gone: the next visit loads the model again.
      client.call('keptPart', { session, most: 0 }).catch(() => {});
    }
  }
}
