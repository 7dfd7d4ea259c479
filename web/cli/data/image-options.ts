// The options of image() where they are JSON: of --image, and in a gate. Invariant: what image() would pass over is refused by its path.
import { Strict } from '../../src/evaluate/gate/strict.js';
import type { Member, Refuse } from '../../src/evaluate/gate/strict.js';
import type { ImageOptions } from '../../src/image-feed.js';

const any: Member = () => {};

/** Refuses what is no object of such options. What they hold image() checks. */
export function imageMember(refuse: Refuse): Member {
  const strict = new Strict(refuse);
  const members: Record<keyof ImageOptions, Member> = {
    width: any, height: any, fit: any, crop: any, filter: any, background: any, channels: any, layout: any, dtype: any, scale: any,
    mean: any, std: any, quantization: strict.object({ scale: any, zeroPoint: any }),
  };
  return strict.object(members, { empty: true });
}
