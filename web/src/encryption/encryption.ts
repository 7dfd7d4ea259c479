// Encrypted models: what is downloaded is decrypted shard by shard on its way into the engine's memory. A module of its own,
// because only those who ask for it load it: what it needs of the others is handed in.
// Invariant: nothing is given on that was not authenticated, the sizes in the header included; of what was not, one shard is in
// memory. Plaintext goes into the engine and nowhere else.
import type { fail } from '../errors.js';
import type { openSource, OpenSource } from '../source.js';
import type { LoadOptions, ModelSource } from '../types.js';
import { bytesIn, headerBytes, keyBytes, nonceOf, readHeader, tagBytes } from './format.js';
import type { Header } from './format.js';

/** What the others lend. */
interface Lent {
  fail: typeof fail;
  openSource: typeof openSource;
}

/** Opens an encrypted source as what it is the ciphertext of. `what` is what errors call it. */
export type Decrypt = (source: ModelSource, what: string, signal?: AbortSignal) => Promise<OpenSource>;

/** What decrypts with the key in `encryption`, once that and the options beside it are checked. */
export async function decryptor(lent: Lent, { encryption, cache }: LoadOptions): Promise<Decrypt> {
  if (cache === 'opfs') {
    lent.fail('InvalidArgument', "cache: 'opfs' does not go with `encryption`: what is kept are prepared weights, in the clear",
      "Leave `cache` out, or pass cache: 'none'; the browser's HTTP cache keeps the encrypted file.");
  }
  const key = await keyOf(lent, encryption?.key);
  return async (source, what, signal) => {
    const { chunks } = await lent.openSource(source instanceof Blob ? source.stream() : source, signal);
    let header!: Header;
    const shards = decrypted(lent, key, chunks, what, (found) => (header = found));
    // The first shard authenticates the header, which says how much room the engine is asked for.
    const first = await shards.next();
    return { chunks: after(first.value!, shards), total: header.total, cancel: () => void shards.return(undefined) };
  };
}

async function keyOf({ fail }: Lent, key: unknown): Promise<CryptoKey> {
  const { subtle } = globalThis.crypto ?? {};
  if (!subtle) fail('InvalidArgument', '`encryption` needs WebCrypto', 'Serve the page over https, or from localhost.');
  if (key instanceof Uint8Array) {
    if (key.length !== keyBytes) fail('InvalidArgument', `encryption.key has ${key.length} bytes`, `Pass ${keyBytes}.`);
    return subtle.importKey('raw', new Uint8Array(key), 'AES-GCM', false, ['decrypt']);
  }
  const { algorithm, usages } = (key ?? {}) as Partial<CryptoKey>;
  const { name, length } = (algorithm ?? {}) as Partial<AesKeyAlgorithm>;
  if (name !== 'AES-GCM' || length !== 8 * keyBytes || !usages?.includes('decrypt')) {
    fail('InvalidArgument', 'encryption.key is no key', `Pass ${keyBytes} bytes as a Uint8Array, or a CryptoKey of AES-GCM with 256 bits that may decrypt.`);
  }
  return key as CryptoKey;
}

async function* decrypted(
  { fail }: Lent,
  key: CryptoKey,
  chunks: AsyncIterable<Uint8Array>,
  what: string,
  tell: (header: Header) => void,
): AsyncGenerator<Uint8Array, undefined> {
  const file = new Pieces(chunks);
  const changed = (message: string) => fail('Integrity', message, 'The file was changed, or damaged on its way: load it again.');
  try {
    const additionalData = await file.take(headerBytes);
    const header = readHeader(additionalData);
    if (header === 'magic') {
      fail('Integrity', `${what} is not encrypted as insitu does it`, 'Encrypt it with `insitu encrypt`, or load it without `encryption`.');
    }
    if (typeof header === 'string') return changed(`the header of ${what} is wrong: ${header}`);
    tell(header);
    for (let shard = 0; shard < header.shards; shard++) {
      const place = `shard ${shard + 1} of ${header.shards}`;
      const length = bytesIn(header, shard) + tagBytes;
      const sealed = await file.take(length);
      if (sealed.length < length) changed(`${what} ends in ${place}`);
      yield new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv: nonceOf(header, shard), additionalData }, key, sealed)
        .catch(() => fail('Integrity', `${place} of ${what} does not decrypt`,
          'The key is another one, or the file was changed or damaged on its way.')));
    }
    if ((await file.take(1)).length > 0) changed(`${what} goes on after its last shard`);
  } finally {
    await file.close();
  }
}

async function* after(first: Uint8Array, rest: AsyncGenerator<Uint8Array, undefined>) {
  try {
    yield first;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

/* Chunks in pieces of other lengths. */
class Pieces {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #left = new Uint8Array();

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Fewer where there are no more. */
  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const taken = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      if (this.#left.length === 0) {
        const { done, value } = await this.#chunks.next();
        if (done) break;
        this.#left = value as Uint8Array<ArrayBuffer>;
      }
      const part = this.#left.subarray(0, length - at);
      taken.set(part, at);
      at += part.length;
      this.#left = this.#left.subarray(part.length);
    }
    return taken.subarray(0, at);
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
