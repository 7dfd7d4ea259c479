// An entry of an audit log, as a line: its canonical form, its digest, and what a line has to be to be one.
// Invariant: an entry has one line. Whatever byte of it is changed, it is no entry any more. Canonical JSON is that of RFC 8785,
// which takes numbers and strings as ECMAScript writes them.

/** A line of the log. */
export interface AuditEntry {
  /** 1, 2, 3 ... */
  readonly seq: number;
  /** When it was recorded, by the device's clock: ISO 8601 in UTC, with milliseconds. */
  readonly time: string;
  /** What happened; docs/how-to/audit.md lists what insitu records. */
  readonly event: string;
  /** More about it. */
  readonly details: Readonly<Record<string, unknown>>;
  /** The hash of the entry before; 64 zeros in the first. */
  readonly previous: string;
  /** SHA-256 of the canonical JSON of all the others, in hexadecimal. */
  readonly hash: string;
}

/** What the first entry has for `previous`, and the head of a log without entries. */
export const noHash = '0'.repeat(64);

const members = ['details', 'event', 'hash', 'previous', 'seq', 'time'];

/** Canonical JSON of what JSON.parse() may give: no spaces, members sorted by the UTF-16 code units of their names. */
export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const object = value as Record<string, unknown>;
  return `{${Object.keys(object).sort().map((name) => `${JSON.stringify(name)}:${canonical(object[name])}`).join()}}`;
}

export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const hashOf = (entry: Omit<AuditEntry, 'hash'>) => sha256(new TextEncoder().encode(canonical(entry)));

/** The entry with its hash. */
export async function sealed(entry: Omit<AuditEntry, 'hash'>): Promise<AuditEntry> {
  return { ...entry, hash: await hashOf(entry) };
}

/** What a line says, if it is an entry as it was written; whether it follows another one is not looked at. */
export async function readEntry(line: Uint8Array): Promise<AuditEntry | undefined> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
    const entry = JSON.parse(text) as AuditEntry;
    const { hash, ...rest } = entry;
    const isOne = Object.keys(entry).sort().join() === members.join() && Number.isSafeInteger(entry.seq) &&
      [entry.time, entry.event, entry.previous].every((text) => typeof text === 'string') && typeof entry.details === 'object' && entry.details !== null;
    return isOne && canonical(entry) === text && await hashOf(rest) === hash ? entry : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether these bytes behind an entry may be what is left of a write that did not end: one line, and no JSON, as every start of an
 * entry is. Whatever else is no entry was changed.
 */
export function brokeOff(bytes: Uint8Array): boolean {
  if (bytes.includes(10)) return false;
  try {
    JSON.parse(new TextDecoder().decode(bytes));
    return false;
  } catch {
    return true;
  }
}

/** Where each line begins and ends, without its line feed; the last one may have none. */
export function linesOf(bytes: Uint8Array): [from: number, to: number][] {
  const lines: [number, number][] = [];
  for (let from = 0; from < bytes.length;) {
    const at = bytes.indexOf(10, from);
    const to = at < 0 ? bytes.length : at;
    lines.push([from, to]);
    from = to + 1;
  }
  return lines;
}

/** The files of a log one behind the other. A line ends with its file, even where its line feed is missing. */
export function joined(files: readonly Uint8Array[]): Uint8Array {
  const parts = files.flatMap((file, i) => (i < files.length - 1 && file.length > 0 && file.at(-1) !== 10 ? [file, Uint8Array.of(10)] : [file]));
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
