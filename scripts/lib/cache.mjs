// The per-user cache. An entry is a folder named after what it holds and a hash of everything that
// decides its content. It is filled under a temporary name and renamed when complete, so an
// interrupted run never leaves a broken entry.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { cacheDir } from './paths.mjs';

const kPartial = '.partial-';

/** A short hash over strings (or values that JSON can write). */
export function keyOf(...parts) {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

/** A hash over the names and contents of files; folders are walked. */
export function hashFiles(...paths) {
  const hash = createHash('sha256');
  const visit = (path, base) => {
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) visit(join(path, name), base);
    } else {
      hash.update(`${relative(base, path)}\0`).update(readFileSync(path)).update('\0');
    }
  };
  for (const path of paths) visit(path, join(path, '..'));
  return hash.digest('hex');
}

export async function sha256OfFile(path) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

export function entryPath(name, key) {
  return join(cacheDir(), `${name}-${key}`);
}

/** Where this process may keep a folder while it runs; what it leaves there, sweepPartials() removes. */
export function temporaryPath(name) {
  return join(cacheDir(), `${kPartial}${process.pid}-${name}`);
}

/** The folder of an entry, filled first by fill(temporaryFolder, finalFolder) if it is not there. */
export async function entry(name, key, fill) {
  const final = entryPath(name, key);
  if (existsSync(final)) return final;
  const partial = temporaryPath(`${name}-${key}`);
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  try {
    await fill(partial, final);
    if (existsSync(final)) return final;
    renameSync(partial, final);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return final;
}

/** Removes what interrupted runs left behind. */
export function sweepPartials() {
  if (!existsSync(cacheDir())) return;
  for (const name of readdirSync(cacheDir())) {
    if (!name.startsWith(kPartial)) continue;
    const pid = Number.parseInt(name.slice(kPartial.length), 10);
    try {
      process.kill(pid, 0);
    } catch {
      rmSync(join(cacheDir(), name), { recursive: true, force: true });
    }
  }
}
