// `npm run release`: checks this checkout, builds the package twice from clean clones of HEAD, in folders of different lengths, once
// with and once without the compiler's cache, and goes on only if the two are the same to the byte. build/release/ then has the
// tarball, its bill of materials, the third-party notices and the digests. Publishes nothing: says what is left to do by hand.
//
// usage: node scripts/release.mjs [--dry-run [--flavours simd-st,...]]
//   --dry-run is content with an "Unreleased" changelog; --flavours builds only these, for working on this script
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { sha256OfFile } from './lib/cache.mjs';
import { buildDir, cacheDir, root } from './lib/paths.mjs';
import { capture } from './lib/platform.mjs';
import { run, runMain, say, step, StepError } from './lib/progress.mjs';
import { wasmFlavours } from './lib/third-party.mjs';
import { checkCheckout } from './release/checks.mjs';
import { buildClone } from './release/clone.mjs';
import { differences, placesIn, unpack } from './release/compare.mjs';

const releaseDir = join(buildDir, 'release');

function readArguments() {
  const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false }, flavours: { type: 'string' } } });
  const flavours = values.flavours?.split(',') ?? [];
  const unknown = flavours.filter((name) => !wasmFlavours.includes(name));
  if (unknown.length > 0) throw new StepError(`Unknown flavour ${unknown.join(', ')}; known are ${wasmFlavours.join(', ')}.`);
  if (flavours.length > 0 && !values['dry-run']) throw new StepError('A release has all flavours: --flavours is for --dry-run.');
  return { dryRun: values['dry-run'], flavours };
}

function check(dryRun) {
  const checks = checkCheckout(root, { dryRun });
  for (const { name, ok, said } of checks) say(`  ${ok ? 'ok  ' : 'FAIL'}  ${name}: ${said}`);
  const failed = checks.filter(({ ok }) => !ok);
  if (failed.length > 0) throw new StepError(`${failed.length} of ${checks.length} checks failed; nothing was built.`);
}

/* Throws unless both are the same and name no place of this machine. */
async function compare(first, second, folder) {
  await step('compare the two packages', async (task) => {
    const one = await unpack(task, first.tarball, join(folder, 'unpacked', '1'));
    const two = await unpack(task, second.tarball, join(folder, 'unpacked', '2'));
    const named = placesIn(one, [first.clone, cacheDir(), root]);
    if (named.length > 0) throw new StepError(`The package names places of this machine:\n${named.join('\n')}`);
    const [a, b] = [await sha256OfFile(first.tarball), await sha256OfFile(second.tarball)];
    if (a === b) return;
    const files = differences(one, two);
    throw new StepError(`The package is not reproducible: sha256 ${a} and ${b}.\n${files.join('\n') || 'The files are the same, their order or dates are not.'}`);
  });
}

/* Fills build/release/ from a clone and its tarball. */
async function collect({ clone, tarball }) {
  rmSync(releaseDir, { recursive: true, force: true });
  mkdirSync(releaseDir, { recursive: true });
  const name = basename(tarball);
  copyFileSync(tarball, join(releaseDir, name));
  copyFileSync(join(clone, 'dist', 'THIRD_PARTY_NOTICES.txt'), join(releaseDir, 'THIRD_PARTY_NOTICES.txt'));
  await step('write the bill of materials', (task) => run(task, process.execPath, [
    join(clone, 'scripts', 'release', 'sbom.mjs'), tarball, join(releaseDir, name.replace(/\.tgz$/, '.cdx.json')),
  ]));
  const lines = [];
  for (const file of readdirSync(releaseDir).sort()) lines.push(`${await sha256OfFile(join(releaseDir, file))}  ${file}\n`);
  writeFileSync(join(releaseDir, 'sha256sums'), lines.join(''));
}

function summarise({ clone, unpackedSize, entryCount }) {
  const bytesOf = (count) => count.toLocaleString('en-US').padStart(12);
  say('\nIn build/release/                      bytes');
  for (const file of readdirSync(releaseDir).sort()) say(`  ${file.padEnd(28)} ${bytesOf(statSync(join(releaseDir, file)).size)}`);
  say(`  unpacked, ${`${entryCount} files`.padEnd(17)} ${bytesOf(unpackedSize)}`);
  say('\nWhat pages download (brotli):');
  say(capture(process.execPath, [join(clone, 'scripts', 'check-size.mjs')]) ?? 'Larger than scripts/size-budget.json allows.');
  say(`\n${readFileSync(join(releaseDir, 'sha256sums'), 'utf8').trimEnd()}`);
}

function sayWhatIsLeft(tarball, version) {
  say([
    '\nAll checks pass. Nothing was published. What is left to do by hand:',
    `  git tag -s v${version} -m "insitu ${version}" && git push origin v${version}`,
    `  npm publish build/release/${basename(tarball)} --provenance --access public`,
    '    (provenance needs a CI job with an OIDC identity, id-token: write; elsewhere leave --provenance out)',
    '  attach the other files of build/release/ to the release of that tag',
  ].join('\n'));
}

await runMain(async () => {
  const { dryRun, flavours } = readArguments();
  check(dryRun);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const work = mkdtempSync(join(tmpdir(), 'insitu-release-'));
  try {
    const common = { from: root, commit: capture('git', ['rev-parse', 'HEAD'], { cwd: root }), flavours };
    const first = await buildClone({ ...common, label: 'first', folder: join(work, '1'), compilerCache: true });
    const second = await buildClone({ ...common, label: 'second', folder: join(work, 'second', 'and-longer'), compilerCache: false });
    await compare(first, second, work);
    await collect(first);
    summarise(first);
    if (dryRun) say(`\nThe package is reproducible${flavours.length > 0 ? `, as far as ${flavours.join(', ')} go` : ''}. A dry run: this is no release.`);
    else sayWhatIsLeft(first.tarball, version);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});
