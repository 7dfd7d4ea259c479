// Files that a command writes: whole or not at all, and never those that it reads.
// Invariant: files are the same where they are the same on disk, whatever they are called: by links of both kinds, too.
import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fail, toInsituError } from '../src/errors.js';
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

/** Puts a file in the place of the one that is there when all of it is written. */
export function writeWhole(file: string, content: string | Uint8Array): void {
  const beside = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(beside, content);
    renameSync(beside, file);
  } catch (thrown) {
    rmSync(beside, { force: true });
    fail('Network', `cannot write ${file}: ${toInsituError(thrown).message}`, 'Check its folder.', thrown);
  }
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((file) => statSync(file, { bigint: true, throwIfNoEntry: false }));
  if (!a || !b) return !a && !b && resolve(one) === resolve(other);
  return realpathSync(one) === realpathSync(other) || (a.ino !== 0n && a.ino === b.ino && a.dev === b.dev);
}
