// The search for the fewest layers in float that reach a goal. Invariant: at most 2 log2(n) + 3 models are tried of n layers; where
// the goal holds for all counts from some on, that one is found.

/**
 * The least count from 0 to `most` for which `holds`, by doubling and halving. undefined: it does not hold for `most`, which was
 * then the last to be tried.
 */
export async function fewest(most: number, holds: (count: number) => Promise<boolean>): Promise<number | undefined> {
  if (await holds(0)) return 0;
  let below = 0, reached = 0;
  do {
    below = reached;
    if (below === most) return undefined;
    reached = Math.min(most, Math.max(1, 2 * below));
  } while (!await holds(reached));
  while (reached - below > 1) {
    const middle = (below + reached) >> 1;
    if (await holds(middle)) reached = middle;
    else below = middle;
  }
  return reached;
}
