// What can be wrong with the files of the engine: the glue and the module of a flavour that are not there, or are something else.
// Invariant: every error names the file by its address, and says what puts it right.
import { fail, toInsituError } from './errors.js';
import type { Flavour } from './types.js';

/** What there are a glue and a module of: the flavours, and simd-st with the quantizer. */
export type Build = Flavour | 'quantizer';

/* The digest of each and the size of its module; put in where the package is built. */
declare const INSITU_BUILDS: Record<Build, { digest: string; bytes: number }>;
export const builds = INSITU_BUILDS;

export function missing(what: string, cause?: unknown): never {
  const why = cause === undefined ? '' : `: ${toInsituError(cause).message}`;
  fail('Network', what + why, "Put insitu's .mjs and .wasm files there (npx insitu copy DIR) or name their folder in the " +
    'option `assets`.', cause);
}

/** Of another build than this script: after an update browsers and servers may still have files of the former one. */
export function otherVersion(file: URL, cause?: unknown): never {
  fail('Network', `${file} is of another version of insitu than its scripts`, "Put all of insitu's files there anew, from one " +
    'version (npx insitu copy DIR), and see that no cache keeps the former ones.', cause);
}

/** `found`: the build that the file says it is of, where it says so. */
export function checkBuild(file: URL, build: Build, found?: string): void {
  if (found !== undefined && found !== builds[build].digest) otherVersion(file);
}
