// What differs between browsers and Node, all of it: files, threads, isolation, processor flags.
// Invariant: nothing of Node is imported unless this is Node, and never by a name a bundler would follow.

/* By this name no bundler takes it for a module that a page needs. */
const host = globalThis.process as (NodeJS.Process & { type?: string }) | undefined;

export const isNode = typeof host?.versions?.node === 'string' && host.type !== 'renderer';

/** A module of Node itself, whose name is put together at run time: bundlers for browsers warn of one that they can read. */
export function nodeModule<T>(name: string): Promise<T> {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ `${isNode ? 'node:' : ''}${name}`) as Promise<T>;
}

/** Whether memory can be shared between threads. */
export function isIsolated(): boolean {
  return isNode || globalThis.crossOriginIsolated === true;
}

export async function processorCount(): Promise<number> {
  const count = globalThis.navigator?.hardwareConcurrency;
  if (count !== undefined || !isNode) return count ?? 1;
  return (await nodeModule<typeof import('node:os')>('os')).availableParallelism();
}

/** Node 20 knows relaxed SIMD only behind this flag; it takes effect for what is compiled afterwards. */
export async function enableRelaxedSimd(): Promise<void> {
  if (!isNode) return;
  const v8 = await nodeModule<typeof import('node:v8')>('v8');
  v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
}

/** The chunks and size of a file, given as a path or a file: URL. */
export async function openFile(path: string | URL): Promise<{ chunks: AsyncIterable<Uint8Array>; total: number; cancel(): void }> {
  const fs = await nodeModule<typeof import('node:fs')>('fs');
  const { size } = await fs.promises.stat(path);
  const chunks = fs.createReadStream(path, { highWaterMark: 1 << 20 });
  return { chunks, total: size, cancel: () => void chunks.destroy() };
}

/** The bytes of a file, given as a path or a file: URL. */
export async function readFile(path: string | URL): Promise<Uint8Array> {
  const fs = await nodeModule<typeof import('node:fs/promises')>('fs/promises');
  return fs.readFile(path);
}

/** The base that relative model URLs are resolved against in a browser. */
export function pageUrl(): string | undefined {
  return globalThis.document?.baseURI ?? globalThis.location?.href;
}
