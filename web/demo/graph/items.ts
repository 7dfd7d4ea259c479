// The boxes and lines of a graph: what the file says of its nodes, with what the engine says of where they run and for how long.
// Invariant: lines lead from a lower number to a higher one.

import type { ExplainRow, OperatorProfile } from 'insitu';

import { describeType, type GraphNode, type OnnxGraph } from './onnx-graph.js';
import { typesOf } from './shapes.js';

export interface Item {
  readonly kind: 'input' | 'output' | 'node';
  readonly name: string;
  readonly op: string;
  /** Of the first output: 'float32 1×16×28×28'; '' where it is not known. */
  readonly shape: string;
  readonly node?: GraphNode;
  readonly where?: ExplainRow;
  /** Of weights, as the file has them. */
  readonly bytes: number;
  /** Of one run; undefined where it has not been timed or nothing runs. */
  microseconds?: number;
}

/* The engine calls nodes without a name after operator and number. */
const nameOf = ({ name, op }: GraphNode, index: number): string => name || `${op}_${index}`;

export function itemsOf(graph: OnnxGraph, where: readonly ExplainRow[]): Item[] {
  const rows = new Map(where.map((row) => [row.node, row]));
  const types = typesOf(graph);
  const shapeOf = (value: string | undefined): string => describeType(types.get(value ?? ''));
  const end = (kind: 'input' | 'output') => (name: string): Item => ({ kind, name, op: kind, shape: shapeOf(name), bytes: 0 });
  return [
    ...graph.inputs.map(end('input')),
    ...graph.nodes.map((node, i): Item => ({
      kind: 'node', name: nameOf(node, i), op: node.op, shape: shapeOf(node.outputs[0]), node, where: rows.get(nameOf(node, i)),
      bytes: node.inputs.reduce((sum, value) => sum + (graph.weights.get(value) ?? 0), 0),
    })),
    ...graph.outputs.map(end('output')),
  ];
}

/** Writes the times of `runs` runs to the items they are of. */
export function setTimes(items: readonly Item[], rows: readonly OperatorProfile[], runs: number): void {
  const times = new Map(rows.map(({ name, totalMs }) => [name, (1000 * totalMs) / runs]));
  for (const item of items) item.microseconds = item.kind === 'node' ? times.get(item.name) : undefined;
}

/** Those items that are drawn, and the lines between them, by place in `shown`. Lines pass through what is left out. */
export function linesOf(items: readonly Item[], isShown: (item: Item) => boolean): { shown: number[]; lines: [number, number][] } {
  const shown = items.flatMap((item, i) => (isShown(item) ? [i] : []));
  const placeOf = new Map(shown.map((item, place) => [item, place]));
  const madeBy = new Map<string, readonly number[]>();
  const lines: [number, number][] = [];
  items.forEach((item, i) => {
    const reads = item.kind === 'output' ? [item.name] : item.node?.inputs ?? [];
    const sources = [...new Set(reads.flatMap((value) => madeBy.get(value) ?? []))];
    const place = placeOf.get(i);
    if (place !== undefined) for (const source of sources) lines.push([source, place]);
    for (const value of item.kind === 'input' ? [item.name] : item.node?.outputs ?? []) madeBy.set(value, place === undefined ? sources : [place]);
  });
  return { shown, lines };
}

/** 'xnnpack', 'kernel', 'reference', 'folded'; 'value' for ends of the graph, 'unknown' where the model does not run. */
export const kindOf = (item: Item): string => (item.kind === 'node' ? item.where?.on ?? 'unknown' : 'value');

export function microseconds(value: number | undefined): string {
  if (value === undefined) return '';
  return `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en')} µs`;
}

export function bytes(count: number): string {
  if (count === 0) return '';
  return count < 1024 ? `${count} B` : count < 2 ** 20 ? `${(count / 1024).toFixed(1)} KB` : `${(count / 2 ** 20).toFixed(1)} MB`;
}
