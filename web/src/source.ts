// ModelSource -> chunks of bytes, wherever they come from, with progress and an AbortSignal.
// Invariant: the caller's buffers are never moved or changed; every failure is an InsituError.
import { either } from './abort.js';
import { isNode, openFile, pageUrl } from './environment.js';
import { fail, InsituError, throwIfAborted, toInsituError } from './errors.js';
import type { ModelSource } from './types.js';

export interface OpenSource {
  chunks: AsyncIterable<Uint8Array>;
  /** Bytes in all, where known. A compressed transfer does not tell. */
  total?: number;
  /** Lets go of it, as long as nothing of `chunks` was asked for; then their end does. */
  cancel?(): void;
}

const pieceBytes = 1 << 20;
const knownSources = 'Pass a URL, a Request, a Response, a Blob, an ArrayBuffer, a Uint8Array or a ReadableStream' +
  (isNode ? ', or the path of a file.' : '.');

/** All but Blobs, which the engine reads itself. `what` it is, for messages. */
export async function openSource(source: Exclude<ModelSource, Blob>, signal?: AbortSignal, what = 'model'): Promise<OpenSource> {
  throwIfAborted(signal);
  if (typeof source === 'string' || source instanceof URL) return openLocation(source, what, signal);
  if (source instanceof ArrayBuffer) return ofBytes(new Uint8Array(source));
  if (source instanceof Uint8Array) return ofBytes(source);
  if (source instanceof Request) return ofResponse(await request(source, source.url, signal), what, signal);
  if (source instanceof Response) return ofResponse(source, what, signal);
  if (source instanceof ReadableStream) return { chunks: ofStream(source, signal), cancel: () => drop(source) };
  return fail('InvalidArgument', `${Object.prototype.toString.call(source)} is no model source`, knownSources);
}

async function openLocation(location: string | URL, what: string, signal?: AbortSignal): Promise<OpenSource> {
  if (isNode && !/^(https?|data|blob):/i.test(String(location))) {
    const refuse = (thrown: unknown): never =>
      fail('Network', `cannot read ${location}: ${toInsituError(thrown).message}`, 'Check the path of the file.', thrown);
    try {
      const { chunks, ...file } = await openFile(/^file:/i.test(String(location)) ? new URL(location) : location);
      return { ...file, chunks: ofFile(chunks, refuse) };
    } catch (thrown) {
      refuse(thrown);
    }
  }
  let url: URL;
  try {
    url = new URL(location, pageUrl());
  } catch {
    fail('InvalidArgument', `'${location}' is no URL`, knownSources);
  }
  return ofResponse(await request(url, String(url), signal), what, signal);
}

async function* ofFile(chunks: AsyncIterable<Uint8Array>, refuse: (thrown: unknown) => never) {
  try {
    yield* chunks;
  } catch (thrown) {
    refuse(thrown);
  }
}

/* How answers were asked for, which can be asked for once more. */
const asked = new WeakMap<Response, URL | Request>();

/** Both the load's signal and that of a Request end it; fetch() takes one. */
export async function request(input: URL | Request, url: string, given?: AbortSignal): Promise<Response> {
  const signal = either(given, signalOf(input));
  try {
    const response = await fetch(input, { signal });
    asked.set(response, input);
    return response;
  } catch (thrown) {
    throwIfAborted(signal);
    fail('Network', `cannot reach ${url}: ${toInsituError(thrown).message}`,
      'Check the address, the connection, and CORS and connect-src where it is another origin.', thrown);
  }
}

const signalOf = (input?: URL | Request) => (input as Partial<Request> | undefined)?.signal;

function ofResponse(response: Response, what: string, given?: AbortSignal): OpenSource {
  const { url, status, headers } = response;
  if (!response.ok) fail('Network', `${url || 'the server'} answered ${status}`, `Check the address of the ${what}.`);
  if (headers.get('content-type')?.startsWith('text/html')) {
    fail('Network', `${url || 'the server'} answered with a web page, not a ${what}`, `Check the address of the ${what}.`);
  }
  if (response.bodyUsed || !response.body) {
    fail('InvalidArgument', 'the Response has no body left to read', 'Pass a fresh Response, or response.clone().');
  }
  const length = headers.get('content-encoding') ? null : headers.get('content-length');
  const input = asked.get(response);
  const signal = either(given, signalOf(input));
  return {
    chunks: input && headers.get('accept-ranges') ? resuming(response, input, signal) : ofStream(response.body, signal),
    total: length === null ? undefined : Number(length),
    cancel: () => drop(response.body!),
  };
}

function drop(stream: ReadableStream): void {
  stream.cancel().catch(() => {});
}

/* What goes on where it broke off, if it can. The module for it is asked for while there is a network. */
async function* resuming(response: Response, input: URL | Request, signal?: AbortSignal) {
  let module: typeof import('./resume.js') | undefined;
  const loading = import('./resume.js').then((loaded) => (module = loaded), () => {});
  let at = 0;
  let failure: unknown;
  try {
    for await (const chunk of ofStream(response.body!, signal, async (read) => {
      await Promise.race([loading, read]);
      return module?.patiently(read) ?? read;
    })) {
      at += chunk.byteLength;
      yield chunk;
    }
  } catch (thrown) {
    failure = thrown;
    await (signal?.aborted || loading);
  }
  if (module) yield* ofStream(module.restOf(response, input, at, failure, signal), signal);
  else if (failure) throw failure;
}

function ofBytes(bytes: Uint8Array): OpenSource {
  return { chunks: piecesOf(bytes), total: bytes.byteLength };
}

async function* piecesOf(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

async function* ofStream(stream: ReadableStream<Uint8Array>, signal?: AbortSignal, wait = <T>(read: Promise<T>) => read) {
  if (stream.locked) fail('InvalidArgument', 'the ReadableStream is already being read', 'Pass a fresh stream.');
  const reader = stream.getReader();
  const stop = () => void reader.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      const { done, value } = await wait(reader.read());
      throwIfAborted(signal);
      if (done) return;
      if (!(value instanceof Uint8Array)) {
        fail('InvalidArgument', 'the ReadableStream gives something other than Uint8Array', 'Pass a stream of bytes.');
      }
      yield value;
    }
  } catch (thrown) {
    throwIfAborted(signal);
    if (thrown instanceof InsituError) throw thrown;
    fail('Network', `the download broke off: ${toInsituError(thrown).message}`, 'Try again.', thrown);
  } finally {
    signal?.removeEventListener('abort', stop);
    stop();
  }
}
