// The files of an audit log: NAME.jsonl, NAME.2.jsonl ... in the origin private file system, or beside each other under Node.
// Invariant: while one appends nobody else does: other tabs wait for a Web Lock, other logs of this process for their turn. What
// an append that failed left in a file is not read, and is gone before the next one.
import { nodeModule } from '../environment.js';
import type { Files } from './store.js';

const folderName = 'insitu-audit';  // not that of the cache, which clearCache() removes

const fileName = (name: string, ending: string, n: number) => (n === 1 ? name + ending : `${name}.${n}${ending}`);

/* The numbers of those of these files that are of the log, the last one first. */
function numbersIn(names: readonly string[], name: string, ending: string): number[] {
  const numbers = names.map((one) => (one === name + ending ? 1 : Number(one.slice(name.length + 1, -ending.length || undefined))));
  return numbers.filter((n, i) => Number.isSafeInteger(n) && n > 0 && fileName(name, ending, n) === names[i]).sort((a, b) => b - a);
}

/** Rejects where there is no storage, as in some private windows. */
export async function openOpfs(name: string): Promise<Files> {
  const { storage, locks } = navigator;
  const folder = await (await storage.getDirectory()).getDirectoryHandle(folderName, { create: true });
  const ending = '.jsonl';
  const handleOf = (n: number, create = false) => folder.getFileHandle(fileName(name, ending, n), { create });
  const fileOf = async (n: number) => (await handleOf(n)).getFile();
  const { createWritable } = await handleOf(1, true);
  if (!locks || !createWritable) throw new Error('this browser has no Web Locks, or cannot write to it from a page');
  return {
    kind: 'opfs',
    async numbers() {
      const names: string[] = [];
      for await (const [one] of folder as unknown as AsyncIterable<[string]>) names.push(one);
      return numbersIn(names, name, ending);
    },
    async size(n) {
      return (await fileOf(n)).size;
    },
    async read(n, most) {
      const file = await fileOf(n);
      return new Uint8Array(await file.slice(Math.max(0, file.size - most)).arrayBuffer());
    },
    async append(n, bytes) {
      const handle = await handleOf(n, true);
      const { size } = await handle.getFile();
      const file = await handle.createWritable({ keepExistingData: true });  // a copy, which takes its place when it is closed
      try {
        await file.write({ type: 'write', position: size, data: bytes as Uint8Array<ArrayBuffer> });
        await file.close();
      } catch (thrown) {
        await file.abort().catch(() => {});
        throw thrown;
      }
    },
    async alone(work) {
      await locks.request(`${folderName}-${name}`, work);
    },
  };
}

/* What file systems say that know no datasync. */
const cannotSync = new Set(['EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/* Of each log of this process: the last append, and where a file ends behind which an append may have left something. */
const logs = new Map<string, { turn: Promise<void>; end?: { n: number; size: number } }>();

/** Rejects where the file cannot be read or made. */
export async function openFile(path: string | URL): Promise<Files> {
  const { open, readdir, realpath } = await nodeModule<typeof import('node:fs/promises')>('fs/promises');
  const { join, parse } = await nodeModule<typeof import('node:path')>('path');
  await (await open(path, 'a')).close();
  const key = await realpath(path);
  const { dir, name, ext } = parse(key);
  const log = logs.get(key) ?? { turn: Promise.resolve() };
  logs.set(key, log);
  type Handle = Awaited<ReturnType<typeof open>>;
  const withFile = async <T>(n: number, flags: string, work: (file: Handle, size: number) => Promise<T>): Promise<T> => {
    const file = await open(join(dir, fileName(name, ext, n)), flags);
    try {
      return await work(file, (await file.stat()).size);
    } finally {
      await file.close();
    }
  };
  const endOf = (n: number, size: number) => (log.end?.n === n ? Math.min(size, log.end.size) : size);
  /* What an append left that failed, else it would be there twice when it is tried again. */
  const takeBack = async () => {
    if (!log.end) return;
    const { n, size } = log.end;
    await withFile(n, 'a', async (file, now) => {
      if (now > size) await file.truncate(size);
    });
    log.end = undefined;
  };
  return {
    kind: 'file',
    numbers: async () => numbersIn(await readdir(dir), name, ext),
    size: (n) => withFile(n, 'r', async (_, size) => endOf(n, size)),
    read: (n, most) => withFile(n, 'r', async (file, size) => {
      const end = endOf(n, size);
      const bytes = new Uint8Array(Math.min(end, most));
      await file.read(bytes, 0, bytes.length, end - bytes.length);
      return bytes;
    }),
    async append(n, bytes) {
      try {
        await withFile(n, 'a', async (file, size) => {
          log.end = { n, size };
          await file.writeFile(bytes);
          await file.datasync().catch((thrown) => {
            if (!cannotSync.has(thrown?.code)) throw thrown;
          });
        });
        log.end = undefined;
      } catch (thrown) {
        await takeBack().catch(() => {});
        throw thrown;
      }
    },
    async alone(work) {
      const turn = log.turn.catch(() => {}).then(takeBack).then(work);
      log.turn = turn;
      await turn;
    },
  };
}
