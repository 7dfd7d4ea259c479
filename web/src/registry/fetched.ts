// Bytes from an address, under Node also from a path, asked for only if they have changed.
// Invariant: every failure is an InsituError that names the address. In browsers the HTTP cache asks the server by its ETag, which
// takes no preflight; Node has no such cache, so the ETag is sent here.
import { isNode, readFile } from '../environment.js';
import { fail, messageOf } from '../fail.js';

export interface Fetched {
  bytes: Uint8Array<ArrayBuffer>;
  etag?: string;
}

/** undefined where the server says that what had this ETag has not changed. */
export async function fetchBytes(url: string, { signal, etag }: { signal?: AbortSignal; etag?: string } = {}): Promise<Fetched | undefined> {
  try {
    signal?.throwIfAborted();
    if (isNode && url.startsWith('file:')) return { bytes: new Uint8Array(await readFile(new URL(url))) };
    const response = await fetch(url, { signal, cache: 'no-cache', ...(isNode && etag !== undefined && { headers: { 'if-none-match': etag } }) });
    if (response.status === 304) return undefined;
    if (!response.ok) fail('Network', `${url} answered ${response.status}`, 'Check the address.');
    return { bytes: new Uint8Array(await response.arrayBuffer()), etag: response.headers.get('etag') ?? undefined };
  } catch (thrown) {
    if (signal?.aborted) fail('Cancelled', 'stopped by its AbortSignal', undefined, { cause: signal.reason });
    if ((thrown as Error)?.name === 'InsituError') throw thrown;
    return fail('Network', `cannot read ${url}: ${messageOf(thrown)}`,
      'Check the address, the connection, and CORS and connect-src where it is another origin.', { cause: thrown });
  }
}

/** 'sha256-<base64>' of bytes. */
export async function integrityOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (!globalThis.crypto?.subtle) {
    fail('InvalidArgument', 'there is no WebCrypto to take a digest with', 'Serve the page over https, or from localhost.');
  }
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}
