// Whether an audit log holds, and if not, where it stops to do so and what was done there.
// Invariant: of several faults the first line that does not hold is told. What was done is inferred from the other lines: where
// several things would look the same, `why` says so.
import { brokeOff, linesOf, noHash, readEntry, sha256 } from './entry.js';
import type { AuditEntry } from './entry.js';

/** Where a log does not hold. */
export interface AuditProblem {
  /** Of the file, from 1. */
  readonly line: number;
  /** What was done there; 'torn': the last line breaks off. */
  readonly what: 'changed' | 'removed' | 'inserted' | 'duplicated' | 'reordered' | 'truncated' | 'torn';
  /** The same in words. */
  readonly why: string;
}

/** What was found out about a log. */
export interface AuditReport {
  /** Whether every entry is as it was written and follows the one before, and the head is among them. */
  readonly holds: boolean;
  /** How many entries hold, from the first line on. */
  readonly entries: number;
  /** The hash of the last of these. */
  readonly head: string;
  /** Lines that broke off, as in a crash, and that the entry after them tells of. */
  readonly torn: readonly number[];
  /** Where it goes on from files that were not given: what these have. */
  readonly continues?: {
    /** How many entries. */
    readonly entries: number;
    /** The hash of the last one. */
    readonly head: string;
  };
  /** Where it does not hold. */
  readonly problem?: AuditProblem;
}

/* All lines of a file, and which of them say that they follow what. */
interface Lines {
  bytes: Uint8Array;
  places: [from: number, to: number][];
  entries: (AuditEntry | undefined)[];
  byHash: Map<string, number[]>;
  byPrevious: Map<string, number[]>;
}

/** Checks the bytes of a log, and that `head` is among its hashes. */
export async function verifyLog(log: Uint8Array, head?: string): Promise<AuditReport> {
  const lines = await readLines(log);
  const torn: number[] = [];
  const before = continued(lines);
  let last = before ?? { seq: 0, hash: noHash };
  let reached = head === undefined || head === noHash || head === before?.hash;
  const report = (problem?: AuditProblem): AuditReport => ({
    holds: problem === undefined, entries: last.seq - (before?.seq ?? 0), head: last.hash, torn,
    ...(before && { continues: { entries: before.seq, head: before.hash } }), ...(problem && { problem }),
  });
  for (let i = 0; i < lines.entries.length; i++) {
    const entry = lines.entries[i];
    if (!entry) {
      if (!await isTorn(lines, i, last)) return report(faultOf(lines, i, last));
      torn.push(i + 1);
      continue;
    }
    if (!follows(entry, last)) return report(misplaced(lines, i, entry, last));
    if (isForged(lines, i, entry, head)) return report({ line: i + 1, what: 'inserted', why: `another entry ${entry.seq} is the one that later entries follow` });
    last = entry;
    reached ||= entry.hash === head;
  }
  if (reached) return report();
  const why = `no entry has the hash that was asked for: the end was cut off, or written anew${before ? ', or it is in a file before' : ''}`;
  return report({ line: lines.entries.length + 1, what: 'truncated', why });
}

async function readLines(bytes: Uint8Array): Promise<Lines> {
  const places = linesOf(bytes);
  const lines: Lines = { bytes, places, entries: [], byHash: new Map(), byPrevious: new Map() };
  for (const [i, [from, to]] of places.entries()) {
    const entry = await readEntry(bytes.subarray(from, to));
    lines.entries.push(entry);
    if (!entry) continue;
    for (const [map, key] of [[lines.byHash, entry.hash], [lines.byPrevious, entry.previous]] as const) {
      if (!map.get(key)?.push(i)) map.set(key, [i]);
    }
  }
  return lines;
}

type Link = Pick<AuditEntry, 'seq' | 'hash'>;

const follows = (entry: AuditEntry | undefined, { seq, hash }: Link) => entry?.seq === seq + 1 && entry.previous === hash;

/* What the first entry follows, where it begins a file behind others. A crash in the middle of that leaves a line that broke off. */
function continued({ entries: [first, second] }: Lines): Link | undefined {
  const entry = first?.event === 'continued' ? first : !first && second?.event === 'torn' ? second : undefined;
  return entry && entry.seq > 1 ? { seq: entry.seq - 1, hash: entry.previous } : undefined;
}

/* The lines behind `i` that follow that entry. */
const followersOf = ({ byPrevious, entries }: Lines, i: number, last: Link) =>
  (byPrevious.get(last.hash) ?? []).filter((at) => at > i && follows(entries[at], last));

/* Whether line `i` broke off, and the entry after it tells of that. */
async function isTorn({ bytes, places, entries }: Lines, i: number, last: Link): Promise<boolean> {
  const line = bytes.subarray(...places[i]!), next = entries[i + 1];
  return next?.event === 'torn' && follows(next, last) && brokeOff(line) && next.details.sha256 === await sha256(line);
}

/* A line that is no entry. */
function faultOf({ bytes, places, entries }: Lines, i: number, last: Link): AuditProblem {
  const line = i + 1;
  if (places[i]![1] === bytes.length && brokeOff(bytes.subarray(...places[i]!))) return { line, what: 'torn', why: 'it breaks off: the last write did not end, or it was cut' };
  const at = entries.findIndex((entry, at) => at > i && entry !== undefined), next = entries[at];
  if (follows(next, last)) {
    const why = `it is no entry, and the one after it follows entry ${last.seq}`;
    if (next!.event !== 'torn' && brokeOff(bytes.subarray(places[i]![0], places[at - 1]![1]))) return { line, what: 'inserted', why };
    return { line, what: 'changed', why: `${why}: it was changed before that was written, or inserted` };
  }
  return { line, what: 'changed', why: 'its hash is not that of what it says' };
}

/* An entry that is whole, but does not follow the one before. */
function misplaced(lines: Lines, i: number, entry: AuditEntry, last: Link): AuditProblem {
  const line = i + 1;
  const twin = lines.byHash.get(entry.hash)!.find((at) => at !== i);
  const expected = followersOf(lines, i, last).length > 0;
  if (twin !== undefined && (twin < i || expected)) return { line, what: 'duplicated', why: `it is also line ${twin + 1}` };
  if (expected) {
    const belongs = entry.seq > last.seq + 1 && lines.byHash.has(entry.previous);
    return belongs ? { line, what: 'reordered', why: `entry ${entry.seq} stands where entry ${last.seq + 1} was` }
      : { line, what: 'inserted', why: `it does not follow entry ${last.seq}, which a later line does` };
  }
  if (entry.seq > last.seq + 1) {
    const missing = entry.seq - last.seq - 1;
    return { line, what: 'removed', why: `${missing === 1 ? `entry ${last.seq + 1} is` : `entries ${last.seq + 1} to ${entry.seq - 1} are`} missing in front of it` };
  }
  if (entry.seq <= last.seq) return { line, what: 'inserted', why: `it says to be entry ${entry.seq}, after entry ${last.seq}` };
  if (last.seq === 0) return { line, what: 'changed', why: 'it says to be the first, but follows another one' };
  return { line: line - 1, what: 'changed', why: `it has a hash of its own, but not the one that entry ${entry.seq} follows` };
}

/* Two follow the same entry: the one that nothing follows was put there. */
function isForged(lines: Lines, i: number, entry: AuditEntry, head?: string): boolean {
  const isFollowed = (hash: string) => hash === head || lines.byPrevious.has(hash);
  if (isFollowed(entry.hash)) return false;
  return (lines.byPrevious.get(entry.previous) ?? []).some((at) => at > i && lines.entries[at]!.seq === entry.seq && isFollowed(lines.entries[at]!.hash));
}
