// dist/ complete: the WebAssembly modules of all flavours (or of those named), bundles, types, demo, API reference. As a
// command it fails if something that is downloaded is larger than its budget (scripts/check-size.mjs).
//
// usage: node scripts/build.mjs [simd-st] [simd-mt] [relaxed-st] [relaxed-mt]
import { pathToFileURL } from 'node:url';
import { buildWeb } from './build-web.mjs';
import { checkSizes } from './check-size.mjs';
import { writeReference } from './docs.mjs';
import { buildModule } from './lib/flavours.mjs';
import { runMain, say, step, StepError } from './lib/progress.mjs';
import { wasmFlavours } from './lib/third-party.mjs';
import { setup } from './setup.mjs';

export async function build(flavours, options) {
  await setup({ flavours });
  for (const flavour of flavours) await buildModule(flavour);
  await buildWeb(options);
}

async function main() {
  const asked = process.argv.slice(2);
  const unknown = asked.filter((name) => !wasmFlavours.includes(name));
  if (unknown.length > 0) throw new StepError(`Unknown flavour ${unknown.join(', ')}; known are ${wasmFlavours.join(', ')}.`);
  await build(asked.length > 0 ? asked : wasmFlavours);
  if (asked.length === 0) await writeReference();
  const offences = await step('measure sizes', checkSizes);
  if (offences.length > 0) throw new StepError(offences.join('\n'));
  say('dist/ is complete.');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await runMain(main);
