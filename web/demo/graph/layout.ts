// A layered layout of a directed graph without cycles, downwards: layers by longest path, orders within them by barycentres, places
// by least squares (Sugiyama's method, with pooled neighbours). Linear in nodes and edges, so that thousands take no time to speak of.
// Invariant: boxes of a layer do not overlap, and every edge goes down.

export interface Point { readonly x: number; readonly y: number }

export interface Layout {
  /** The middle of each box. */
  readonly places: readonly Point[];
  /** Of each edge, from box to box. */
  readonly routes: readonly (readonly Point[])[];
  readonly width: number;
  readonly height: number;
}

export const kBox = { width: 176, height: 62 } as const;
const kGap = { x: 24, y: 38, route: 14 } as const;
const kSweeps = 6;
/* Longer edges are drawn straight: bends for each of their layers would be most of the picture. */
const kLongestBent = 40;

/** `edges` lead from a lower number to a higher one; the first `roots` boxes are where the graph begins. */
export function layOut(count: number, edges: readonly (readonly [number, number])[], roots: number): Layout {
  const layerOf = layersOf(count, edges, roots);
  const below: number[][] = Array.from({ length: count }, () => []), above: number[][] = Array.from({ length: count }, () => []);
  const layer = [...layerOf];
  const bends = edges.map(([from, to]) => {
    const chain = [from];
    const span = layerOf[to]! - layerOf[from]!;
    for (let step = 1; step < span && span <= kLongestBent; ++step) {
      chain.push(layer.length);
      layer.push(layerOf[from]! + step);
      below.push([]);
      above.push([]);
    }
    chain.push(to);
    for (let i = 1; i < chain.length; ++i) {
      below[chain[i - 1]!]!.push(chain[i]!);
      above[chain[i]!]!.push(chain[i - 1]!);
    }
    return chain;
  });
  const layers: number[][] = [];
  layer.forEach((at, item) => (layers[at] ??= []).push(item));
  const rows = Array.from(layers, (row) => row ?? []);
  const widthOf = (item: number): number => (item < count ? kBox.width + kGap.x : kGap.route);
  const x = order(rows, above, below, widthOf);
  const left = x.reduce((least, at, item) => Math.min(least, at - widthOf(item) / 2), Infinity);
  const right = x.reduce((most, at, item) => Math.max(most, at + widthOf(item) / 2), -Infinity);
  const place = (item: number): Point => ({ x: x[item]! - left, y: layer[item]! * (kBox.height + kGap.y) + kBox.height / 2 + kGap.y / 2 });
  return {
    places: Array.from({ length: count }, (_, item) => place(item)),
    routes: bends.map((chain) => chain.map((item, i) => {
      const { x, y } = place(item);
      return { x, y: i === 0 ? y + kBox.height / 2 : i === chain.length - 1 ? y - kBox.height / 2 : y };
    })),
    width: count > 0 ? right - left : 0,
    height: rows.length * (kBox.height + kGap.y),
  };
}

/* Each node below all it reads. What no root leads to, weights on their way, stands just above the first that reads it. */
function layersOf(count: number, edges: readonly (readonly [number, number])[], roots: number): number[] {
  const layer = new Array<number>(count).fill(0);
  const led = Array.from({ length: count }, (_, item) => item < roots);
  const from: number[][] = Array.from({ length: count }, () => []), to: number[][] = Array.from({ length: count }, () => []);
  for (const [a, b] of edges) {
    from[b]!.push(a);
    to[a]!.push(b);
  }
  for (let item = 0; item < count; ++item)
    for (const source of from[item]!) {
      layer[item] = Math.max(layer[item]!, layer[source]! + 1);
      led[item] ||= led[source]!;
    }
  for (let item = count - 1; item >= 0; --item)
    if (!led[item] && to[item]!.length > 0) layer[item] = to[item]!.reduce((least, next) => Math.min(least, layer[next]!), Infinity) - 1;
  return layer;
}

/* Sorts the layers in place, and says where in x each item stands. */
function order(rows: number[][], above: readonly number[][], below: readonly number[][], widthOf: (item: number) => number): number[] {
  const x: number[] = [];
  for (const row of rows) {
    let at = 0;
    for (const item of row) {
      x[item] = at + widthOf(item) / 2;
      at += widthOf(item);
    }
  }
  const wanted = (item: number, neighbours: readonly number[]): number =>
    (neighbours.length === 0 ? x[item]! : neighbours.reduce((sum, other) => sum + x[other]!, 0) / neighbours.length);
  for (let sweep = 0; sweep < kSweeps; ++sweep) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : [...rows].reverse()) {
      const wish = new Map(row.map((item) => [item, wanted(item, (down ? above : below)[item]!)]));
      if (sweep < kSweeps - 2) row.sort((a, b) => wish.get(a)! - wish.get(b)!);
      settle(row, wish, widthOf, x);
    }
  }
  return x;
}

/* Places as near as can be to the wishes, in the order of the row, without overlap: pools of adjacent violators. */
function settle(row: readonly number[], wish: ReadonlyMap<number, number>, widthOf: (item: number) => number, x: number[]): void {
  const pools: { sum: number; count: number; from: number }[] = [];
  const offsets: number[] = [];
  let offset = 0;
  row.forEach((item, i) => {
    if (i > 0) offset += (widthOf(row[i - 1]!) + widthOf(item)) / 2;
    offsets.push(offset);
    let pool = { sum: wish.get(item)! - offset, count: 1, from: i };
    for (let last = pools.at(-1); last && last.sum / last.count >= pool.sum / pool.count; last = pools.at(-1)) {
      pools.pop();
      pool = { sum: last.sum + pool.sum, count: last.count + pool.count, from: last.from };
    }
    pools.push(pool);
  });
  pools.forEach(({ sum, count, from }, p) => {
    const end = pools[p + 1]?.from ?? row.length;
    for (let i = from; i < end; ++i) x[row[i]!] = sum / count + offsets[i]!;
  });
}
