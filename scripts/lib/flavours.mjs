// Builds presets with CMake: configure when needed, then the named targets.
import { cpus } from 'node:os';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildDir, root } from './paths.mjs';
import { run, step } from './progress.mjs';

/** Builds targets of a preset (all of them by default). */
export async function buildPreset(preset, targets = []) {
  const folder = join(buildDir, preset);
  await step(`build ${preset}`, async (task) => {
    if (!existsSync(join(folder, 'build.ninja'))) await run(task, 'cmake', ['--preset', preset], { cwd: root });
    const chosen = targets.flatMap((target) => ['--target', target]);
    await run(task, 'cmake', ['--build', folder, '--parallel', String(cpus().length), ...chosen]);
  });
}

/** Builds the WebAssembly module of a flavour; resolves to its folder. */
export async function buildModule(flavour) {
  await buildPreset(flavour, [`insitu-${flavour}`]);
  return join(buildDir, flavour, 'bindings');
}
