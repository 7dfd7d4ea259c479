// What this Node can do, whether the package is whole, and whether the engine starts in each flavour.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../src/engine.js';
import { enableRelaxedSimd } from '../../src/environment.js';
import { toInsituError } from '../../src/errors.js';
import { detectFeatures } from '../../src/features.js';
import type { Flavour } from '../../src/types.js';
import { flavours } from '../command.js';
import { ownFolder } from '../served-files.js';
import { advice, ok, wrong } from './finding.js';
import type { Finding } from './finding.js';

export async function checkNode(): Promise<Finding[]> {
  const before = await detectFeatures();
  await enableRelaxedSimd();
  const { relaxedSimd } = await detectFeatures();
  const newer = 'Use Node 20 or newer.';
  return [
    ok('Node', `${process.version}, ${before.processors} processors`),
    before.simd ? ok('SIMD', 'yes') : wrong('SIMD', 'no', 'the engine does not start without', newer),
    relaxedSimd
      ? ok('relaxed SIMD', before.relaxedSimd ? 'yes' : 'behind a flag, set when a relaxed flavour is asked for')
      : advice('relaxed SIMD', 'no', 'quantized models run slower', newer),
    before.threads ? ok('threads', 'yes') : advice('threads', 'no', 'models run on one thread', newer),
    ...await Promise.all(flavours.map(checkFlavour)),
  ];
}

async function checkFlavour(flavour: Flavour): Promise<Finding> {
  const again = 'Install the package again; where it is built from source, npm run build.';
  const missing = ['mjs', 'wasm'].map((ending) => join(ownFolder, `insitu-${flavour}.${ending}`)).find((file) => !existsSync(file));
  if (missing) return wrong(flavour, `missing: ${missing}`, 'the package is not whole', again);
  try {
    const engine = await Engine.create({ flavour, worker: false });
    await engine.dispose();
    const { info } = engine;
    if (info.flavour === flavour) return ok(flavour, `starts with ${info.threads} ${info.threads === 1 ? 'thread' : 'threads'}`);
    return wrong(flavour, 'does not start', info.reasons.join(' '), again);
  } catch (thrown) {
    return wrong(flavour, 'does not start', toInsituError(thrown).message, again);
  }
}
