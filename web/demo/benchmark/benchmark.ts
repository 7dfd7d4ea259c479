// The benchmark: models of this page in each build and number of threads that there are, as a table, as bars, and as JSON.
// Invariant: nothing runs before it is asked for, and nothing is sent.

import { tensor, type Flavour } from 'insitu';

import { benchmark, type Result, type Setup, type Subject } from '../code/benchmark.js';
import source from '../code/benchmark.ts?source';
import { showCode } from '../common/code.js';
import { byId, make, makeBar, milliseconds } from '../common/dom.js';
import { wordsOf } from '../common/problem.js';
import type { Place } from '../shell/lazy.js';
import { thisDevice, type Device } from './device.js';

const kThreads = [2, 4];
const kTokens = 48;

/* The same numbers on every device. */
const kSubjects: Subject[] = [
  { name: 'handwriting, int8, 28×28', url: 'models/handwriting.int8.onnx',
    feeds: () => ({ image: tensor(Float32Array.from({ length: 784 }, (_, i) => (i * 37 % 101) / 100), [1, 1, 28, 28]) }) },
  { name: `intents, int8, ${kTokens} tokens`, url: 'models/intents_int8.onnx',
    feeds: () => ({
      input_ids: tensor(BigInt64Array.from({ length: kTokens }, (_, i) => BigInt(5 + (i * 37) % 1000)), [1, kTokens]),
      attention_mask: tensor(new BigInt64Array(kTokens).fill(1n), [1, kTokens]),
    }) },
];

async function setupsHere(cores: number): Promise<Setup[]> {
  const built = (await (await fetch('../flavours.json')).json()) as Flavour[];
  return built.flatMap((flavour) => (flavour.endsWith('-st') ? [{ flavour, threads: 1 }]
    : crossOriginIsolated ? kThreads.filter((threads) => threads <= cores).map((threads) => ({ flavour, threads })) : []));
}

const named = ({ flavour, threads }: Setup): string => `${flavour}${threads > 1 ? `, ${threads} threads` : ''}`;

class BenchmarkPanel {
  readonly #device: Device;
  readonly #version: string;
  #results: Result[] = [];
  #stop = new AbortController();
  #finishedAt = '';

  constructor(device: Device, version: string) {
    this.#device = device;
    this.#version = version;
    const { browser, platform, cores, memory, isolated } = device;
    const facts = { Browser: `${browser} on ${platform}`, Cores: String(cores), Memory: memory ? `${memory} GB, as the browser says` : '',
      Isolated: isolated ? 'yes: threads can be had' : 'no: one thread' };
    for (const [term, text] of Object.entries(facts)) if (text) byId('bench-device').append(make('div', {}, make('dt', { textContent: term }), make('dd', { textContent: text })));
    byId('bench-run').addEventListener('click', () => void this.#run());
    byId('bench-stop').addEventListener('click', () => this.#stop.abort());
    byId('bench-copy').addEventListener('click', () => void this.#copy());
    byId('bench-download').addEventListener('click', () => this.#download());
  }

  async #run(): Promise<void> {
    const [run, stop, progress, said] = [byId<HTMLButtonElement>('bench-run'), byId('bench-stop'), byId<HTMLProgressElement>('bench-progress'), byId('bench-said')];
    this.#stop = new AbortController();
    this.#results = [];
    this.#show();
    run.disabled = true;
    stop.hidden = progress.hidden = false;
    try {
      const setups = await setupsHere(this.#device.cores);
      const count = setups.length * kSubjects.length;
      progress.value = 0;
      said.textContent = `${count} measurements`;
      for await (const result of benchmark(setups, kSubjects, this.#stop.signal)) {
        this.#results.push(result);
        progress.value = this.#results.length / count;
        said.textContent = `${this.#results.length} of ${count}: ${result.model}, ${named(result)}`;
        this.#show();
      }
      said.textContent = this.#fastest();
    } catch (error) {
      said.textContent = this.#stop.signal.aborted ? 'Stopped.' : wordsOf(error);
    } finally {
      this.#finishedAt = new Date().toISOString();
      run.disabled = false;
      stop.hidden = progress.hidden = true;
    }
  }

  #fastest(): string {
    return kSubjects.flatMap(({ name }) => {
      const [best] = this.#of(name).sort((a, b) => a.median - b.median);
      return best ? [`${name}: ${milliseconds(best.median)} ms with ${named(best)}`] : [];
    }).join('. ');
  }

  #of(model: string): Result[] {
    return this.#results.filter((result) => result.model === model);
  }

  #show(): void {
    byId('bench-result').hidden = this.#results.length === 0;
    byId('bench-rows').replaceChildren(...this.#results.map(({ model, flavour, threads, median, p90, network, load, runs }) =>
      make('tr', {}, make('th', { scope: 'row', textContent: model }), make('td', { textContent: flavour }),
        ...[String(threads), ...[median, p90, network, load].map(milliseconds), String(runs)].map((textContent) => make('td', { className: 'number', textContent })))));
    byId('bench-charts').replaceChildren(...kSubjects.map(({ name }) => {
      const results = this.#of(name);
      const most = Math.max(...results.map(({ median }) => median));
      return make('figure', {}, make('figcaption', { textContent: `${name}: median, ms` }), make('ul', {}, ...results.map((result) => {
        const bar = makeBar();
        bar.set(result.median / most);
        return make('li', {}, make('span', { textContent: named(result) }), bar.element, make('span', { textContent: milliseconds(result.median) }));
      })));
    }));
  }

  #json(): string {
    const round = (ms: number): number | null => (Number.isFinite(ms) ? Number(ms.toPrecision(4)) : null);
    return `${JSON.stringify({
      format: 'insitu-benchmark', version: 1, insitu: this.#version, at: this.#finishedAt, device: this.#device, unit: 'ms',
      results: this.#results.map((result) => ({
        ...result, median: round(result.median), p90: round(result.p90), network: round(result.network), load: round(result.load),
      })),
    }, null, 2)}\n`;
  }

  async #copy(): Promise<void> {
    byId('bench-said').textContent = await navigator.clipboard.writeText(this.#json()).then(() => 'Copied.', () => 'Copying is not allowed here: download it.');
  }

  #download(): void {
    const url = URL.createObjectURL(new Blob([this.#json()], { type: 'application/json' }));
    make('a', { href: url, download: 'insitu-benchmark.json' }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }
}

export function open({ engine: { info } }: Place): void {
  showCode('benchmark', 'benchmark.ts', source);
  new BenchmarkPanel(thisDevice(info.clockStepMs), info.version);
}
