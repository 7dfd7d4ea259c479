// A model on its way into the engine's memory, chunk by chunk, and the check of its digest.
// Invariant: of what was sent for a load that fails or is aborted, nothing stays behind.
import type { Decrypt } from './encryption/encryption.js';
import { fail, throwIfAborted } from './errors.js';
import type { Client } from './rpc/client.js';
import type { Uploaded } from './rpc/protocol.js';
import { openSource } from './source.js';
import type { LoadOptions, ModelSource } from './types.js';

const chunksUnderWay = 8;

interface UploadOptions extends Pick<LoadOptions, 'integrity' | 'externalData' | 'externalIntegrity' | 'signal' | 'onProgress'> {
  /** Opens sources that are encrypted. */
  decrypt?: Decrypt;
}

/** Sends the model and its external files; `hash` when the engine shall know the model's digest. */
export async function upload(
  client: Client,
  model: ModelSource,
  options: UploadOptions,
  hash: boolean,
): Promise<Uploaded> {
  const { integrity, externalData = {}, externalIntegrity = {}, signal, onProgress } = options;
  const digests = new Map(Object.entries(externalIntegrity).map(([name, text]) => [name, parseIntegrity(text)]));
  const unknown = [...digests.keys()].find((name) => !Object.hasOwn(externalData, name));
  if (unknown !== undefined) fail('InvalidArgument', `externalIntegrity names '${unknown}', which externalData does not`, 'Use the same names in both.');
  const sha256 = integrity === undefined ? undefined : parseIntegrity(integrity);
  const begun: number[] = [];
  const verified = async (what: string, source: ModelSource, sha256: string | undefined, hash: boolean) => {
    const id = await send(client, source, what, options, hash || sha256 !== undefined, begun);
    if (sha256 !== undefined) {
      onProgress?.({ phase: 'verify', loaded: 0, total: 1 });
      await client.call('verify', { upload: id, sha256, what }, { signal });
      onProgress?.({ phase: 'verify', loaded: 1, total: 1 });
    }
    return id;
  };
  try {
    const main = await verified('the model', model, sha256, hash);
    const external: [string, number][] = [];
    for (const [name, source] of Object.entries(externalData)) {
      external.push([name, await verified(`'${name}'`, source, digests.get(name), false)]);
    }
    return { upload: main, external: Object.fromEntries(external) };
  } catch (thrown) {
    client.call('discard', { uploads: begun }).catch(() => {});
    throw thrown;
  }
}

async function send(
  client: Client,
  source: ModelSource,
  what: string,
  { decrypt, signal, onProgress }: UploadOptions,
  hash: boolean,
  begun: number[],
): Promise<number> {
  const begin = async (total?: number) => {
    const id = await client.call('begin', { total, hash });
    begun.push(id);
    return id;
  };
  throwIfAborted(signal);
  if (source instanceof Blob && !decrypt) {
    const upload = await begin(source.size);
    await client.call('read', { upload, file: source, head: new Uint8Array() }, { signal, onProgress });
    return upload;
  }
  const { chunks, total, cancel } = await (decrypt ? decrypt(source, what, signal) : openSource(source as Exclude<ModelSource, Blob>, signal));
  const id = await begin(total).catch((thrown) => {
    cancel?.();
    throw thrown;
  });
  let loaded = 0;
  const sent: Promise<void>[] = [];
  onProgress?.({ phase: 'download', loaded, total });
  for await (const chunk of chunks) {
    if (sent.length === chunksUnderWay) await sent.shift();
    throwIfAborted(signal);
    loaded += chunk.byteLength;
    const bytes = new Uint8Array(chunk);
    const taken = client.call('chunk', { upload: id, bytes }, { transfer: [bytes.buffer] });
    taken.catch(() => {});
    sent.push(taken);
    onProgress?.({ phase: 'download', loaded, total });
  }
  await Promise.all(sent);
  return id;
}

/** 'sha256-<base64>' as hexadecimal. */
function parseIntegrity(integrity: string): string {
  const text = String(integrity);
  const base64 = /^sha256-([A-Za-z0-9+/]{43}=)$/.exec(text)?.[1];
  if (!base64) {
    fail('InvalidArgument', `'${text}' is no integrity`,
      "Write sha256- and the 44 characters of the digest in base64, as `openssl dgst -sha256 -binary FILE | base64` does.");
  }
  return Array.from(atob(base64), (char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}
