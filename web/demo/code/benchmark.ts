// Times models in builds of the engine and with numbers of threads, one after the other.
import { Engine, type Flavour, type Session, type Value } from 'insitu';

export interface Setup { flavour: Flavour; threads: number }
export interface Subject { name: string; url: string; feeds(session: Session): Record<string, Value> }
/** Times in milliseconds: of whole calls, and of the network in it. */
export interface Result extends Setup { model: string; runs: number; median: number; p90: number; network: number; load: number }

const kWarmUps = 20, kLeastRuns = 50, kMostRuns = 1000, kMs = 400;

export async function* benchmark(setups: Setup[], subjects: Subject[], signal: AbortSignal): AsyncGenerator<Result> {
  for (const { flavour, threads } of setups) {
    const engine = await Engine.create({ flavour, threads, assets: new URL('../', document.baseURI), signal });
    try {
      if (engine.info.flavour !== flavour || engine.info.threads !== threads) continue;  // this browser cannot run it
      for (const { name, url, feeds } of subjects) {
        const began = performance.now();
        const session = await engine.load(url, { signal });
        const load = performance.now() - began;
        const input = feeds(session);
        for (let i = 0; i < kWarmUps; ++i) await session.run(input, { signal });
        await session.monitor.reset();
        const times: number[] = [];
        const start = performance.now();
        while (times.length < kLeastRuns || (performance.now() - start < kMs && times.length < kMostRuns)) {
          const from = performance.now();
          await session.run(input, { signal, watch: 'latency' });
          times.push(performance.now() - from);
        }
        times.sort((a, b) => a - b);
        const { latency } = await session.monitor.snapshot();
        await session.dispose();
        const at = (share: number) => times[Math.floor(share * (times.length - 1))]!;
        yield { model: name, flavour, threads, runs: times.length, median: at(0.5), p90: at(0.9), network: latency.warm.infer.p50 ?? NaN, load };
      }
    } finally {
      await engine.dispose();
    }
  }
}
