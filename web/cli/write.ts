// How files are written: whole or not at all.
// Invariant: links stay, and what they name is written; what is no regular file, as a pipe or a device, is written to and not replaced.
import { accessSync, constants, lstatSync, readlinkSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fail, toInsituError } from '../src/errors.js';

/** Puts a file in the place of the one that is there when all of it is written. */
export function writeWhole(file: string, content: string | Uint8Array): void {
  let beside: string | undefined;
  try {
    const target = targetOf(file);
    if (target === undefined) return writeFileSync(file, content);
    beside = `${target}.${process.pid}.tmp`;
    writeFileSync(beside, content);
    renameSync(beside, target);
  } catch (thrown) {
    if (beside !== undefined) rmSync(beside, { force: true });
    cannotWrite(file, thrown);
  }
}

/** Where a file is to be put that is written under that name: what a link names. undefined: to what is there, as it is no regular file. */
export function targetOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found) return found.isFile() ? realpathSync(file) : undefined;
  if (!lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) return file;
  return targetOf(resolve(realpathSync(dirname(file)), readlinkSync(file)));
}

/** Takes away the regular file that would be written under that name. */
export function removeTarget(file: string): void {
  const target = targetOf(file);
  if (target !== undefined) rmSync(target, { force: true });
}

/** Fails where it is known before writing that a file cannot be written. */
export function checkWritable(file: string): void {
  try {
    const target = targetOf(file);
    if (target !== undefined) accessSync(dirname(target), constants.W_OK | constants.X_OK);
    if (statSync(file, { throwIfNoEntry: false })) accessSync(file, constants.W_OK);
  } catch (thrown) {
    cannotWrite(file, thrown);
  }
}

function cannotWrite(file: string, thrown: unknown): never {
  fail('Network', `cannot write ${file}: ${toInsituError(thrown).message}`, 'Check that it and its folder can be written to.', thrown);
}
