// The end of an audit log, and the lines that follow it.
// Invariant: what is behind the last entry and is none is told by the next one, and a file that begins behind another says so.
import { brokeOff, canonical, linesOf, noHash, readEntry, sealed, sha256 } from './entry.js';
import type { Addition, Store } from './store.js';

const tailBytes = 128 << 10;

/** What an entry is made of. */
export interface Happening {
  time: string;
  event: string;
  details: Record<string, unknown>;
}

/** What the next entry follows. */
export interface Tail {
  seq: number;
  hash: string;
  /** What is behind the last entry, and no entry. */
  torn: Uint8Array;
  /** Whether the last line is ended. */
  ended: boolean;
}

/** The lines of these entries behind that tail, in the next file where the last one is full and ends with an entry. */
export async function chained({ seq, hash, torn, ended }: Tail, batch: readonly Happening[], full: boolean): Promise<Addition> {
  const { time } = batch[0]!;
  const begins = full && seq > 0 && torn.length === 0 && ended;
  const entries = [...batch];
  if (begins) entries.unshift({ time, event: 'continued', details: {} });
  else if (torn.length > 0 && brokeOff(torn)) entries.unshift({ time, event: 'torn', details: { bytes: torn.length, sha256: await sha256(torn) } });
  let text = ended ? '' : '\n';
  for (const entry of entries) {
    const line = await sealed({ ...entry, seq: ++seq, previous: hash });
    text += `${canonical(line)}\n`;
    hash = line.hash;
  }
  return { bytes: new TextEncoder().encode(text), begins };
}

export async function tailOf(store: Store): Promise<Tail> {
  const last = await store.read(tailBytes);
  return await findTail(last) ?? (last.length < tailBytes ? undefined : await findTail(await store.read()))
    ?? { seq: 0, hash: noHash, torn: withoutFeed(await store.read()), ended: last.length === 0 || last.at(-1) === 10 };
}

/* undefined where no line is an entry. */
async function findTail(bytes: Uint8Array): Promise<Tail | undefined> {
  for (const [from, to] of linesOf(bytes).reverse()) {
    const entry = await readEntry(bytes.subarray(from, to));
    if (entry) return { seq: entry.seq, hash: entry.hash, torn: withoutFeed(bytes.subarray(to + 1)), ended: bytes.at(-1) === 10 };
  }
  return undefined;
}

const withoutFeed = (bytes: Uint8Array) => bytes.subarray(0, bytes.at(-1) === 10 ? bytes.length - 1 : bytes.length);
