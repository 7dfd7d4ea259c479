// The bill of materials of the package: CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/), for the checkout this file is in.
// Invariant: the same package gives the same bytes: no time, and a serial number made of the tarball's digest.
//
// usage: node scripts/release/sbom.mjs TARBALL OUT.json
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Contrib, Enums, Models, Serialize, Spec, Validation } from '@cyclonedx/cyclonedx-library';
import parseExpression from 'spdx-expression-parse';
import { emscriptenVersion, shippedParts } from '../lib/attribution.mjs';
import { sha256OfFile } from '../lib/cache.mjs';
import { root } from '../lib/paths.mjs';
import { capture } from '../lib/platform.mjs';
import { runMain, StepError } from '../lib/progress.mjs';
import { setupVariable } from '../lib/setup-file.mjs';

const licences = new Contrib.License.Factories.LicenseFactory(parseExpression);

function componentOf(type, { name, version, licence, purl, hashes = {} }) {
  return new Models.Component(type, name, {
    version, purl, bomRef: purl ?? `${name}@${version}`,
    licenses: new Models.LicenseRepository(licence ? [licences.makeFromString(licence)] : []),
    hashes: new Models.HashDictionary(Object.entries(hashes)),
  });
}

/** What the package is built with: [{ name, version, purl }]. */
export function buildTools() {
  const ofNpm = (name) => {
    const { version } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'));
    return { name, version, purl: `pkg:npm/${name}@${version}` };
  };
  const clang = /version (\d+\.\d+\.\d+)/.exec(capture(setupVariable('INSITU_EMSCRIPTEN_CLANG'), ['--version']) ?? '')?.[1];
  return [
    { name: 'emscripten', version: emscriptenVersion() }, { name: 'clang', version: clang },
    ...['esbuild', 'terser', 'typescript'].map(ofNpm),
  ];
}

/** UUID version 8 (RFC 9562, 5.8): 122 bits of a digest in hexadecimal. */
function uuidOf(digest) {
  const hex = `${digest.slice(0, 12)}8${digest.slice(13, 16)}${((parseInt(digest[16], 16) & 3) | 8).toString(16)}${digest.slice(17, 32)}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The text of the bill. `sha256`: of the tarball; `parts` and `tools` as shippedParts() and buildTools() give them. */
export function billOf({ manifest: { name, version, license, description }, sha256, parts, tools }) {
  const component = componentOf(Enums.ComponentType.Library, {
    name, version, licence: license, purl: `pkg:npm/${name}@${version}`, hashes: { 'SHA-256': sha256 },
  });
  component.description = description;
  const bom = new Models.Bom({ serialNumber: `urn:uuid:${uuidOf(sha256)}` });
  bom.metadata.component = component;
  for (const part of parts) {
    const one = componentOf(Enums.ComponentType.Library, part);
    bom.components.add(one);
    component.dependencies.add(one.bomRef);
  }
  for (const tool of tools) bom.metadata.tools.components.add(componentOf(Enums.ComponentType.Application, tool));
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

/** What the schema of CycloneDX 1.6 finds wrong with a bill; null: nothing. */
export function validateBill(text) {
  return new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text);
}

async function main() {
  const [tarball, out] = process.argv.slice(2);
  if (!out) throw new StepError('usage: node scripts/release/sbom.mjs TARBALL OUT.json');
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const text = billOf({ manifest, sha256: await sha256OfFile(tarball), parts: shippedParts(), tools: buildTools() });
  const wrong = await validateBill(text);
  if (wrong) throw new StepError(`The bill of materials is no CycloneDX 1.6: ${JSON.stringify(wrong)}`);
  writeFileSync(out, text);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await runMain(main);
