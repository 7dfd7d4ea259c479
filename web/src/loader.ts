// Picks a flavour of the engine and brings it to life: glue and module on their way at once, the module compiled once while
// it streams in and shared with the threads.
// Invariant: nothing is fetched from another place than `assets`; a flavour that is missing is a reason, not a failure.
import { checkBuild, missing, otherVersion } from './engine-files.js';
import type { Build } from './engine-files.js';
import { enableRelaxedSimd, isNode, readFile } from './environment.js';
import { fail, InsituError, toInsituError } from './errors.js';
import { chooseFlavours, detectFeatures } from './features.js';
import type { Candidate } from './features.js';
import { partsOf } from './parts.js';
import type { GlueFactory } from './parts.js';
import type { NativeModule } from './rpc/native.js';
import type { StartParams } from './rpc/protocol.js';

/** The browser starts no threads, or not those of ours. */
class ThreadFailure extends InsituError {}

const patienceMs = 30_000;
const pageBytes = 65_536, pagesOfMiB = 16, leastMaximum = 256 * pagesOfMiB;

export interface LoadedModule extends Candidate {
  native: NativeModule;
  isolated: boolean;
  reasons: string[];
  /** What the memory can grow to. */
  memoryBytes: number;
}

/** `told`, where somebody listens, hears how many bytes of the module have come. */
export async function loadModule(
  { flavour, threads, assets, quantizer }: StartParams,
  told?: (build: Build, loaded: number) => void,
): Promise<LoadedModule> {
  if (flavour?.startsWith('relaxed')) await enableRelaxedSimd();
  const features = await detectFeatures();
  const { candidates, reasons } = chooseFlavours({ flavour, threads, quantizer }, features);
  let lastError: InsituError | undefined;
  let canThread = true;
  for (const candidate of candidates) {
    if (!canThread && candidate.flavour.endsWith('-mt')) continue;
    try {
      const { glue, wasm } = partsOf(candidate.build, assets);
      // Both are on their way at once; of two that are missing the module is named.
      const factory = glue();
      factory.catch(() => {});
      const module = await compile(wasm, told && ((loaded) => told(candidate.build, loaded)));
      checkBuild(wasm, candidate.build, buildOf(module));
      const instance = await instantiate(await factory, module, candidate.threads, wasm, reasons);
      return { ...candidate, ...instance, isolated: features.isolated, reasons };
    } catch (thrown) {
      lastError = toInsituError(thrown, 'Network');
      reasons.push(`The flavour ${candidate.flavour} was passed over: ${lastError.message}`);
      // With another flavour of them it would be the same, after the same wait.
      canThread &&= lastError.code !== 'OutOfMemory' && !(lastError instanceof ThreadFailure);
    }
  }
  throw lastError ?? new InsituError({ code: 'Internal', message: 'no flavour of the engine fits' });
}

async function compile(url: URL, told?: (loaded: number) => void): Promise<WebAssembly.Module> {
  const damaged = (thrown: unknown) => missing(`${url} cannot be compiled`, thrown);
  if (isNode && url.protocol === 'file:') {
    const bytes = await readFile(url).catch((thrown) => missing(`cannot read ${url}`, thrown));
    return WebAssembly.compile(bytes as BufferSource).catch(damaged);
  }
  const response = await fetch(url).catch((thrown) => missing(`cannot reach ${url}`, thrown));
  if (!response.ok) missing(`${url} answered ${response.status}`);
  if (told) void count(response.clone(), told);
  const type = response.headers.get('content-type') ?? '';
  if (type.startsWith('text/html')) missing(`${url} answered with a web page`);
  return (type.startsWith('application/wasm')
    ? WebAssembly.compileStreaming(response)
    : response.arrayBuffer().then((bytes) => WebAssembly.compile(bytes))).catch(damaged);
}

/* The build that the module says it is of. */
function buildOf(module: WebAssembly.Module): string | undefined {
  const [section] = WebAssembly.Module.customSections(module, 'insitu');
  return section && new TextDecoder().decode(section);
}

/* Reads a second copy of what streams into the compiler, which browsers remember compiled only in the form in which it came. */
async function count({ body }: Response, told: (loaded: number) => void): Promise<void> {
  const reader = body?.getReader();
  let loaded = 0;
  try {
    for (let read = await reader?.read(); read?.value; read = await reader?.read()) told(loaded += read.value.byteLength);
  } catch {
    // The compiler sees the same, and says so.
  }
}

function instantiate(
  factory: GlueFactory,
  module: WebAssembly.Module,
  threads: number,
  wasm: URL,
  reasons: string[],
): Promise<Pick<LoadedModule, 'native' | 'memoryBytes'>> {
  return new Promise((resolve, reject) => {
    let memoryBytes = 0;
    const refuse = (thrown: unknown) => {
      try {
        otherVersion(wasm, thrown);
      } catch (error) {
        giveUp(error);
      }
    };
    const giveUp = (error: unknown) => {
      pool.end();
      reject(error);
    };
    const options: Pick<NativeModule, 'PThread'> & Record<string, unknown> = {
      poolSize: threads - 1,
      createMemory(wished: WebAssembly.MemoryDescriptor) {
        const { memory, maximum } = createMemory(wished, reasons);
        memoryBytes = maximum * pageBytes;
        return memory;
      },
      instantiateWasm(imports: WebAssembly.Imports, done: (i: WebAssembly.Instance, m: WebAssembly.Module) => void) {
        WebAssembly.instantiate(module, imports).then((instance) => done(instance, module)).catch(refuse);
        return {};
      },
    };
    const started = factory(options);
    const pool = watchThreads(options.PThread, giveUp);
    started.then((native) => (pool.areReady(), resolve({ native, memoryBytes })), giveUp);
  });
}

/*
 * The glue waits for its threads for ever, and what it does about their errors ends the worker. `areReady` is called when all have
 * started; from then on an error is the glue's. `end` ends them and the wait, when the engine does not come to life.
 */
function watchThreads(pool: NativeModule['PThread'], failed: (error: InsituError) => void): { areReady(): void; end(): void } {
  const workers = [...pool?.unusedWorkers ?? []];
  if (workers.length === 0) return { areReady() {}, end() {} };
  const give = (why: string) => failed(new ThreadFailure({ code: 'Network', message: `a thread did not start: ${why}` }));
  const end = () => {
    clearTimeout(timer);
    pool!.terminateAllThreads();
  };
  const timer = setTimeout(give, patienceMs, `nothing was heard of it for ${patienceMs / 1000} s`);
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    give(event.message ?? 'its script cannot be loaded');
  };
  for (const worker of workers) {
    worker.addEventListener('error', onError);
    // What the glue puts here does not become a handler yet.
    Object.defineProperty(worker, 'onerror', { value: null, writable: true, configurable: true });
  }
  const areReady = () => {
    clearTimeout(timer);
    for (const worker of workers) {
      const { onerror } = worker;
      delete (worker as Partial<Worker>).onerror;
      worker.onerror = onerror;
      worker.removeEventListener('error', onError);
    }
  };
  return { areReady, end };
}

/* Some phones do not reserve the 4 GiB that the module may use at most, above all where the memory is shared. */
function createMemory(
  wished: WebAssembly.MemoryDescriptor,
  reasons: string[],
  maximum = wished.maximum!,
): { memory: WebAssembly.Memory; maximum: number } {
  try {
    const memory = new WebAssembly.Memory({ ...wished, maximum });
    if (maximum < wished.maximum!) {
      reasons.push(`Models have ${maximum / pagesOfMiB} MiB at most: this browser reserves no more memory.`);
    }
    return { memory, maximum };
  } catch (thrown) {
    if (maximum > leastMaximum) return createMemory(wished, reasons, maximum / 2);
    fail('OutOfMemory', `the browser gives no ${wished.shared ? 'shared ' : ''}memory`,
      'Close other tabs, or dispose of engines that are no longer needed.', thrown);
  }
}
