// The WebAssembly compiler: an `emcc` of at least the minimum version on PATH, or else Debian's
// package of it unpacked into the cache (nothing of the system changes). Binaryen's programs need
// the newer libc that is unpacked beside them, so each is started through that libc's loader.
import { chmodSync, existsSync, mkdirSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { entry, entryPath, keyOf } from './cache.mjs';
import { capture, onPath } from './platform.mjs';
import { run, step, StepError } from './progress.mjs';
import { pins } from './sources.mjs';

const kRecipe = 2;

function versionOf(emcc) {
  return /emcc[^\n]*?(\d+\.\d+\.\d+)/.exec(capture(emcc, ['--version']) ?? '')?.[1];
}

function atLeast(version, minimum) {
  const a = version.split('.').map(Number);
  const b = minimum.split('.').map(Number);
  for (let i = 0; i < 3; ++i) {
    if (a[i] !== b[i]) return a[i] > b[i];
  }
  return true;
}

function emccOnPath() {
  const emcc = onPath('emcc');
  const version = emcc && versionOf(emcc);
  if (!version || !atLeast(version, pins.emscripten.minimum)) return undefined;
  const config = capture('em-config', ['EMSCRIPTEN_ROOT']);
  return { root: config ?? dirname(realpathSync(emcc)), version, private: false };
}

function wrapBinaryen(partial, final) {
  const bin = join(partial, 'binaryen', 'bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync('../usr/lib', join(partial, 'binaryen', 'lib'));
  const loader = join(final, 'usr', 'lib64', 'ld-linux-x86-64.so.2');
  const library = join(final, 'usr', 'lib', 'x86_64-linux-gnu');
  for (const name of readdirSync(join(partial, 'usr', 'bin'))) {
    if (!name.startsWith('wasm')) continue;
    const wrapper = join(bin, name);
    const program = join(final, 'usr', 'bin', name);
    writeFileSync(wrapper, `#!/bin/sh\nexec "${loader}" --library-path "${library}" "${program}" "$@"\n`);
    chmodSync(wrapper, 0o755);
  }
}

function writeConfig(partial, final) {
  const home = join('usr', 'share', 'emscripten');
  const cache = [join(home, 'cache'), join('usr', 'lib', 'emscripten', 'cache')].find((path) =>
    existsSync(join(partial, path, 'sysroot')),
  );
  if (!cache) throw new StepError('The emscripten package has no sysroot cache where one was expected.');
  const quoted = (path) => `'${path}'`;
  const lines = [
    `LLVM_ROOT = ${quoted(dirname(onPath('clang-19') ?? '/usr/bin/clang-19'))}`,
    `BINARYEN_ROOT = ${quoted(join(final, 'binaryen'))}`,
    `NODE_JS = ${quoted(process.execPath)}`,
    `CACHE = ${quoted(join(final, cache))}`,
    'FROZEN_CACHE = True',
    "LLVM_ADD_VERSION = '19'",
    "CLANG_ADD_VERSION = '19'",
  ];
  writeFileSync(join(partial, home, '.emscripten'), `${lines.join('\n')}\n`);
  const modules = join(partial, home, 'node_modules');
  rmSync(modules, { recursive: true, force: true });
  symlinkSync('../nodejs', modules);
}

/** { root, version, private }: the folder that holds emcc and its CMake toolchain file. */
export async function ensureEmscripten(apt) {
  const own = emccOnPath();
  if (own) return own;
  const key = keyOf(kRecipe, pins.suite, pins.emscripten, process.execPath);
  const home = join(entryPath('emscripten', key), 'usr', 'share', 'emscripten');
  if (!existsSync(home)) {
    await step('fetch and unpack emscripten (237 MB)', async (task) => {
      await entry('emscripten', key, async (partial, final) => {
        const debs = join(partial, 'debs');
        mkdirSync(debs);
        await apt.downloadPackages(task, pins.emscripten.packages, debs);
        for (const deb of readdirSync(debs)) {
          task.detail = deb.split('_')[0];
          await run(task, 'dpkg', ['-x', join(debs, deb), partial]);
        }
        rmSync(debs, { recursive: true });
        wrapBinaryen(partial, final);
        writeConfig(partial, final);
      });
    });
  }
  const version = versionOf(join(home, 'emcc'));
  if (!version || !atLeast(version, pins.emscripten.minimum)) {
    throw new StepError(
      `${join(home, 'emcc')} does not work (version: ${version ?? 'none'}). Remove ${entryPath('emscripten', key)} and try again.`,
    );
  }
  return { root: home, version, private: true };
}
