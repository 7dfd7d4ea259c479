// The result: a sentence, the chart of cost against requests with the break-even, every formula with its numbers, what is left out.
// Invariant: only the sentence is announced, and only when it changes.

import { costFields, type CostReport } from 'insitu/cost';

import { formatNumber } from '../../src/cost/expression.js';
import { missingIn, sentencesOf, unitIn } from '../../src/cost/words.js';
import { costsAt } from '../code/cost.js';
import { LineChart } from '../common/chart.js';
import { byId, make } from '../common/dom.js';

const kDefaultMost = 100;
/* A user's month is a matter of fractions; the chart is of as many users as make numbers that can be read. */
const kCrowds = [1, 1000, 1_000_000];
const kReadable = 0.1;

export class ResultView {
  readonly #chart = new LineChart(byId('cost-chart'), {
    lines: [
      { label: 'cloud', colour: '--copy-in' }, { label: 'device', colour: '--infer' },
      { label: 'break-even', colour: '--alarm', points: true },
    ],
    height: 190, format: (value) => (value === null ? '' : formatNumber(value, 2)),
  });

  show(report: CostReport, currency: string): void {
    const said = sentencesOf(report, currency).join(' ');
    if (byId('cost-said').textContent !== said) byId('cost-said').textContent = said;
    this.#showChart(report, currency);
    byId('cost-formulas').replaceChildren(...report.lines.map(({ name, label, unit, value, formula, inserted }) =>
      make('li', {}, make('p', { className: 'head' }, make('span', { textContent: label }), make('span', {}, make('strong', { textContent: formatNumber(value) }), ` ${unitIn(unit, currency)}`)),
        make('code', { textContent: `${name} = ${formula}` }), ...(inserted === formula ? [] : [make('code', { textContent: `= ${inserted}` })]))));
    byId('cost-out').hidden = report.leftOut.length === 0;
    byId('cost-out-count').textContent = `${report.leftOut.length} of ${report.leftOut.length + report.lines.length} formulas`;
    byId('cost-left-out').replaceChildren(...report.leftOut.map((line) => {
      const ways = line.missing.filter((name) => Object.hasOwn(costFields, name)).map((name) => fieldLink(name));
      return make('li', {}, `${line.label}, ${unitIn(line.unit, currency)}: `, ...(ways.length === line.missing.length ? ['needs ', ...ways.flatMap((way, i) => (i > 0 ? [', ', way] : [way]))] : [missingIn(line)]));
    }));
  }

  #showChart({ given, breakEven, values }: CostReport, currency: string): void {
    const figure = byId('cost-figure');
    figure.hidden = values.cloudPerRequest === undefined || values.deliveryPerUserMonth === undefined;
    if (figure.hidden) return;
    const at = breakEven.kind === 'at' ? breakEven.requestsPerUserMonth : undefined;
    const xs = placesOf(at, given.requestsPerUserMonth);
    const costs = costsAt(given, xs);
    const cloud = costs.map(({ cloudPerUserMonth }) => cloudPerUserMonth!), device = costs.map(({ devicePerUserMonth }) => devicePerUserMonth!);
    const most = Math.max(...cloud, ...device);
    const crowd = kCrowds.find((users) => most * users >= kReadable) ?? kCrowds.at(-1)!;
    const lines = [cloud, device, cloud.map((value, i) => (xs[i] === at ? value : null))];
    const users = crowd === 1 ? 'one user' : `${formatNumber(crowd)} users`;
    byId('cost-caption').textContent = `Cost of ${users} in a month${currency && `, ${currency}`}, by requests per user and month`;
    this.#chart.set(xs, lines.map((line) => line.map((value) => (value === null ? null : value * crowd))),
      `Cost of ${users} in a month from 0 to ${formatNumber(xs.at(-1)!, 3)} requests per user: the cloud's grows to ${formatNumber(cloud.at(-1)! * crowd, 3)}, ` +
      `the device's from ${formatNumber(device[0]! * crowd, 3)} to ${formatNumber(device.at(-1)! * crowd, 3)}${at === undefined ? '' : `; they are equal at ${formatNumber(at, 4)} requests`}.`);
  }
}

/* Both costs are straight lines. The break-even is near the middle where the number of requests lets it. */
function placesOf(at: number | undefined, requests = 0): number[] {
  const most = at === undefined ? 2 * requests || kDefaultMost : Math.max(2 * at, Math.min(requests, 4 * at));
  return at === undefined ? [0, most] : [0, at, most];
}

function fieldLink(name: string): HTMLElement {
  const link = make('a', { href: `#cost-${name}` }, make('code', { textContent: name }));
  link.addEventListener('click', (event) => {
    event.preventDefault();  // the address holds the numbers
    byId(`cost-${name}`).focus();
  });
  return link;
}
