// Picks a flavour of the engine and brings it to life: glue imported by its address, module compiled once while it
// streams in and shared with the threads.
// Invariant: nothing is fetched from another place than `assets`; a flavour that is missing is a reason, not a failure.
import { enableRelaxedSimd, isNode, readFile } from './environment.js';
import { fail, InsituError, toInsituError } from './errors.js';
import { chooseFlavours, detectFeatures } from './features.js';
import type { Candidate } from './features.js';
import type { NativeModule } from './rpc/native.js';
import type { StartParams } from './rpc/protocol.js';
import type { Flavour } from './types.js';

export interface LoadedModule extends Candidate {
  native: NativeModule;
  isolated: boolean;
  reasons: string[];
}

/* Spelled out one by one, because this is the form in which bundlers recognise files to copy. */
const files: Record<Flavour, { glue: URL; wasm: URL }> = {
  'simd-st': {
    glue: new URL('./insitu-simd-st.mjs', import.meta.url),
    wasm: new URL('./insitu-simd-st.wasm', import.meta.url),
  },
  'simd-mt': {
    glue: new URL('./insitu-simd-mt.mjs', import.meta.url),
    wasm: new URL('./insitu-simd-mt.wasm', import.meta.url),
  },
  'relaxed-st': {
    glue: new URL('./insitu-relaxed-st.mjs', import.meta.url),
    wasm: new URL('./insitu-relaxed-st.wasm', import.meta.url),
  },
  'relaxed-mt': {
    glue: new URL('./insitu-relaxed-mt.mjs', import.meta.url),
    wasm: new URL('./insitu-relaxed-mt.wasm', import.meta.url),
  },
};

export async function loadModule({ flavour, threads, assets }: StartParams): Promise<LoadedModule> {
  if (flavour?.startsWith('relaxed')) await enableRelaxedSimd();
  const features = await detectFeatures();
  const { candidates, reasons } = chooseFlavours({ flavour, threads }, features);
  let lastError: InsituError | undefined;
  for (const candidate of candidates) {
    const { glue, wasm } = assets === undefined ? files[candidate.flavour] : {
      glue: new URL(`insitu-${candidate.flavour}.mjs`, assets),
      wasm: new URL(`insitu-${candidate.flavour}.wasm`, assets),
    };
    try {
      // Both are on their way at once; of two that are missing the module is named.
      const factory = importGlue(glue);
      factory.catch(() => {});
      const module = await compile(wasm);
      const native = await instantiate(await factory, module, candidate.threads);
      return { ...candidate, native, isolated: features.isolated, reasons };
    } catch (thrown) {
      lastError = toInsituError(thrown, 'Network');
      reasons.push(`The flavour ${candidate.flavour} was passed over: ${lastError.message}`);
    }
  }
  throw lastError ?? new InsituError({ code: 'Internal', message: 'no flavour of the engine fits' });
}

async function compile(url: URL): Promise<WebAssembly.Module> {
  if (isNode && url.protocol === 'file:') {
    const bytes = await readFile(url).catch((thrown) => missing(`cannot read ${url}`, thrown));
    return WebAssembly.compile(bytes as BufferSource);
  }
  const response = await fetch(url).catch((thrown) => missing(`cannot reach ${url}`, thrown));
  if (!response.ok) missing(`${url} answered ${response.status}`);
  const type = response.headers.get('content-type') ?? '';
  if (type.startsWith('text/html')) missing(`${url} answered with a web page`);
  return type.startsWith('application/wasm')
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}

function missing(what: string, cause?: unknown): never {
  fail('Network', what, "Put insitu's .mjs and .wasm files there (npx insitu copy DIR) or name their folder in the " +
    'option `assets`.', cause);
}

type Factory = (options: object) => Promise<NativeModule>;

async function importGlue(glue: URL): Promise<Factory> {
  const { default: factory } = await import(/* webpackIgnore: true */ /* @vite-ignore */ glue.href);
  return factory;
}

function instantiate(factory: Factory, module: WebAssembly.Module, threads: number): Promise<NativeModule> {
  return new Promise((resolve, reject) => {
    factory({
      poolSize: threads - 1,
      instantiateWasm(imports: WebAssembly.Imports, done: (i: WebAssembly.Instance, m: WebAssembly.Module) => void) {
        WebAssembly.instantiate(module, imports).then((instance) => done(instance, module)).catch(reject);
        return {};
      },
    }).then(resolve, reject);
  });
}
