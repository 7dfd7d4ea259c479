// The options of image() where they are JSON: of --image, and in a gate. Invariant: what image() would pass over is refused by its path.
import { Strict } from '../../src/evaluate/gate/strict.js';
import type { Member, Refuse } from '../../src/evaluate/gate/strict.js';
import { imageKinds } from '../../src/image.js';

const any: Member = () => {};

/** Refuses what is no object of such options. What they hold image() checks. */
export function imageMember(refuse: Refuse): Member {
  const strict = new Strict(refuse);
  const members: Record<string, Member> = Object.fromEntries(Object.keys(imageKinds).map((name) => [name, any]));
  members.quantization = strict.object({ scale: any, zeroPoint: any });
  return strict.object(members, { empty: true });
}
