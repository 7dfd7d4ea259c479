// Files that a command writes are never those that it reads, nor one another.
// Invariant: files are the same where they are the same on disk, whatever they are called: by links of both kinds, too.
import { realpathSync, statSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { resolve, sep } from 'node:path';
import { checkTarget, refuse } from './command.js';
import type { Flags } from './command.js';
import type { Named } from './inputs.js';

/**
 * Refuses outputs, by their flags, that are one of the inputs, by what they are, or one another, and those that cannot be written.
 * '-' is standard output, which one of the flags in `standard` may have.
 */
export function checkOutputs(outputs: Record<string, Flags[string]>, inputs: readonly Named[], standard: readonly string[] = ['--json']): void {
  for (const [flag, file] of Object.entries(outputs)) checkTarget(flag, file);
  const printed = Object.keys(outputs).filter((flag) => outputs[flag] === '-');
  const other = printed.find((flag) => !standard.includes(flag));
  if (other !== undefined) refuse(`${other} wants the name of a file, not standard output`);
  if (printed.length > 1) refuse(`${printed.join(' and ')} cannot both have standard output`);
  const taken = [...inputs];
  for (const [flag, file] of Object.entries(outputs)) {
    if (typeof file !== 'string' || file === '-') continue;
    const same = taken.find(([, other]) => isSame(file, other));
    if (same) refuse(`${flag} names ${same[0]} itself, which would be lost`);
    taken.push([`the file of ${flag}`, file]);
  }
}

/* What data in folders are read from; whatever else lies there is not theirs. */
const ofData = /\.(npy|pb|json|jsonl|ndjson|csv|txt|png|jpe?g)$/i;

function found(file: string): BigIntStats | undefined {
  try {
    return statSync(file, { bigint: true });
  } catch {
    return undefined;
  }
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map(found);
  if (!a || !b) return !a && !b && resolve(one) === resolve(other);
  const [its, others] = [realpathSync(one), realpathSync(other)];
  if (b.isDirectory()) return a.isFile() && ofData.test(its) && its.startsWith(others + sep);
  return a.isFile() && (its === others || (a.ino !== 0n && a.ino === b.ino && a.dev === b.dev));
}
