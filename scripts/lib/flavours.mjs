// Builds presets with CMake: configure when needed, then the named targets.
// The flavours of one kind of threading share a folder, and with it all objects but the kernels.
import { cpus } from 'node:os';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildDir, root } from './paths.mjs';
import { run, step } from './progress.mjs';
import { wasmFlavours } from './third-party.mjs';

/** The build folder of a preset: build/st for simd-st and relaxed-st. */
export function folderOf(preset) {
  return join(buildDir, preset.replace(/^(simd|relaxed)-/, ''));
}

/** Builds targets of a preset (all of its folder by default). */
export async function buildPreset(preset, targets = []) {
  const folder = folderOf(preset);
  await step(`build ${targets[0] ?? preset}`, async (task) => {
    if (!existsSync(join(folder, 'build.ninja'))) await run(task, 'cmake', ['--preset', preset], { cwd: root });
    const chosen = targets.flatMap((target) => ['--target', target]);
    await run(task, 'cmake', ['--build', folder, '--parallel', String(cpus().length), ...chosen]);
  });
}

/** What there are WebAssembly modules of: the flavours, and simd-st with the quantizer. */
export const modules = [...wasmFlavours, 'quantizer'];

/** Where the WebAssembly module is built. */
export function moduleFolder(module) {
  return join(folderOf(module === 'quantizer' ? 'simd-st' : module), 'bindings');
}

/** Builds the WebAssembly module of a flavour, with those of one thread that with the quantizer, too. */
export async function buildModule(flavour) {
  await buildPreset(flavour, [`insitu-${flavour}`, ...(flavour.endsWith('-st') ? ['insitu-quantizer'] : [])]);
}
