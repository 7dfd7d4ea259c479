// Third-party sources: each orig tarball of third-party.json is fetched through apt (or taken from
// the cache's downloads folder), checked against its pinned sha256 and unpacked into the cache.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { entry, entryPath, sha256OfFile } from './cache.mjs';
import { cacheDir, root } from './paths.mjs';
import { run, step, StepError } from './progress.mjs';

export const pins = JSON.parse(readFileSync(join(root, 'scripts', 'third-party.json'), 'utf8'));

/** What decides the content of sources, for the keys of what is built from them. */
export function pinsOf(names) {
  return pins.sources.filter(({ name }) => names.includes(name))
    .map(({ name, version, tarball, sha256, licence }) => ({ name, version, tarball, sha256, licence }));
}

const entryOf = (source) => [`source-${source.name}`, source.sha256.slice(0, 16)];

async function fetchAndUnpack(task, source, apt, partial) {
  const tarball = join(partial, source.tarball);
  const provided = join(cacheDir(), 'downloads', source.tarball);
  if (existsSync(provided)) copyFileSync(provided, tarball);
  else await apt.downloadSource(task, source.name, partial);
  if (!existsSync(tarball)) {
    const got = readdirSync(partial).join(', ') || 'nothing';
    throw new StepError(`${source.name}: ${source.tarball} is pinned, but the mirror gave ${got}.`, task.log);
  }
  const sha256 = await sha256OfFile(tarball);
  if (sha256 !== source.sha256) {
    throw new StepError(`${source.tarball} has sha256 ${sha256}, but ${source.sha256} is pinned: not used.`);
  }
  const unpacked = join(partial, 'unpacked');
  mkdirSync(unpacked);
  await run(task, 'tar', ['-xf', tarball, '-C', unpacked, '--no-same-owner']);
  const top = readdirSync(unpacked);
  const tree = top.length === 1 ? join(unpacked, top[0]) : unpacked;
  renameSync(tree, join(partial, 'tree'));
  for (const name of readdirSync(partial)) {
    if (name !== 'tree') rmSync(join(partial, name), { recursive: true });
  }
}

/** Where the unpacked files of a source are, once they have been fetched. */
export function sourceTree(name) {
  return join(entryPath(...entryOf(pins.sources.find((source) => source.name === name))), 'tree');
}

/** The unpacked folder of each source, by name. */
export async function ensureSources(apt) {
  const missing = pins.sources.filter((source) => !existsSync(entryPath(...entryOf(source))));
  const fetchOne = (task, source) =>
    entry(...entryOf(source), (partial) => fetchAndUnpack(task, source, apt, partial));
  if (missing.length > 0) {
    await step(`fetch and check ${missing.length} third-party sources`, async (task) => {
      for (const [index, source] of missing.entries()) {
        task.detail = `[${index + 1}/${missing.length}] ${source.name}`;
        await fetchOne(task, source);
      }
    });
  }
  return Object.fromEntries(pins.sources.map(({ name }) => [name, sourceTree(name)]));
}
