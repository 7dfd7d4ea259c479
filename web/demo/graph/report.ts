// What is said of a model and of one of its nodes.

import type { ModelReport, TensorInfo } from 'insitu';

import { make } from '../common/dom.js';
import { problem } from '../common/problem.js';
import { bytes, microseconds, type Item } from './items.js';
import { describeType, type OnnxGraph } from './onnx-graph.js';
import { typesOf } from './shapes.js';

const kProblems = 20;

const describe = ({ name, dtype, dims }: TensorInfo): string => `${name}: ${dtype} [${dims.join(', ')}]`;

export function definitions(rows: readonly (readonly [string, string])[]): HTMLElement {
  return make('dl', {}, ...rows.filter(([, text]) => text !== '').flatMap(([term, text]) =>
    [make('dt', { textContent: term }), make('dd', { textContent: text })]));
}

export function summary(name: string, size: number, report: ModelReport): HTMLElement[] {
  const operators = Object.entries(report.operators).sort((a, b) => b[1] - a[1]).map(([op, count]) => `${op} ${count}`).join(', ');
  const opsets = Object.entries(report.opsets).map(([domain, version]) => `${domain || 'ai.onnx'} ${version}`);
  const facts = definitions([
    ['File', `${name}, ${bytes(size)}, ${report.parameters.toLocaleString('en')} parameters`],
    ['Opset', opsets.join(', ') + (report.producer ? `, made by ${report.producer}` : '')],
    ['Inputs', report.inputs.map(describe).join('; ')],
    ['Outputs', report.outputs.map(describe).join('; ')],
    ['Operators', operators],
  ]);
  return [facts, ...report.unsupported.slice(0, kProblems).map(({ node, op, what }) => problem(`${op} '${node}': ${what}`))];
}

/** Everything known of one item. */
export function nodeFacts({ kind, name, op, shape, node, where, bytes: size, microseconds: time }: Item, graph: OnnxGraph): HTMLElement[] {
  const types = typesOf(graph);
  const value = (name: string): string => [name, describeType(types.get(name))].filter(Boolean).join(' ');
  const rows: [string, string][] = kind === 'node'
    ? [
        ['Name', name],
        ['Runs on', where ? [where.on, where.why].filter(Boolean).join(': ') : 'not in the program: it was computed while loading, or the model does not run'],
        ['Computed as', where && where.op !== op ? where.op : ''],
        ['Time', microseconds(time)],
        ['Reads', node!.inputs.filter(Boolean).map(value).join('; ')],
        ['Gives', node!.outputs.map(value).join('; ')],
        ['Weights', size > 0 ? `${bytes(size)} in the file${where?.bytes ? `, ${bytes(where.bytes)} packed` : ''}` : ''],
        ['Attributes', node!.attributes.join('; ')],
      ]
    : [['Name', name], ['Type', shape]];
  return [make('h3', { textContent: op }), definitions(rows)];
}
