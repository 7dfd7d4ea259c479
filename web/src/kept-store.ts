// The folder of the origin private file system in which models and watches are kept: what is there, what goes to make room,
// and who may touch what. A model is two files: NAME, and NAME.json with what is known of it, written anew whenever the model
// is used, so that its date is the model's.
// Invariant: files are replaced whole or not at all. Whoever reads a model holds its lock, shared; whoever writes or removes
// it holds it alone; nobody waits for such a lock, and with a tab that is gone its locks are, too.
import type { CacheEntry } from './types.js';

const folderName = 'insitu';
const watchPrefix = 'watch-';
const recordSuffix = '.json';
const modelName = /^[0-9a-f]{64}$/;

/** What is written down of a kept model. */
export interface ModelRecord {
  url?: string;
  sha256?: string;
  /** What told the versions of the model and its external files apart. */
  stamps?: string[];
}

/** An entry and the name of its file. */
interface Listed {
  name: string;
  entry: CacheEntry;
}

/** The folder. Rejects where there is no storage, as in some private windows. */
export async function openFolder(create = true): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(folderName, { create });
}

/** The lock of a file. */
export const lockName = (name: string) => `${folderName}-${name}`;

/** What `work` gives, with the lock of that name; undefined where another one has it. */
export async function hold<T>(name: string, mode: LockMode, work: () => Promise<T>): Promise<T | undefined> {
  return navigator.locks.request(lockName(name), { mode, ifAvailable: true }, async (lock) => (lock ? work() : undefined));
}

/** What `work` gives, when no other tab makes room. */
export async function holdRoom(work: () => Promise<void>): Promise<void> {
  await navigator.locks.request(lockName('room'), work);
}

/** Puts what `fill` writes in the place of the file. */
export async function replace(handle: FileSystemFileHandle, fill: (file: FileSystemWritableFileStream) => Promise<void>): Promise<void> {
  const file = await handle.createWritable();
  try {
    await fill(file);
    await file.close();
  } catch (thrown) {
    await file.abort().catch(() => {});
    throw thrown;
  }
}

/** Writes down what is known of a model, and that it has been used now. */
export async function writeRecord(folder: FileSystemDirectoryHandle, name: string, record: ModelRecord): Promise<void> {
  const handle = await folder.getFileHandle(name + recordSuffix, { create: true });
  await replace(handle, (file) => file.write(JSON.stringify(record)));
}

/** What is known of a model, and when it was used last; nothing where it was not written down, or is no record. */
export async function readRecord(folder: FileSystemDirectoryHandle, name: string): Promise<ModelRecord & { usedAt?: number }> {
  try {
    const file = await (await folder.getFileHandle(name + recordSuffix)).getFile();
    const { url, sha256, stamps } = JSON.parse(await file.text()) as Record<string, unknown>;
    const isList = Array.isArray(stamps);
    return { url: textOrNone(url), sha256: textOrNone(sha256), stamps: isList ? stamps.map(String) : undefined, usedAt: file.lastModified };
  } catch {
    return {};
  }
}

const textOrNone = (value: unknown) => (typeof value === 'string' ? value : undefined);

async function listAll(folder: FileSystemDirectoryHandle): Promise<Listed[]> {
  const listed: Listed[] = [];
  for await (const [name, handle] of folder as unknown as AsyncIterable<[string, FileSystemHandle]>) {
    const isModel = modelName.test(name), sha256 = isModel ? undefined : watchedModel(name);
    if (!isModel && !sha256) continue;
    const file = await (handle as FileSystemFileHandle).getFile().catch(() => undefined);
    if (!file?.size) continue;  // it has just been removed, or is not there yet
    const { size: bytes, lastModified } = file;
    if (!isModel) {
      listed.push({ name, entry: { kind: 'watch', sha256, bytes, lastUsed: lastModified } });
      continue;
    }
    const { url, sha256: digest, usedAt } = await readRecord(folder, name);
    listed.push({ name, entry: { kind: 'model', url, sha256: digest, bytes, lastUsed: usedAt ?? lastModified } });
  }
  return listed.sort((a, b) => a.entry.lastUsed - b.entry.lastUsed);
}

function watchedModel(name: string): string | undefined {
  const digest = name.startsWith(watchPrefix) ? name.slice(watchPrefix.length) : '';
  return modelName.test(digest) ? digest : undefined;
}

/** The name of the file that keeps the watch over the model of that digest. */
export function watchName(sha256: string): string {
  return watchPrefix + sha256;
}

/** Everything that is kept for the page's origin, longest unused first. */
export async function list(): Promise<CacheEntry[]> {
  const folder = await openFolder(false).catch(() => undefined);
  return folder ? (await listAll(folder)).map(({ entry }) => entry) : [];
}

/** Removes what `filter` chooses, or everything. Gives how many of these are in use and stayed. */
export async function clear(filter?: (entry: CacheEntry) => boolean): Promise<number> {
  const folder = await openFolder(false).catch(() => undefined);
  if (!folder) return 0;
  let inUse = 0;
  for (const { name, entry } of await listAll(folder)) {
    if ((!filter || filter(entry)) && !(await remove(folder, name, entry.kind))) inUse++;
  }
  if (!filter && inUse === 0) {
    await (await navigator.storage.getDirectory()).removeEntry(folderName, { recursive: true }).catch(() => inUse++);
  }
  return inUse;
}

/* A watch goes on without its file, and writes another. */
async function remove(folder: FileSystemDirectoryHandle, name: string, kind: CacheEntry['kind']): Promise<boolean> {
  const removed = async () => {
    await folder.removeEntry(name);
    await folder.removeEntry(name + recordSuffix).catch(() => {});
    return true;
  };
  return (await (kind === 'watch' || !navigator.locks ? removed() : hold(name, 'exclusive', removed)).catch(() => false)) ?? false;
}

/** How many bytes the kept models other than `name` take. */
export async function bytesBeside(folder: FileSystemDirectoryHandle, name: string): Promise<number> {
  return (await modelsBeside(folder, name)).reduce((sum, { entry }) => sum + entry.bytes, 0);
}

/** Removes the models unused longest, except `name`, until these bytes are free; false: they cannot be had. */
export async function evict(folder: FileSystemDirectoryHandle, name: string, bytes: number): Promise<boolean> {
  for (const model of await modelsBeside(folder, name)) {
    if (bytes <= 0) break;
    if (await remove(folder, model.name, 'model')) bytes -= model.entry.bytes;
  }
  return bytes <= 0;
}

async function modelsBeside(folder: FileSystemDirectoryHandle, name: string): Promise<Listed[]> {
  return (await listAll(folder)).filter((other) => other.entry.kind === 'model' && other.name !== name);
}

/** Whether the origin may store so much more. What navigator.storage.estimate() says of it is not true everywhere. */
export async function fits(handle: FileSystemFileHandle, bytes: number): Promise<boolean> {
  const trial = await handle.createWritable();
  return trial.truncate(bytes).then(() => true, () => false).finally(() => trial.abort().catch(() => {}));
}

/** What kept models may take where nobody says: 1 GiB, or two fifths of what the origin may store where that is less. */
export async function defaultLimit(): Promise<number> {
  const { quota = Infinity } = await navigator.storage.estimate().catch(() => ({}) as StorageEstimate);
  return Math.min(1 << 30, 0.4 * quota);
}
