// The parts for bundlers that take every script apart, whatever it is named for (Parcel): the glue stands inside the one
// script worker/whole.ts, whose threads start from the script itself. Put in the place of parts.ts where that is built.
import quantizer from 'glue:quantizer';
import relaxedMt from 'glue:relaxed-mt';
import relaxedSt from 'glue:relaxed-st';
import simdMt from 'glue:simd-mt';
import simdSt from 'glue:simd-st';
import type { Build } from './engine-files.js';
import { fail } from './errors.js';
import type { GlueFactory, Parts } from './parts.js';

/** Whether this is the worker that client.ts opens. */
export const isOwnWorker = globalThis.self?.name === 'insitu' && !globalThis.document;

const inside: Record<Build, { glue: GlueFactory; wasm: URL }> = {
  'simd-st': { glue: simdSt, wasm: new URL('../insitu-simd-st.wasm', import.meta.url) },
  'simd-mt': { glue: simdMt, wasm: new URL('../insitu-simd-mt.wasm', import.meta.url) },
  'relaxed-st': { glue: relaxedSt, wasm: new URL('../insitu-relaxed-st.wasm', import.meta.url) },
  'relaxed-mt': { glue: relaxedMt, wasm: new URL('../insitu-relaxed-mt.wasm', import.meta.url) },
  quantizer: { glue: quantizer, wasm: new URL('../insitu-quantizer.wasm', import.meta.url) },
};

export function partsOf(build: Build, assets?: string): Parts {
  if (build.endsWith('-mt') && !isOwnWorker) {
    fail('Internal', 'threads start from the worker', 'Leave the option `worker` true.');
  }
  const { glue, wasm } = inside[build];
  return { wasm: assets === undefined ? wasm : new URL(`insitu-${build}.wasm`, assets), glue: async () => glue };
}
