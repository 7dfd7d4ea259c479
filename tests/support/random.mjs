// Random numbers that are the same on every run and machine (mulberry32).

/** next: uniform in [0, 1); pick: a whole number from low to high; oneOf: an item of a list. */
export function generator(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const pick = (low, high) => low + Math.floor(next() * (high - low + 1));
  return { next, pick, oneOf: (list) => list[pick(0, list.length - 1)] };
}
