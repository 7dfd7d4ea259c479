// Picks a flavour of the engine and brings it to life: glue and module on their way at once, the module compiled once while
// it streams in and shared with the threads.
// Invariant: nothing is fetched from another place than `assets`; a flavour that is missing is a reason, not a failure.
import { enableRelaxedSimd, isNode, readFile } from './environment.js';
import { fail, InsituError, toInsituError } from './errors.js';
import { chooseFlavours, detectFeatures } from './features.js';
import type { Candidate } from './features.js';
import { partsOf } from './parts.js';
import type { GlueFactory } from './parts.js';
import type { NativeModule } from './rpc/native.js';
import type { StartParams } from './rpc/protocol.js';

export interface LoadedModule extends Candidate {
  native: NativeModule;
  isolated: boolean;
  reasons: string[];
}

export async function loadModule({ flavour, threads, assets }: StartParams): Promise<LoadedModule> {
  if (flavour?.startsWith('relaxed')) await enableRelaxedSimd();
  const features = await detectFeatures();
  const { candidates, reasons } = chooseFlavours({ flavour, threads }, features);
  let lastError: InsituError | undefined;
  for (const candidate of candidates) {
    try {
      const { glue, wasm } = partsOf(candidate.flavour, assets);
      // Both are on their way at once; of two that are missing the module is named.
      const factory = glue();
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

function instantiate(factory: GlueFactory, module: WebAssembly.Module, threads: number): Promise<NativeModule> {
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
