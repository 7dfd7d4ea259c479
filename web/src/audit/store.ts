// Where an audit log lies: a file of the origin private file system, a file under Node, or memory.
// Invariant: bytes are only ever appended, all that are given or none; what was appended stays. While one appends nobody else does:
// other tabs wait for a Web Lock, other logs of this process for their turn.
import { nodeModule } from '../environment.js';

export interface Store {
  readonly kind: 'opfs' | 'file' | 'memory';
  /** The last `most` bytes, or all. */
  read(most?: number): Promise<Uint8Array>;
  /** Appends what `make` gives, alone. */
  append(make: () => Promise<Uint8Array>): Promise<void>;
}

const folderName = 'insitu-audit';  // not that of the cache, which clearCache() removes

export class MemoryStore implements Store {
  readonly kind = 'memory';
  #bytes = new Uint8Array();

  async read(most = Infinity): Promise<Uint8Array> {
    return this.#bytes.subarray(Math.max(0, this.#bytes.length - most));
  }

  async append(make: () => Promise<Uint8Array>): Promise<void> {
    const more = await make();
    const bytes = new Uint8Array(this.#bytes.length + more.length);
    bytes.set(this.#bytes);
    bytes.set(more, this.#bytes.length);
    this.#bytes = bytes;
  }
}

/** Rejects where there is no storage, as in some private windows. */
export async function openOpfs(name: string): Promise<Store> {
  const { storage, locks } = navigator;
  const folder = await (await storage.getDirectory()).getDirectoryHandle(folderName, { create: true });
  const handle = await folder.getFileHandle(`${name}.jsonl`, { create: true });
  if (!locks || !handle.createWritable) throw new Error('this browser has no Web Locks, or cannot write to it from a page');
  return {
    kind: 'opfs',
    async read(most = Infinity) {
      const file = await handle.getFile();
      return new Uint8Array(await file.slice(Math.max(0, file.size - most)).arrayBuffer());
    },
    async append(make) {
      await locks.request(`${folderName}-${name}`, async () => {
        const more = await make();
        const { size } = await handle.getFile();
        const file = await handle.createWritable({ keepExistingData: true });
        try {
          await file.write({ type: 'write', position: size, data: more as Uint8Array<ArrayBuffer> });
          await file.close();
        } catch (thrown) {
          await file.abort().catch(() => {});
          throw thrown;
        }
      });
    },
  };
}

/* What file systems say that know no datasync. */
const cannotSync = new Set(['EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/* The last append to each file. */
const turns = new Map<string, Promise<void>>();

/** Rejects where the file cannot be read or made. */
export async function openFile(path: string | URL): Promise<Store> {
  const { open, realpath, truncate } = await nodeModule<typeof import('node:fs/promises')>('fs/promises');
  await (await open(path, 'a')).close();
  const key = await realpath(path);
  return {
    kind: 'file',
    async read(most = Infinity) {
      const file = await open(path, 'r');
      try {
        const { size } = await file.stat();
        const bytes = new Uint8Array(Math.min(size, most));
        await file.read(bytes, 0, bytes.length, size - bytes.length);
        return bytes;
      } finally {
        await file.close();
      }
    },
    async append(make) {
      const turn = (turns.get(key) ?? Promise.resolve()).catch(() => {}).then(async () => {
        const more = await make();
        const file = await open(path, 'a');
        let size: number | undefined;
        try {
          try {
            ({ size } = await file.stat());
            await file.writeFile(more);
            await file.datasync().catch((thrown) => {
              if (!cannotSync.has(thrown?.code)) throw thrown;
            });
          } finally {
            await file.close();
          }
        } catch (thrown) {
          if (size !== undefined) await truncate(path, size).catch(() => {});  // else it would be there twice when it is tried again
          throw thrown;
        }
      });
      turns.set(key, turn);
      await turn;
    },
  };
}
