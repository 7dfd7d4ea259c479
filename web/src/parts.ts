// Where glue and WebAssembly of each build are: beside the package's modules, or in the folder `assets`.
// Invariant: the glue is imported by an address that no bundler follows. Its threads start from that address, so it has to
// stay a file of its own.
import { checkBuild, missing } from './engine-files.js';
import type { Build } from './engine-files.js';
import { isNode } from './environment.js';
import type { NativeModule } from './rpc/native.js';

export type GlueFactory = (options: object) => Promise<NativeModule>;

export interface Parts {
  wasm: URL;
  glue(): Promise<GlueFactory>;
}

/* Spelled out one by one, because this is the form in which bundlers recognise files to copy; as seen from dist/insitu/. */
const files: Record<Build, { glue: URL; wasm: URL }> = {
  'simd-st': {
    glue: new URL('../insitu-simd-st.mjs', import.meta.url),
    wasm: new URL('../insitu-simd-st.wasm', import.meta.url),
  },
  'simd-mt': {
    glue: new URL('../insitu-simd-mt.mjs', import.meta.url),
    wasm: new URL('../insitu-simd-mt.wasm', import.meta.url),
  },
  'relaxed-st': {
    glue: new URL('../insitu-relaxed-st.mjs', import.meta.url),
    wasm: new URL('../insitu-relaxed-st.wasm', import.meta.url),
  },
  'relaxed-mt': {
    glue: new URL('../insitu-relaxed-mt.mjs', import.meta.url),
    wasm: new URL('../insitu-relaxed-mt.wasm', import.meta.url),
  },
  quantizer: {
    glue: new URL('../insitu-quantizer.mjs', import.meta.url),
    wasm: new URL('../insitu-quantizer.wasm', import.meta.url),
  },
};

export function partsOf(build: Build, assets?: string): Parts {
  const { glue, wasm } = assets === undefined && !isNode ? files[build] : {
    glue: fileAt(`insitu-${build}.mjs`, assets),
    wasm: fileAt(`insitu-${build}.wasm`, assets),
  };
  return { wasm, glue: () => importGlue(glue, build) };
}

/* What bundlers for servers make of `files` are addresses for browsers; Node reads the files where they are. */
const fileAt = (name: string, assets?: string) => new URL(assets ? name : `../${name}`, assets ?? import.meta.url);

async function importGlue(glue: URL, expected: Build): Promise<GlueFactory> {
  const { default: factory, build } = await import(/* webpackIgnore: true */ /* @vite-ignore */ glue.href)
    .catch((thrown) => missing(`cannot load ${glue}`, thrown));
  if (typeof factory !== 'function') missing(`${glue} is no script of insitu`);
  checkBuild(glue, expected, build);
  return factory;
}
