// What this browser or Node can do, and the flavours of the engine that follow from it, best first.
// Invariant: every step down from what was wished for leaves a sentence in `reasons`.
import { isIsolated, isNode, processorCount } from './environment.js';
import type { Build } from './engine-files.js';
import { fail } from './errors.js';
import type { EngineOptions, Flavour } from './types.js';

export interface Features {
  simd: boolean;
  relaxedSimd: boolean;
  threads: boolean;
  isolated: boolean;
  processors: number;
}

export interface Candidate {
  /** Whose files it has. */
  build: Build;
  flavour: Flavour;
  threads: number;
}

const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const v128Function = [1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0]; // one function () -> v128
const splat = (value: number) => [0x41, value, 0xfd, 15];
/* (i32.const 0) i8x16.splat i8x16.popcnt */
const simdModule = [...magic, ...v128Function, 10, 10, 1, 8, 0, ...splat(0), 0xfd, 98, 11];
/* two splats, i16x8.relaxed_dot_i8x16_i7x16_s */
const relaxedModule = [...magic, ...v128Function, 10, 15, 1, 13, 0, ...splat(0), ...splat(0), 0xfd, 0x92, 2, 11];
/* a shared memory and an i32.atomic.load from it */
const threadsModule = [
  ...magic, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 5, 4, 1, 3, 1, 1,
  10, 11, 1, 9, 0, 0x41, 0, 0xfe, 16, 2, 0, 0x1a, 11,
];

const validates = (module: number[]) =>
  typeof WebAssembly === 'object' && WebAssembly.validate(new Uint8Array(module));

export async function detectFeatures(): Promise<Features> {
  return {
    simd: validates(simdModule),
    relaxedSimd: validates(relaxedModule),
    threads: typeof SharedArrayBuffer === 'function' && validates(threadsModule),
    isolated: isIsolated(),
    processors: await processorCount(),
  };
}

const maxThreads = 32;
const simdNeeded = 'insitu needs Chrome 91, Firefox 89, Safari 16.4, Node 18 or newer.';
const noRelaxed = isNode
  ? 'Plain SIMD is used: this Node has relaxed SIMD only behind a flag. Ask for a relaxed flavour to set it.'
  : 'Plain SIMD is used: this browser has no relaxed SIMD, so quantized models run slower.';
const noIsolation =
  'One thread is used: the page is not cross-origin isolated. Serve it with Cross-Origin-Opener-Policy: same-origin ' +
  'and Cross-Origin-Embedder-Policy: require-corp, or with Document-Isolation-Policy: isolate-and-credentialless.';
const noThreads = 'One thread is used: this browser has no WebAssembly threads.';

/** The flavours to try, best first, and why the first one is not a better one. */
export function chooseFlavours(
  { flavour = 'auto', threads = 'auto', quantizer = false }: Pick<EngineOptions, 'flavour' | 'threads'> & { quantizer?: boolean },
  features: Features,
): { candidates: Candidate[]; reasons: string[] } {
  if (!features.simd) fail('Internal', 'there is no WebAssembly SIMD here', simdNeeded);
  checkWishes(flavour, threads);
  if (quantizer) return { candidates: [{ build: 'quantizer', flavour: 'simd-st', threads: 1 }], reasons: [] };
  const reasons: string[] = [];
  let relaxed = flavour === 'auto' ? features.relaxedSimd : flavour.startsWith('relaxed');
  if (!features.relaxedSimd && (flavour === 'auto' || relaxed)) {
    relaxed = false;
    reasons.push(noRelaxed);
  }
  const isas = relaxed ? (['relaxed', 'simd'] as const) : (['simd'] as const);
  const wished = threads === 'auto' ? Math.min(4, features.processors) : threads;
  const canThread = features.isolated && features.threads;
  const wantsMt = flavour === 'auto' ? wished > 1 : flavour.endsWith('mt');
  if (wantsMt && !canThread) reasons.push(features.isolated ? noThreads : noIsolation);
  if (!wantsMt && flavour !== 'auto' && threads !== 'auto' && threads > 1) {
    reasons.push(`One thread is used: the flavour ${flavour} has no more.`);
  }
  const candidates: Candidate[] = [];
  const add = (flavour: Flavour, threads: number) => candidates.push({ build: flavour, flavour, threads });
  if (wantsMt && canThread) for (const isa of isas) add(`${isa}-mt`, wished);
  for (const isa of isas) add(`${isa}-st`, 1);
  return { candidates, reasons };
}

function checkWishes(flavour: string, threads: number | 'auto'): void {
  if (!['auto', 'simd-st', 'simd-mt', 'relaxed-st', 'relaxed-mt'].includes(flavour)) {
    fail('InvalidArgument', `'${flavour}' is no flavour`, 'Known: auto, simd-st, simd-mt, relaxed-st, relaxed-mt.');
  }
  if (threads !== 'auto' && !(Number.isInteger(threads) && threads >= 1 && threads <= maxThreads)) {
    fail('InvalidArgument', `${threads} threads were asked for`, `Pass 'auto' or a whole number from 1 to ${maxThreads}.`);
  }
}
