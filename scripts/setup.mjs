// Sets this machine up to build insitu: Debian packages, the WebAssembly compiler, pinned sources
// and third-party libraries, each only if it is missing. Everything outside the system's own
// packages lands in the per-user cache; build/setup.cmake tells CMake where.
//
// usage: node scripts/setup.mjs [native] [simd-st] [simd-mt] [relaxed-st] [relaxed-mt] [native-tsan]
//        (default: all but native-tsan, which is for ThreadSanitizer)
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensurePackages, PrivateApt } from './lib/apt.mjs';
import { sweepPartials } from './lib/cache.mjs';
import { ensureEmscripten } from './lib/emscripten.mjs';
import { ensureNodeModules } from './lib/npm.mjs';
import { cacheDir } from './lib/paths.mjs';
import { describePlatform } from './lib/platform.mjs';
import { runMain, say, StepError } from './lib/progress.mjs';
import { ensurePrometheus } from './lib/prometheus.mjs';
import { writeSetupFile } from './lib/setup-file.mjs';
import { ensureSources, pins } from './lib/sources.mjs';
import { compilerOf, ensureLibraries, ensureOnnxProto, ensureProtoc, threadSanitized, wasmFlavours } from './lib/third-party.mjs';

const kBuildPackages = [
  'clang-19', 'lld-19', 'llvm-19', 'libclang-rt-19-dev', 'g++', 'cmake', 'ninja-build', 'ccache',
  'protobuf-compiler', 'python3-minimal', 'xz-utils',
];
const kTestPackages = ['chromium', 'fonts-dejavu-core', 'python3-numpy'];
const kLintPackages = ['clang-format-19', 'clang-tidy-19'];
export const everyFlavour = ['native', ...wasmFlavours];

/**
 * options: flavours (in the order to build them), tests (Catch2 too), browser (Chromium and Prometheus too), lint
 * (formatting tools too). What is independent of each other is fetched at the same time.
 */
export async function setup({ flavours, tests = false, browser = false, lint = false }) {
  const platform = describePlatform();
  sweepPartials();
  const apt = new PrivateApt(join(cacheDir(), 'apt'), pins.suite, platform);
  const packages = (async () => {
    await ensurePackages(platform, 'compilers and build tools', kBuildPackages);
    if (lint) await ensurePackages(platform, 'formatting and analysis tools', kLintPackages);
  })();
  const fetched = (async () => {
    const sources = await ensureSources(apt);
    const wasm = flavours.some((flavour) => wasmFlavours.includes(flavour));
    return { sources, emscripten: wasm ? await ensureEmscripten(apt) : undefined };
  })();
  await Promise.allSettled([packages, fetched]);
  await packages;
  const { sources, emscripten } = await fetched;

  // Not processor time but waiting: goes on while the libraries build.
  const aside = (async () => {
    await ensureNodeModules();
    if (!browser) return;
    await ensurePackages(platform, 'the browser and NumPy for tests', kTestPackages);
    await ensurePrometheus(platform);
  })();
  const built = (async () => {
    const onnxProto = await ensureOnnxProto(sources, await ensureProtoc(sources));
    const libraries = {};
    const compilers = flavours.map((flavour) => compilerOf(flavour, emscripten));
    for (const flavour of flavours) {
      libraries[flavour] = await ensureLibraries(flavour, tests, emscripten, sources);
      writeSetupFile({ compilers, onnxProto, libraries });
    }
  })();
  await Promise.allSettled([aside, built]);
  await Promise.all([aside, built]);
}

async function main() {
  const asked = process.argv.slice(2);
  const known = [...everyFlavour, threadSanitized];
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new StepError(`Unknown flavour ${unknown.join(', ')}; known are ${known.join(', ')}.`);
  }
  const flavours = asked.length > 0 ? asked : everyFlavour;
  await setup({ flavours, tests: true, browser: asked.length === 0, lint: asked.length === 0 });
  say('Set up.');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await runMain(main);
