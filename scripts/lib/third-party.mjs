// Third-party libraries as static archives in the cache, one entry per library and variant. A key
// covers the sources, our CMake project, the compiler and the flags, so a change of any of them
// builds anew and a second clone builds nothing.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { entry, entryPath, hashFiles, keyOf } from './cache.mjs';
import { root } from './paths.mjs';
import { capture, onPath } from './platform.mjs';
import { run, step, StepError } from './progress.mjs';
import { pins, pinsOf } from './sources.mjs';

export const wasmFlavours = ['simd-st', 'simd-mt', 'relaxed-st', 'relaxed-mt'];

/** Native for ThreadSanitizer: libraries that wait for other threads, or hand them work, have its calls in them. */
export const threadSanitized = 'native-tsan';

const isNative = (flavour) => flavour.startsWith('native');
const isaOf = (flavour) => flavour.replace(/-.t$/, '');
const threadingOf = (flavour) => flavour.replace(/^.*-/, '');

/**
 * The archives that a flavour links: library (folder of its CMake project), part, variant (what
 * the flavour shares with others; the name handed to CMake), and further flags of the compiler.
 */
export function librariesOf(flavour, withTests) {
  if (flavour === threadSanitized) {
    // XNNPACK asks for its kernels, which read beyond ends, to be left alone. Protobuf and Catch2 have one thread here.
    const synchronise = ({ library, part }) => library === 'pthreadpool' || part === 'core';
    return librariesOf('native', withTests).map((item) => (synchronise(item) ? { ...item, flags: '-fsanitize=thread -g1' } : item));
  }
  const isa = isaOf(flavour);
  const threading = threadingOf(flavour);
  const list = [
    { library: 'pthreadpool', variant: threading, sources: ['pthreadpool', 'fxdiv'] },
    { library: 'protobuf', variant: threading, sources: ['protobuf'] },
    { library: 'xnnpack', part: 'core', variant: flavour, sources: ['xnnpack', 'pthreadpool', 'fp16', 'fxdiv'] },
    { library: 'xnnpack', part: 'kernels', variant: isa, sources: ['xnnpack', 'pthreadpool', 'fp16', 'fxdiv'] },
  ];
  if (withTests && threading !== 'mt') {
    list.push({ library: 'catch2', variant: threading, sources: ['catch2'] });
  }
  return list;
}

/** { id, variables }: what the compiler is, and the CMake variables that name it. */
export function compilerOf(flavour, emscripten) {
  if (!isNative(flavour)) {
    const { root: home, version, cflags, clang, clangxx, ar, ranlib } = emscripten;
    const variables = { ROOT: home, CFLAGS: cflags, CLANG: clang, CLANGXX: clangxx, AR: ar, RANLIB: ranlib };
    return {
      id: `emcc ${version}`,
      variables: Object.fromEntries(Object.entries(variables).map(([name, value]) => [`INSITU_EMSCRIPTEN_${name}`, value])),
      include: join(root, 'cmake', 'emscripten.cmake'),
    };
  }
  const clang = onPath('clang-19') ?? onPath('clang');
  const clangxx = onPath('clang++-19') ?? onPath('clang++');
  const version = clang && capture(clang, ['--version'])?.split('\n')[0];
  if (!version) throw new StepError('clang 19 is not on PATH.');
  return { id: version, variables: { INSITU_CLANG: clang, INSITU_CLANGXX: clangxx }, include: join(root, 'cmake', 'native.cmake') };
}

function writeToolchain(path, compiler) {
  const lines = Object.entries(compiler.variables).map(([name, value]) => `set(${name} "${value}")`);
  if (compiler.include) lines.push(`include("${compiler.include}")`);
  writeFileSync(path, `${lines.join('\n')}\n`);
}

async function buildInto(task, item, compiler, sources, key, partial) {
  const build = join(partial, 'build');
  mkdirSync(build);
  const toolchain = join(build, 'toolchain.cmake');
  writeToolchain(toolchain, compiler);
  const options = [
    `-DCMAKE_TOOLCHAIN_FILE=${toolchain}`,
    '-DCMAKE_BUILD_TYPE=Release',
    '-DCMAKE_C_FLAGS_RELEASE=-O2 -DNDEBUG',
    '-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG',
    `-DCMAKE_INSTALL_PREFIX=${partial}`,
    `-DINSITU_FLAVOUR=${item.variant}`,
    `-DINSITU_PART=${item.part ?? ''}`,
    `-DINSITU_BUILD_ID=${key}`,
    ...(item.flags ? [`-DCMAKE_C_FLAGS=${item.flags}`, `-DCMAKE_CXX_FLAGS=${item.flags}`] : []),
    ...item.sources.map((name) => `-D${name.toUpperCase()}_DIR=${sources[name]}`),
  ];
  if (onPath('ccache')) {
    options.push('-DCMAKE_C_COMPILER_LAUNCHER=ccache', '-DCMAKE_CXX_COMPILER_LAUNCHER=ccache');
  }
  const project = join(root, 'cmake', 'third_party', item.library);
  await run(task, 'cmake', ['-G', 'Ninja', '-S', project, '-B', build, ...options]);
  await run(task, 'cmake', ['--build', build, '--target', 'install', '--parallel', String(cpus().length)]);
  await run(task, 'cmake', ['-E', 'rm', '-rf', build]);
}

/** Builds one archive if the cache has it not; resolves to its folder. */
async function ensureLibrary(item, compiler, sources) {
  const name = [item.library, item.part, item.variant, item.flags && 'tsan'].filter(Boolean).join('-');
  const recipe = hashFiles(join(root, 'cmake', 'third_party', item.library));
  const key = keyOf(name, pinsOf(item.sources), recipe, compiler.id, ...(item.flags ? [item.flags] : []));
  if (!existsSync(entryPath(name, key))) {
    await step(`build ${name}`, (task) =>
      entry(name, key, (partial) => buildInto(task, item, compiler, sources, key, partial)),
    );
  }
  return entryPath(name, key);
}

/** Builds what a flavour links; resolves to { name: folder } with names like xnnpack_core. */
export async function ensureLibraries(flavour, withTests, emscripten, sources) {
  const compiler = compilerOf(flavour, emscripten);
  const folders = {};
  for (const item of librariesOf(flavour, withTests)) {
    folders[[item.library, item.part].filter(Boolean).join('_')] = await ensureLibrary(item, compiler, sources);
  }
  return folders;
}

/** A protoc of the runtime's version: the system's if it matches, else built from the source. */
export async function ensureProtoc(sources) {
  const wanted = pins.sources.find((source) => source.name === 'protobuf').version;
  const own = onPath('protoc');
  if (own && capture(own, ['--version'])?.endsWith(` ${wanted}`)) return own;
  const item = { library: 'protobuf', part: 'protoc', variant: 'native', sources: ['protobuf'] };
  return join(await ensureLibrary(item, compilerOf('native'), sources), 'bin', 'protoc');
}

/** Folder with the lite C++ of onnx-ml.proto, generated into the cache. */
export async function ensureOnnxProto(sources, protoc) {
  const recipe = 1;
  const key = keyOf(recipe, pinsOf(['onnx', 'protobuf']));
  if (existsSync(entryPath('onnx-proto', key))) return entryPath('onnx-proto', key);
  return step('generate the ONNX messages', (task) =>
    entry('onnx-proto', key, async (partial) => {
      const proto = join(partial, 'onnx-ml.proto');
      const text = readFileSync(join(sources.onnx, 'onnx', 'onnx-ml.proto'), 'utf8');
      const option = /^\/*\s*(option optimize_for = LITE_RUNTIME;)$/m;
      if (!option.test(text)) throw new StepError('onnx-ml.proto has no line for optimize_for = LITE_RUNTIME.');
      writeFileSync(proto, text.replace(option, '$1'));
      await run(task, protoc, [`--proto_path=${partial}`, `--cpp_out=lite:${partial}`, proto]);
    }),
  );
}
