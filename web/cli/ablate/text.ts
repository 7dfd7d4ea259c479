// An ablation as a table for people and as Markdown.
// Invariant: whatever names files have, Markdown stays a table.
import { number, percent } from '../evaluate-text.js';
import { cell, table } from '../text.js';
import type { Ablation, Ratio, Row, VariantRow } from './types.js';

const grouped = (value: number) => value.toLocaleString('en-US');
const ms = (value: number | null) => (value === null ? '-' : value.toFixed(3));

export const signed = (metric: Ablation['metric'], value: number): string =>
  `${value < 0 ? '' : '+'}${metric === 'accuracy' ? `${(100 * value).toFixed(2)} points` : number(value)}`;
export const shown = ({ value, low, high }: Ratio): string => `${value.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;

export function headOf({ model, engine: { flavour, threads }, data, samples, runs }: Ablation): string {
  return `${model.name} on ${samples} samples of ${data.name}: ${flavour}, ${threads} ${threads === 1 ? 'thread' : 'threads'}, ${runs} ${runs === 1 ? 'run' : 'runs'} in turns`;
}

/** The first row names the columns. */
export function tableOf({ metric, baseline, variants }: Ablation): string[][] {
  const size = ({ bytes, memory }: Pick<Row, 'bytes' | 'memory'>) => [grouped(bytes.raw), grouped(bytes.brotli), grouped(memory.peak)];
  const value = (row: Row | VariantRow) => (metric === 'accuracy' ? percent : number)(row.metric.value);
  return [
    ['variant', metric, 'difference', 'McNemar p', 'changed', 'p50, ms', 'p90, ms', 'ratio (95 %)', 'bytes', 'brotli', 'peak memory'],
    ['baseline', value(baseline), '', '', '', ms(baseline.p50_ms), ms(baseline.p90_ms), '', ...size(baseline)],
    ...variants.map((row) => {
      const { name, difference, mcnemar, changed, latency } = row;
      return [name, value(row), signed(metric, difference), mcnemar ? number(mcnemar.p) : '-', changed === null ? '-' : grouped(changed),
        ...(latency ? [ms(latency.p50_ms), ms(latency.p90_ms), shown(latency.ratio)] : ['-', '-', '-']), ...size(row)];
    }),
  ];
}

/** Names with one reason together. */
export function omissionsOf({ omitted }: Ablation): string[] {
  return [...new Set(omitted.map(({ why }) => why))].map((why) =>
    `${omitted.filter((one) => one.why === why).map(({ name }) => name).join(', ')}: ${why}`);
}

export function* asText(ablation: Ablation): Generator<string> {
  yield headOf(ablation);
  yield '';
  yield* table(tableOf(ablation), { right: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] });
  yield '';
  for (const line of omissionsOf(ablation)) yield `not measured: ${line}`;
  yield* ablation.notes;
}

export function asMarkdown(ablation: Ablation): string {
  const [head, ...rows] = tableOf(ablation), line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  const items = [...omissionsOf(ablation).map((omission) => `Not measured: ${omission}`), ...ablation.notes];
  return [
    `# Ablation of ${cell(ablation.model.name)}`, '', cell(headOf(ablation)), '',
    line(head!), line(head!.map((_, i) => (i === 0 ? '---' : '---:'))).replaceAll('\\', ''), ...rows.map(line), '',
    ...items.map((item) => `- ${cell(item)}`),
  ].join('\n');
}
