// Files that the engine reads by itself, piece by piece: Blobs, and files of the origin private file system.
import { InsituError, toInsituError } from '../errors.js';

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
  return ofBlob(await file.getFile());
}

function ofAccess(access: AccessHandle): Reader {
  return {
    size: access.getSize(),
    read: async (at, length) => (place) => {
      if (access.read(place, { at }) !== length) throw unreadable('it is shorter than it was');
    },
    close: () => access.close(),
  };
}

function ofBlob(blob: Blob): Reader {
  return {
    size: blob.size,
    async read(at, length) {
      const bytes = await blob.slice(at, at + length).arrayBuffer().catch((thrown) => {
        throw unreadable(toInsituError(thrown).message);
      });
      return (place) => place.set(new Uint8Array(bytes));
    },
    close() {},
  };
}

function unreadable(why: string): InsituError {
  return new InsituError({
    code: 'Network',
    message: `the file cannot be read: ${why}`,
    hint: 'It may have been changed since it was chosen: choose it again.',
  });
}
