// A quantization as text for people.
import { worstFirst } from '../src/quantize/worst.js';
import { number, percent } from './evaluate-text.js';
import type { QuantizationFile } from './quantize.js';
import { someOf, table } from './text.js';

const mostLayers = 10;

export function* describeQuantization(file: QuantizationFile): Generator<string> {
  const { model, to, nodes, samples, layers, excluded, bytesBefore, bytesAfter, tries } = file;
  yield `${model.name} to ${to}: ${nodes.length} nodes${samples > 0 ? `, ${samples} samples observed` : ''}`;
  if (layers.length > 0) {
    const worst = worstFirst(layers).slice(0, mostLayers);
    yield '';
    yield* table([
      [layers.length > mostLayers ? `worst ${mostLayers} of ${layers.length}` : 'layer, alone', 'operator', 'SQNR of weights', 'of outputs'],
      ...worst.map(({ node, op, weightSqnr, outputSqnr }) => [node, op, decibels(weightSqnr), decibels(outputSqnr)]),
    ], { right: [2, 3] });
    yield '';
  }
  const rows = [['size', `${bytesBefore.toLocaleString('en')} -> ${bytesAfter.toLocaleString('en')} bytes (${percent(bytesAfter / bytesBefore, 1)})`]];
  if (excluded.length > 0) rows.push(['in float', someOf(excluded)]);
  if (file.metric !== undefined) rows.push(comparison(file));
  if (tries.length > 0) rows.push(['tried', tries.map(({ inFloat, met }) => `${inFloat.length} in float: ${met ? 'good' : 'worse'}`).join(', ')]);
  yield* table(rows);
}

const decibels = (value: number | null) => (value === null ? '-' : value >= 200 ? 'exact' : `${value.toFixed(1)} dB`);

function comparison({ metric, before, after, goal, goalMet }: QuantizationFile): string[] {
  if (metric === 'mae') return ['mean absolute error', `${number(before!)} -> ${number(after!)}`];
  const wanted = goal === undefined ? '' : `; ${percent(goal)} of it ${goalMet ? 'is' : 'is not'} reached`;
  return ['accuracy', `${percent(before!)} -> ${percent(after!)}${wanted}`];
}
