// insitu doctor: why threads, SIMD or files are missing, and whether the engine starts.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Engine } from '../src/engine.js';
import { enableRelaxedSimd } from '../src/environment.js';
import { toInsituError } from '../src/errors.js';
import { detectFeatures } from '../src/features.js';
import type { Flavour } from '../src/types.js';
import type { Command } from './command.js';

const flavours: Flavour[] = ['simd-st', 'simd-mt', 'relaxed-st', 'relaxed-mt'];

export const doctor: Command = {
  summary: 'says why threads, SIMD or files are missing',
  help: `usage: insitu doctor

Looks at this Node and this package, starts the engine in each flavour, and says what a page needs for threads.
The exit status is 1 where a flavour does not start.`,
  options: {},
  async run() {
    const before = await detectFeatures();
    await enableRelaxedSimd();
    const { relaxedSimd } = await detectFeatures();
    const yesNo = (value: boolean) => (value ? 'yes' : 'no');
    console.log(`Node            ${process.version}, ${before.processors} processors`);
    console.log(`SIMD            ${yesNo(before.simd)}`);
    console.log(`relaxed SIMD    ${before.relaxedSimd ? 'yes' : relaxedSimd ? 'behind a flag, set when asked for' : 'no'}`);
    console.log(`threads         ${yesNo(before.threads)}`);
    let failed = 0;
    for (const flavour of flavours) failed += await check(flavour);
    console.log(`
In a browser, threads need cross-origin isolation: serve the page with
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Embedder-Policy: require-corp
engine.info.reasons says there what is missing, and the page must be allowed to start workers and WebAssembly:
  Content-Security-Policy: script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'`);
    return failed > 0 ? 1 : 0;
  },
};

/* 1 where the flavour does not start. */
async function check(flavour: Flavour): Promise<number> {
  const label = flavour.padEnd(15);
  for (const ending of ['mjs', 'wasm']) {
    const file = fileURLToPath(new URL(`./insitu-${flavour}.${ending}`, import.meta.url));
    if (existsSync(file)) continue;
    console.log(`${label} missing: ${file}`);
    return 1;
  }
  try {
    const engine = await Engine.create({ flavour, worker: false });
    await engine.dispose();
    const { info } = engine;
    const works = info.flavour === flavour;
    console.log(`${label} ${works ? `starts with ${info.threads} thread(s)` : `does not start: ${info.reasons.join(' ')}`}`);
    return works ? 0 : 1;
  } catch (thrown) {
    console.log(`${label} does not start: ${toInsituError(thrown).message}`);
    return 1;
  }
}
