// Times a model as this page calls it, counts bytes as they are sent and as gzip packs them, and compares the device with the cloud.
import type { Engine, Session, Value } from 'insitu';
import { cost, type CostInput, type CostReport } from 'insitu/cost';

/** Milliseconds of whole calls; a p95 takes runs enough. */
export interface Timed { median: number; p95: number | null; runs: number }
export interface Size { bytes: number; gzip: number }

const kWarmUps = 20, kWarmUpMs = 200, kLeastRuns = 5, kMostRuns = 200, kMs = 3000;
export const kRunsForP95 = 130;

export async function time(session: Session, feeds: Record<string, Value>): Promise<Timed> {
  const start = performance.now();
  for (let i = 0; i < kWarmUps && (i === 0 || performance.now() - start < kWarmUpMs); i++) await session.run(feeds);
  const times: number[] = [];
  const began = performance.now();
  while (times.length < kLeastRuns || (performance.now() - began < kMs && times.length < kMostRuns)) {
    const from = performance.now();
    await session.run(feeds);
    times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.ceil(share * times.length) - 1]!;
  return { median: at(0.5), p95: times.length < kRunsForP95 ? null : at(0.95), runs: times.length };
}

export async function sizeOf(blob: Blob, bytes = blob.size): Promise<Size> {
  const packed = new Response(blob.stream().pipeThrough(new CompressionStream('gzip')));
  return { bytes, gzip: (await packed.blob()).size };
}

/** What a browser downloads of the engine, from the cache where it is there. */
export async function engineSize({ info: { flavour } }: Engine): Promise<Size> {
  const names = ['index.js', 'insitu/worker.js', `insitu-${flavour}.mjs`, `insitu-${flavour}.wasm`];
  const sizes = await Promise.all(names.map(async (name) => {
    const response = await fetch(new URL(`../${name}`, document.baseURI), { cache: 'force-cache' });
    const sent = response.headers.get('content-length');
    return sizeOf(await response.blob(), sent === null ? undefined : Number(sent));
  }));
  return { bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0), gzip: sizes.reduce((sum, { gzip }) => sum + gzip, 0) };
}

/** Cost of one user in a month, at each number of requests. */
export function costsAt(input: CostInput, requests: readonly number[]): CostReport['values'][] {
  return requests.map((requestsPerUserMonth) => cost({ ...input, requestsPerUserMonth }).values);
}
