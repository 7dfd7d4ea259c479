// What is switched, one at a time: parts of the engine, threads, relaxed SIMD, quantization, the resizing of pictures.
// Invariant: what changes nothing for this model, or does not run here, is omitted with the reason.
import { isDeepStrictEqual } from 'node:util';
import type { Engine } from '../../src/engine.js';
import type { ImageOptions } from '../../src/image-feed.js';
import type { Session } from '../../src/session.js';
import type { ExplainRow, LoadOptions } from '../../src/types.js';
import type { Value } from '../../src/value.js';
import { sourceOptions } from '../cases.js';
import { flavours, progress } from '../command.js';
import type { Flags } from '../command.js';
import type { Dataset } from '../data/dataset.js';
import { imageOptions, openData } from '../data/flags.js';
import { openCalibration } from '../quantize.js';
import type { Ablation, Variant } from './types.js';

interface Found {
  variants: Variant[];
  omitted: Ablation['omitted'];
}

/* Where each node runs and what it became; the reasons name switches themselves. */
const planOf = (rows: readonly ExplainRow[]) => JSON.stringify(rows.map(({ node, op, on, bytes }) => [node, op, on, bytes]));

export async function switches(engine: Engine, session: Session, model: string, options: LoadOptions): Promise<Found> {
  const plan = planOf(await session.explain()), found: Found = { variants: [], omitted: [] };
  for (const name of engine.info.switches) {
    const variant: Variant = { name: `without ${name}`, load: { without: [name] } };
    await using other = await engine.load(model, { ...options, ...variant.load });
    if (planOf(await other.explain()) !== plan) found.variants.push(variant);
    else found.omitted.push({ name: variant.name, why: 'no part in this model' });
  }
  return found;
}

/** Fewer threads by halves, and relaxed SIMD the other way round. */
export function engines({ info: { flavour, threads } }: Engine): Variant[] {
  const variants: Variant[] = [], [simd, kind] = flavour.split('-') as ['simd' | 'relaxed', 'st' | 'mt'];
  for (let fewer = threads >> 1; fewer >= 1; fewer >>= 1) variants.push({ name: `threads ${fewer}`, engine: { threads: fewer, flavour: fewer === 1 ? `${simd}-st` : flavour } });
  const other = flavours.find((one) => one === `${simd === 'simd' ? 'relaxed' : 'simd'}-${kind}`)!;
  variants.push({ name: simd === 'simd' ? 'relaxed SIMD' : 'without relaxed SIMD', engine: { flavour: other, threads } });
  return variants;
}

export async function quantized(engine: Engine, model: string, flags: Flags): Promise<Variant[]> {
  const variants: Variant[] = [];
  if (flags.calibration === undefined) return variants;
  for (const perChannel of [true, false]) {
    const calibration = await openCalibration(engine, model, flags);
    const { model: bytes } = await engine.quantize(model, calibration!.samples, { externalData: sourceOptions(model).externalData, perChannel,
      onProgress: ({ done, total = calibration!.count }) => progress.show('quantizing', { done, total }),
    });
    variants.push({ name: perChannel ? 'int8' : 'int8 per tensor', bytes });
  }
  return variants;
}

/** Other filters and fits, where they give other tensors: of pictures that are not of the input's extents. */
export async function resizings(engine: Engine, session: Session, path: string, flags: Flags, feeds: readonly Record<string, Value>[]): Promise<Variant[]> {
  const given = imageOptions(flags.image) ?? {}, { filter = 'bilinear', fit = 'cover' } = given, variants: Variant[] = [];
  const filters = (['bilinear', 'area', 'bicubic'] as const).filter((one) => one !== filter).map((one): [string, ImageOptions] => [`resize ${one}`, { filter: one }]);
  const fits = (['cover', 'contain', 'fill'] as const).filter((one) => one !== fit).map((one): [string, ImageOptions] => [`fit ${one}`, { fit: one }]);
  for (const [name, change] of [...filters, ...fits]) {
    const image = { ...given, ...change };
    if (!(await feedsAlike(withImage(engine, session, path, flags, image), feeds))) variants.push({ name, image });
  }
  return variants;
}

export function withImage(engine: Engine, session: Session, path: string, flags: Flags, image: ImageOptions): Dataset {
  return openData(engine, session.inputs, path, { ...flags, image: JSON.stringify(image) });
}

async function feedsAlike(data: Dataset, feeds: readonly Record<string, Value>[]): Promise<boolean> {
  for (const [i, before] of feeds.entries()) if (!isDeepStrictEqual(await data.feeds(i), before)) return false;
  return true;
}
