// Files that the engine reads by itself, piece by piece: Blobs, and files of the origin private file system.
import { fail, toInsituError } from '../errors.js';

export interface Reader {
  readonly size: number;
  /** Fetches `length` bytes from `at` on and gives what puts them in place, which may wait no more. */
  read(at: number, length: number): Promise<(place: Uint8Array) => void>;
  close(): void;
}

/* What dedicated workers have, and the types of pages do not know. */
interface AccessHandle {
  getSize(): number;
  read(into: Uint8Array, options: { at: number }): number;
  close(): void;
}
type WithAccess = FileSystemFileHandle & { createSyncAccessHandle?(options: object): Promise<AccessHandle> };

export async function openReader(file: Blob | FileSystemFileHandle): Promise<Reader> {
  if (file instanceof Blob) return ofBlob(file);
  try {
    // Bytes go to where they belong without a buffer in between, which takes half the time.
    const access = await (file as WithAccess).createSyncAccessHandle?.({ mode: 'read-only' });
    if (access) return ofAccess(access);
  } catch {
    // Another tab has it open.
  }
  return ofBlob(await file.getFile().catch(unreadable));
}

/** Fails unless the file begins so. */
export async function checkHead(reader: Reader, head: Uint8Array): Promise<void> {
  if (head.length === 0) return;
  const found = new Uint8Array(head.length);
  if (reader.size >= head.length) (await reader.read(0, head.length))(found);
  if (found.some((byte, i) => byte !== head[i])) unreadable('it is another one by now');
}

function ofAccess(access: AccessHandle): Reader {
  return {
    size: access.getSize(),
    read: async (at, length) => (place) => {
      let count = 0;
      try {
        count = access.read(place, { at });
      } catch (thrown) {
        unreadable(thrown);
      }
      if (count !== length) unreadable('it is shorter than it was');
    },
    close: () => access.close(),
  };
}

function ofBlob(blob: Blob): Reader {
  return {
    size: blob.size,
    async read(at, length) {
      const bytes = await blob.slice(at, at + length).arrayBuffer().catch(unreadable);
      return (place) => place.set(new Uint8Array(bytes));
    },
    close() {},
  };
}

function unreadable(why: unknown): never {
  fail('Network', `the file cannot be read: ${toInsituError(why).message}`,
    'It may have been changed since it was chosen: choose it again.', why);
}
