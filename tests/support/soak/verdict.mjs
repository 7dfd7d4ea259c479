// What the record of a long day says: whether anything grows, and whether runs have become slower.
// Invariant: no judgement hangs on one number. The least that was held in the last quarter of the checkpoints is compared with the
// least in the second; of times, medians, and only where a rank test finds no other explanation.
import assert from 'node:assert/strict';

const quarter = (list, number) => list.slice(Math.floor((list.length * (number - 1)) / 4), Math.floor((list.length * number) / 4));
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** By how much the last quarter's least exceeds the second's. */
export function growth(values) {
  return Math.min(...quarter(values, 4)) - Math.min(...quarter(values, 2));
}

/**
 * Mann and Whitney's test: how many standard deviations more often than by chance a value of `one` is above one of `other`; ties count
 * half.
 */
export function rankScore(one, other) {
  const all = [...one.map((value) => [value, 1]), ...other.map((value) => [value, 0])].sort((a, b) => a[0] - b[0]);
  const [n, m] = [one.length, other.length];
  let ranks = 0, ties = 0;
  for (let from = 0, to; from < all.length; from = to) {
    for (to = from; to < all.length && all[to][0] === all[from][0]; to++);
    for (let i = from; i < to; i++) ranks += all[i][1] * ((from + to + 1) / 2);
    ties += (to - from) ** 3 - (to - from);
  }
  const count = n + m, above = ranks - (n * (n + 1)) / 2;
  const variance = ((n * m) / 12) * (count + 1 - ties / (count * (count - 1)));
  return variance > 0 ? (above - (n * m) / 2) / Math.sqrt(variance) : 0;
}

/** Medians of both and their ratio; `slower` where `late` takes `times` as long, and hardly by chance. */
export function compareTimes(late, early, times) {
  const [is, was] = [median(late), median(early)];
  const most = Math.sqrt((3 * late.length * early.length) / (late.length + early.length + 1));  // where every one is above every other
  return { is, was, ratio: is / was, slower: is > times * was && rankScore(late, early) > Math.min(6, 0.99 * most) };
}

/* Bytes that may come to a page or a worker without being lost: what V8 compiles, and buffers for feeds to come. */
const slack = { page: { objects: 400e3, buffers: 1e6 }, worker: { objects: 100e3, buffers: 100e3 } };

/** Throws where memory was lost. */
export function assertFlat({ checkpoints, left }) {
  const of = (read) => checkpoints.map(read);
  for (const i of checkpoints[0].engines.keys()) {
    const held = new Set(of(({ engines }) => engines[i].bufferBytes));
    assert.equal(held.size, 1, `engine ${i} held ${[...held]} bytes after blocks that all end the same`);
    assert.equal(growth(of(({ engines }) => engines[i].heapBytes)), 0, `the heap of engine ${i} grew`);
  }
  for (const { before, after } of left) assert.equal(after, before, 'disposed sessions hold nothing');
  const checkHeap = (name, heaps, allowed) => {
    for (const kind of ['objects', 'buffers']) {
      const grown = growth(heaps.map((heap) => heap[kind]));
      assert.ok(grown <= allowed[kind], `${name}: ${grown} bytes more of ${kind}`);
    }
  };
  checkHeap('the page', of(({ page }) => page), slack.page);
  for (const i of checkpoints[0].workers.keys()) checkHeap(`worker ${i}`, of(({ workers }) => workers[i]), slack.worker);
}

/** Times of the second quarter and the last one, and of engines of the day and fresh ones in turns. */
export function compareDay({ checkpoints, flavours, beside }) {
  const rows = [];
  for (const [i, flavour] of flavours.entries()) {
    for (const name of Object.keys(checkpoints[0].engines[i].latencies)) {
      const [early, late] = [2, 4].map((number) => quarter(checkpoints, number).map(({ engines }) => engines[i].latencies[name]));
      rows.push({ of: `${flavour} ${name}, early and late`, ...compareTimes(late, early, 2) });
    }
  }
  for (const { flavour, name, old, fresh } of beside) {
    rows.push({ of: `${flavour} ${name}, beside a fresh engine`, ...compareTimes(old, fresh, 2) });
  }
  return rows;
}
