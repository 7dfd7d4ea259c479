// The smaller parts of the panel: data quality, accuracy, the service level objective, memory, and one slice at a time.
import type { MonitorSnapshot, QualityCounts, SliceSnapshot } from 'insitu';

import { Facts, Keyed, levelOf, make, named, Table, write } from './dom.js';
import { count, counted, megabytes, milliseconds, percent, tally } from './format.js';
import { section } from './view.js';
import type { View } from './view.js';

export function qualityView(level: number): View {
  const table = new Table('Data quality by tensor', ['Tensor', 'Checked', 'Issues']);
  const note = named(make('p', { textContent: 'No tensor was looked at yet.' }), 'note');
  return {
    element: section('quality', 'Data quality', level, table.element, note),
    show({ quality }) {
      const tensors = Object.entries(quality);
      note.hidden = tensors.length > 0;
      table.show(tensors.map(([name, counts]) => ({ key: name, head: name, cells: [count(counts.checked), issuesOf(counts)] })));
    },
  };
}

const issuesOf = ({ nanSamples, infiniteSamples, issues }: QualityCounts): string =>
  tally({ nan: nanSamples, infinite: infiniteSamples, ...issues }) || 'none';

export function accuracyView(level: number): View {
  const facts = new Facts();
  const element = section('accuracy', 'Accuracy', level, facts.element);
  return {
    element,
    show({ accuracy }) {
      element.hidden = !accuracy;
      if (!accuracy) return;
      const { estimate, reference, labelled, correct, learning, errors } = accuracy;
      facts.show({
        'Estimated without labels': estimate
          ? `${percent(estimate.value, 1)} (${percent(estimate.low, 1)} to ${percent(estimate.high, 1)})`
          : 'not yet',
        'When calibrated': reference === null ? undefined : percent(reference, 1),
        'With labels': labelled > 0 ? `${count(correct)} of ${count(labelled)} right` : 'none yet',
        'Labels for a calibration': learning ? `${count(learning.have)} of ${count(learning.need)}` : undefined,
        'Wrong of late': errors ? `${percent(errors.recentRate, 1)}, expected ${percent(errors.expectedRate, 1)}` : undefined,
      });
    },
  };
}

/* Windows of requests, and the burn rate from which each says that the objective is in danger: docs/monitoring.md. */
const kWindows = [['20', 6], ['100', 2], ['1000', 2]] as const;

export function sloView(level: number): View {
  const facts = new Facts();
  const table = new Table('How fast the error budget burns', ['Last', 'Burn rate', 'Of limit']);
  const element = section('slo', 'Objective', level, facts.element, table.element);
  return {
    element,
    show({ slo }) {
      element.hidden = !slo;
      if (!slo) return;
      facts.show({
        'p95 at most': `${milliseconds(slo.p95Ms)} ms`,
        'Missed': `${count(slo.bad)} of ${count(slo.requests)}, ${percent(slo.errorBudget)} may`,
        'State': slo.state === 'burning' ? 'burning the budget' : 'kept',
      });
      table.show(kWindows.map(([window, limit]) => {
        const rate = slo.burnRates[window];
        const share = (rate ?? 0) / limit;
        return {
          key: window, head: count(Number(window)),
          cells: [rate === null ? '–' : `${rate.toFixed(1)} of ${limit}`, { share, level: levelOf(share) }],
        };
      }));
    },
  };
}

const kPersistence: Record<MonitorSnapshot['persistence'], string> = {
  none: 'no', opfs: 'yes', busy: 'by another tab', unavailable: 'not possible here',
};

export function memoryView(level: number): View {
  const facts = new Facts();
  return {
    element: section('memory', 'Engine', level, facts.element),
    show({ memory, ownMs, persistence, latency: { context, clockStepMs, requests } }) {
      const { flavour, threads } = context;
      facts.show({
        'Memory': megabytes(memory.heapBytes),
        'Models and tensors': megabytes(memory.bufferBytes),
        'Build': flavour && threads && `${flavour}, ${counted(Number(threads), 'thread')}`,
        'Clock step': `${Number(clockStepMs.toPrecision(1))} ms`,
        'The watch took': requests > 0 ? `${milliseconds(ownMs)} ms in all` : undefined,
        'Kept for the next visit': kPersistence[persistence],
      });
    },
  };
}

const kWorst = { latency: 'slowest', drift: 'drifts most', quality: 'most issues' } as const;

export function sliceView(level: number): View {
  const choice = named(make('select'), 'select');
  const facts = new Facts();
  const element = section('slices', 'Slices', level, make('label', {}, make('span', { textContent: 'Slice' }), choice), facts.element);
  const options = new Keyed(choice, (value) => ({ element: make('option', { value }) }));
  let latest: readonly SliceSnapshot[] = [];
  const showChosen = () => {
    const slice = latest.find(({ name }) => name === choice.value);
    if (slice) facts.show(factsOf(slice));
  };
  choice.addEventListener('change', showChosen);
  return {
    element,
    show({ slices: { all, worst } }) {
      latest = all;
      element.hidden = all.length === 0;
      const { value } = choice;
      options.show(all.map(({ name }) => name)).forEach(({ element: option }, i) => {
        const { name } = all[i]!;
        const marks = Object.entries(kWorst).filter(([what]) => worst[what as keyof typeof kWorst] === name).map(([, mark]) => mark);
        write(option, marks.length > 0 ? `${name} (${marks.join(', ')})` : name);
      });
      choice.value = all.some(({ name }) => name === value) ? value : worst.drift ?? worst.latency ?? all[0]?.name ?? '';
      showChosen();
    },
  };
}

function factsOf({ requests, failures, total, infer, judged, withIssues, issues, drift }: SliceSnapshot): Record<string, string | undefined> {
  return {
    'Requests': failures > 0 ? `${count(requests)}, ${count(failures)} failed` : count(requests),
    'Total, p50 · p95': `${milliseconds(total.p50)} · ${milliseconds(total.p95)} ms`,
    'Inference, p50 · p95': `${milliseconds(infer.p50)} · ${milliseconds(infer.p95)} ms`,
    'Samples with issues': judged > 0 ? `${count(withIssues)} of ${count(judged)}${withIssues > 0 ? `: ${tally(issues)}` : ''}` : undefined,
    'Drift': drift ? drift.state === 'calm' ? `calm, evidence ${percent(drift.meter)}` : drift.state : undefined,
  };
}
