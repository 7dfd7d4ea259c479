// The WebAssembly compiler: an `emcc` of at least the minimum version on PATH, or else Debian's
// package of it unpacked into the cache (nothing of the system changes). Binaryen's programs need
// the newer libc that is unpacked beside them, so each is started through that libc's loader.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { entry, entryPath, keyOf } from './cache.mjs';
import { capture, onPath } from './platform.mjs';
import { run, step, StepError } from './progress.mjs';
import { pins } from './sources.mjs';

const kRecipe = 2;

function atLeast(version, minimum) {
  const a = version.split('.').map(Number);
  const b = minimum.split('.').map(Number);
  for (let i = 0; i < 3; ++i) {
    if (a[i] !== b[i]) return a[i] > b[i];
  }
  return true;
}

/**
 * What emcc says of itself, kept in the cache because each question costs a start of Python: its
 * version, and the flags with which it calls clang. Undefined if it does not run.
 */
async function factsOf(root) {
  const revision = join(root, 'emscripten-version.txt');
  const key = keyOf(kRecipe, root, existsSync(revision) ? readFileSync(revision, 'utf8') : '');
  const emcc = join(root, 'emcc');
  const ask = (...args) => capture(emcc, args) ?? '';
  const folder = await entry('emscripten-facts', key, async (partial) => {
    const version = /emcc[^\n]*?(\d+\.\d+\.\d+)/.exec(ask('--version'))?.[1];
    const cflags = ask('--cflags').replace('-fignore-exceptions ', '');
    const llvm = capture(join(root, 'em-config'), ['LLVM_ROOT']);
    const suffix = existsSync(join(llvm ?? '', 'clang-19')) ? '-19' : '';
    const tool = (name) => join(llvm ?? '', name + suffix);
    const facts = { version, cflags, clang: tool('clang'), clangxx: tool('clang++'), ar: tool('llvm-ar'), ranlib: tool('llvm-ranlib') };
    if (!version || !cflags) throw new StepError(`${emcc} does not run. Remove ${root} from the cache or from PATH and try again.`);
    writeFileSync(join(partial, 'facts.json'), JSON.stringify(facts));
  });
  return { root, ...JSON.parse(readFileSync(join(folder, 'facts.json'), 'utf8')) };
}

async function emccOnPath() {
  const emcc = onPath('emcc');
  if (!emcc) return undefined;
  const root = capture('em-config', ['EMSCRIPTEN_ROOT']) ?? dirname(realpathSync(emcc));
  const facts = await factsOf(root);
  return atLeast(facts.version, pins.emscripten.minimum) ? facts : undefined;
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

/** { root, version, cflags, clang, clangxx, ar, ranlib }: the folder that holds emcc, and what it calls. */
export async function ensureEmscripten(apt) {
  const own = await emccOnPath();
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
  return factsOf(home);
}
