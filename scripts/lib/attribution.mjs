// What of others the package holds: the sources that are compiled into the modules, Emscripten's runtime, and the npm packages
// that esbuild has put into the bundles. The notices and the bill of materials are made of this one list.
// Invariant: no part is without the text of its licence.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianTexts, licenceTexts } from './licences.mjs';
import { buildDir, root } from './paths.mjs';
import { StepError } from './progress.mjs';
import { setupVariable } from './setup-file.mjs';
import { pins, sourceTree } from './sources.mjs';

const bundledFile = join(buildDir, 'bundled.json');
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** The folders of the npm packages of which something is in the bundles, by what esbuild says of them. */
export function bundledFolders(metafiles) {
  const inputs = metafiles.flatMap(({ outputs }) => Object.values(outputs)).flatMap(({ inputs: parts }) => Object.entries(parts));
  const folders = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([path]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []);
  return [...new Set(folders)].sort();
}

/** Remembers them for shippedParts(). */
export function noteBundled(metafiles) {
  writeFileSync(bundledFile, `${JSON.stringify(bundledFolders(metafiles))}\n`);
}

function sourceParts() {
  return pins.sources.filter(({ shipped }) => shipped).map(({ name, version, licence, purl, sha256 }) => ({
    name, version, licence, purl, hashes: { 'SHA-256': sha256 }, texts: licenceTexts(sourceTree(name)),
  }));
}

/** The version of Emscripten that the set-up has chosen. */
export function emscriptenVersion() {
  return readFileSync(join(setupVariable('INSITU_EMSCRIPTEN_ROOT'), 'emscripten-version.txt'), 'utf8').replace(/["\s]/g, '');
}

/* Debian leaves out licence files and says the same in its copyright file, where that of the Apache License is ours, too. */
function runtimeTexts(home, path, licence) {
  const texts = licenceTexts(join(home, path));
  if (texts.length > 0) return texts;
  const pattern = path.includes('.') || path === '' ? path || '*' : `${path}/*`;
  const said = debianTexts(join(home, '..', 'doc', 'emscripten', 'copyright'), pattern);
  if (!said) return licenceTexts(home);
  return licence.startsWith('Apache-2.0') ? [...said, ...licenceTexts(root)] : said;
}

function runtimeParts() {
  const home = setupVariable('INSITU_EMSCRIPTEN_ROOT');
  const version = emscriptenVersion();
  return pins.runtime.map(({ name, path, licence }) => ({
    name, version, licence, purl: `pkg:github/emscripten-core/emscripten@${version}${path && `#${path}`}`,
    texts: runtimeTexts(home, path, licence),
  }));
}

const toHex = (base64) => Buffer.from(base64, 'base64').toString('hex');

function npmParts() {
  if (!existsSync(bundledFile)) throw new StepError('dist/ is not built: run npm run build.');
  const { packages } = readJson(join(root, 'package-lock.json'));
  return readJson(bundledFile).map((folder) => {
    const { name, version, license } = readJson(join(root, folder, 'package.json'));
    const [algorithm, digest] = (packages[folder]?.integrity ?? '').split('-');
    return {
      name, version, licence: license, purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
      hashes: algorithm === 'sha512' ? { 'SHA-512': toHex(digest) } : {}, texts: licenceTexts(join(root, folder)),
    };
  });
}

/** [{ name, version, licence (SPDX), purl, hashes?, texts }], in an order that is always the same. */
export function shippedParts() {
  const parts = [...sourceParts(), ...runtimeParts(), ...npmParts()];
  const bare = parts.filter(({ texts, licence }) => !licence || !texts.some((text) => text.trim()));
  if (bare.length > 0) {
    throw new StepError(`There is no licence text of ${bare.map(({ name }) => name).join(', ')}, which the package holds.`);
  }
  return parts;
}
