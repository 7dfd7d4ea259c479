// Files that a command writes must not be those that it reads.
// Invariant: files are the same where they are the same on disk, whatever they are called: by links of both kinds, too.
import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { refuse } from './command.js';
import type { Flags } from './command.js';

/** Refuses outputs, by their flags, that are one of the inputs, by what they are, or one another. '-' is no file. */
export function checkOutputs(outputs: Record<string, Flags[string]>, inputs: readonly [what: string, file: string][]): void {
  const taken = [...inputs];
  for (const [flag, file] of Object.entries(outputs)) {
    if (typeof file !== 'string' || (file === '-' && flag === '--json')) continue;
    const same = taken.find(([, other]) => isSame(file, other));
    if (same) refuse(`${flag} names ${same[0]} itself, which would be lost`);
    taken.push([`the file of ${flag}`, file]);
  }
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((file) => statSync(file, { bigint: true, throwIfNoEntry: false }));
  if (!a || !b) return !a && !b && resolve(one) === resolve(other);
  return realpathSync(one) === realpathSync(other) || (a.ino !== 0n && a.ino === b.ino && a.dev === b.dev);
}
