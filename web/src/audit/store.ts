// Where an audit log lies: memory, or files, the next of which is begun when one is full.
// Invariant: bytes are only ever appended, all that are given or none; what was appended stays. All files one behind the other
// are the log.
import { joined } from './entry.js';

/** What is appended. */
export interface Addition {
  bytes: Uint8Array;
  /** Whether they begin the next file. */
  begins: boolean;
}

export interface Store {
  readonly kind: 'opfs' | 'file' | 'memory';
  /** The last `most` bytes, or all. */
  read(most?: number): Promise<Uint8Array>;
  /** Appends what `make` gives, alone. `full`: it is time for the next file. */
  append(make: (full: boolean) => Promise<Addition>): Promise<void>;
}

/** The files of one log, by number from 1, and what file systems differ in. */
export interface Files {
  readonly kind: 'opfs' | 'file';
  /** Of those that are there, the last one first. */
  numbers(): Promise<number[]>;
  size(n: number): Promise<number>;
  /** The last `most` bytes, or all. */
  read(n: number, most: number): Promise<Uint8Array>;
  /** Appends all or nothing; makes the file where it is not there. */
  append(n: number, bytes: Uint8Array): Promise<void>;
  /** Does `work` while nobody else appends. */
  alone(work: () => Promise<void>): Promise<void>;
}

export class MemoryStore implements Store {
  readonly kind = 'memory';
  #bytes = new Uint8Array();

  async read(most = Infinity): Promise<Uint8Array> {
    return this.#bytes.subarray(Math.max(0, this.#bytes.length - most));
  }

  async append(make: (full: boolean) => Promise<Addition>): Promise<void> {
    const { bytes: more } = await make(false);
    const bytes = new Uint8Array(this.#bytes.length + more.length);
    bytes.set(this.#bytes);
    bytes.set(more, this.#bytes.length);
    this.#bytes = bytes;
  }
}

export class FileStore implements Store {
  readonly #files: Files;
  readonly #fileBytes: number;

  /** A file of `fileBytes` or more is full. */
  constructor(files: Files, fileBytes: number) {
    this.#files = files;
    this.#fileBytes = fileBytes;
  }

  get kind(): 'opfs' | 'file' {
    return this.#files.kind;
  }

  async read(most = Infinity): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let left = most;
    for (const n of await this.#files.numbers()) {
      if (left <= 0) break;
      parts.unshift(await this.#files.read(n, left));
      left -= parts[0]!.length;
    }
    return joined(parts);
  }

  async append(make: (full: boolean) => Promise<Addition>): Promise<void> {
    await this.#files.alone(async () => {
      const { n, size } = await this.#last();
      const { bytes, begins } = await make(size >= this.#fileBytes);
      await this.#files.append(begins ? n + 1 : n, bytes);
    });
  }

  /* One without a byte may be what is left of an append that failed: it is yet to be begun. */
  async #last(): Promise<{ n: number; size: number }> {
    for (const n of await this.#files.numbers()) {
      const size = await this.#files.size(n);
      if (size > 0) return { n, size };
    }
    return { n: 1, size: 0 };
  }
}
