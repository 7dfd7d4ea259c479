// An ablation as one HTML page with two plots: ratios of latency, differences of the metric.
// Invariant: the page loads nothing and runs no script; whatever names files have, they stay text.
import { headOf, omissionsOf, shown, signed, tableOf } from './text.js';
import type { Ablation } from './types.js';

interface Bar {
  name: string;
  value: number;
  text: string;
  interval?: readonly [number, number];
}

const style = `:root{color-scheme:light dark;--page:#fff;--ink:#1d2733;--dim:#5b6775;--line:#d5dbe2;--bar:#2f6fb5}
@media (prefers-color-scheme:dark){:root{--page:#12171d;--ink:#e4e9ef;--dim:#9aa7b5;--line:#37424e;--bar:#6aa5e3}}
body{margin:0 auto;padding:16px;max-width:1080px;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:22px;line-height:1.25;overflow-wrap:anywhere}h2{font-size:17px;margin:28px 0 8px}p,li{overflow-wrap:anywhere}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(320px,100%),1fr));gap:0 32px}
svg{display:block;width:100%;max-width:520px;height:auto}svg text{fill:var(--ink);font:12px system-ui,sans-serif}
.bar{fill:var(--bar)}.mark{stroke:var(--dim);stroke-width:1;stroke-dasharray:3 3}.whisker{stroke:var(--ink);stroke-width:1.5}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:14px}
th,td{padding:4px 10px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}th:first-child,td:first-child{text-align:left;padding-left:0}
li{color:var(--dim);font-size:14px}`;

export function asPage(ablation: Ablation): string {
  const { metric, variants, omitted, notes } = ablation, [head, ...rows] = tableOf(ablation);
  const title = `Ablation of ${ablation.model.name}`;
  const ratios = variants.flatMap(({ name, latency }): Bar[] => (latency
    ? [{ name, value: latency.ratio.value, text: shown(latency.ratio), interval: [latency.ratio.low, latency.ratio.high] }] : []));
  const differences = variants.map(({ name, difference }): Bar => ({ name, value: difference, text: signed(metric, difference) }));
  const items = [...(omitted.length > 0 ? omissionsOf(ablation).map((line) => `Not measured: ${line}`) : []), ...notes];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escape(title)}</h1>
<p>${escape(headOf(ablation))}</p>
<div class="plots">
<section>
<h2>Latency over the baseline's</h2>
${plot('Latency over the baseline', ratios, 1)}
</section>
<section>
<h2>${metric === 'accuracy' ? 'Accuracy' : 'Mean absolute error'} minus the baseline's</h2>
${plot(`Difference in ${metric}`, differences, 0)}
</section>
</div>
<h2>All figures</h2>
<div class="scroll" tabindex="0" role="region" aria-label="All figures">
<table>
<thead><tr>${head!.map((text) => `<th scope="col">${escape(text)}</th>`).join('')}</tr></thead>
<tbody>
${rows.map((cells) => `<tr>${cells.map((text, i) => (i === 0 ? `<th scope="row">${escape(text)}</th>` : `<td>${escape(text)}</td>`)).join('')}</tr>`).join('\n')}
</tbody>
</table>
</div>
<h2>Notes</h2>
<ul>
${items.map((item) => `<li>${escape(item)}</li>`).join('\n')}
</ul>
</body>
</html>
`;
}

const width = 340, rowHeight = 38, edge = 4;

/* Bars from zero, each below its name and figure; a dashed line where nothing changes. */
function plot(label: string, bars: readonly Bar[], unchanged: number): string {
  if (bars.length === 0) return '<p>Nothing was measured.</p>';
  const ends = bars.flatMap(({ value, interval = [value, value] }) => [value, ...interval]);
  // Differences to both sides alike.
  const high = Math.max(unchanged, ...ends.map(Math.abs)) || 1, low = unchanged === 0 ? -high : 0, extent = high - low;
  const x = (value: number) => round(edge + ((value - low) / extent) * (width - 2 * edge)), height = bars.length * rowHeight;
  const drawn = bars.map(({ name, value, text, interval }, i) => {
    const top = i * rowHeight, [from, to] = [Math.min(0, value), Math.max(0, value)].map(x) as [number, number];
    return `<text x="${edge}" y="${top + 13}">${escape(name)}</text><text x="${width - edge}" y="${top + 13}" text-anchor="end">${escape(text)}</text>` +
      `<rect class="bar" x="${from}" y="${top + 19}" width="${round(to - from)}" height="12" rx="2"/>` +
      (interval ? `<line class="whisker" x1="${x(interval[0])}" x2="${x(interval[1])}" y1="${top + 25}" y2="${top + 25}"/>` : '');
  });
  const marks = bars.map((_, i) => `<line class="mark" x1="${x(unchanged)}" x2="${x(unchanged)}" y1="${i * rowHeight + 17}" y2="${i * rowHeight + 33}"/>`);
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(label)}">\n${[...drawn, ...marks].join('\n')}\n</svg>`;
}

const round = (value: number) => Math.round(value * 100) / 100;
const escape = (text: string) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
