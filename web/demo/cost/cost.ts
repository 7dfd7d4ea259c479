// "What it costs": a model is measured in this browser; with the prices that a person types, cloud and device are compared.
// Invariant: nothing is sent, and no price is there that was not typed, asked for as an example, or in the link. What was typed is
// never replaced by what is measured unless that is asked for.

import type { Engine } from 'insitu';
import { cost } from 'insitu/cost';

import { thisDevice } from '../benchmark/device.js';
import { engineSize, kRunsForP95, sizeOf, time, type Size } from '../code/cost.js';
import source from '../code/cost.ts?source';
import { showCode } from '../common/code.js';
import { byId, make, milliseconds } from '../common/dom.js';
import { takeFiles } from '../common/files.js';
import { newestOnly } from '../common/newest.js';
import { wordsOf } from '../common/problem.js';
import { randomFeed } from '../graph/feeds.js';
import type { Place } from '../shell/lazy.js';
import { examples } from './examples.js';
import { CostForm } from './form.js';
import { hashOf, linkedIn } from './link.js';
import { ResultView } from './result.js';

const kSample = 'models/handwriting.int8.onnx';
/* So long nobody has typed: what is said and what the address holds follow. */
const kPauseMs = 350;

class CostPanel {
  readonly #engine: Engine;
  readonly #form = new CostForm(byId('cost-fields'), () => this.#changed());
  readonly #result = new ResultView();
  #example = '';
  #files: File[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly measure = newestOnly((keep: boolean) => this.#measure(keep));

  constructor(engine: Engine) {
    this.#engine = engine;
    byId('cost-examples').append(...Object.entries(examples).map(([name, { label, numbers }]) => {
      const button = make('button', { type: 'button', textContent: label });
      button.addEventListener('click', () => {
        this.#form.clear();
        this.#form.fill(numbers, 'example');
        this.#example = name;
        this.#changed();
      });
      return button;
    }));
    byId('cost-form').addEventListener('submit', (event) => event.preventDefault());
    byId('cost-clear').addEventListener('click', () => {
      this.#form.clear();
      this.#changed();
    });
    byId('cost-link').addEventListener('click', () => void this.#copyLink());
    byId('cost-measure').addEventListener('click', () => void this.measure(false));
    takeFiles(byId('cost-drop'), byId<HTMLInputElement>('cost-file'), (files) => void this.use(files, false));
    addEventListener('hashchange', () => this.#readLink());
    this.#readLink();
  }

  /** Measures a model; with `keep` what is given already stays. */
  use(files: File[], keep: boolean): Promise<void> {
    this.#files = files;
    return this.measure(keep);
  }

  async #measure(keep: boolean): Promise<void> {
    const model = this.#files.find(({ name }) => name.endsWith('.onnx')) ?? this.#files[0]!;
    const others = this.#files.filter((file) => file !== model);
    const said = byId('cost-progress');
    said.textContent = `Timing ${model.name} …`;
    try {
      const session = await this.#engine.load(model, { externalData: Object.fromEntries(others.map((file) => [file.name, file])), monitor: false });
      const timed = await time(session, Object.fromEntries(session.inputs.map((info) => [info.name, randomFeed(info)]))).finally(() => session.dispose());
      const [size, engine] = await Promise.all([sizeOf(new Blob(this.#files)), engineSize(this.#engine)]);
      const { median, p95, runs } = timed, { browser, platform, cores } = thisDevice(this.#engine.info.clockStepMs), { flavour, threads } = this.#engine.info;
      const bytes = ({ bytes, gzip }: Size) => `${bytes.toLocaleString('en')} bytes, ${gzip.toLocaleString('en')} by gzip`;
      const facts = {
        Model: `${model.name}: ${bytes(size)}`, Engine: `${bytes(engine)}, as this server sends it`,
        Device: `${browser} on ${platform}, ${cores} cores; ${flavour}, ${threads} thread${threads > 1 ? 's' : ''}`,
        Median: `${milliseconds(median)} ms`, p95: p95 === null ? `needs ${kRunsForP95} runs` : `${milliseconds(p95)} ms`, Runs: String(runs),
      };
      byId('cost-measured').replaceChildren(...Object.entries(facts).map(([term, textContent]) => make('div', {}, make('dt', { textContent: term }), make('dd', { textContent }))));
      this.#form.fill({ deviceMs: Number(median.toPrecision(4)), modelBytes: size.bytes, engineBytes: engine.bytes }, 'measured', keep);
      said.textContent = `Measured: ${milliseconds(median)} ms, whole calls from the page on random input.`;
    } catch (error) {
      said.textContent = wordsOf(error);
    }
    this.#show();
  }

  #changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#show();
      history.replaceState(null, '', this.#hash());
    }, kPauseMs);
  }

  #show(): void {
    byId('cost-invented').hidden = !this.#form.hasOf('example');
    const report = cost(this.#form.read());
    this.#result.show(report, this.#form.currency);
  }

  #hash(): string {
    return hashOf({ numbers: this.#form.read(), currency: this.#form.currency, example: this.#form.hasOf('example') ? this.#example : '' });
  }

  #readLink(): void {
    const linked = linkedIn(location.hash);
    if (linked) {
      const { numbers, currency, example } = linked;
      const invented = Object.hasOwn(examples, example) ? examples[example]!.numbers : {};
      const isInvented = ([name, value]: [string, number]) => invented[name as keyof typeof invented] === value;
      const pairs = Object.entries(numbers);
      this.#form.clear();
      this.#form.currency = currency;
      this.#form.fill(Object.fromEntries(pairs.filter((pair) => !isInvented(pair))), 'link');
      this.#form.fill(Object.fromEntries(pairs.filter(isInvented)), 'example');
      this.#example = example;
    }
    this.#show();
  }

  async #copyLink(): Promise<void> {
    const link = new URL(this.#hash(), location.href).href;
    byId('cost-linked').textContent = await navigator.clipboard.writeText(link).then(() => 'Copied.', () => 'Copying is not allowed here: copy the address of the page.');
  }
}

export async function open({ engine }: Place): Promise<void> {
  showCode('cost', 'cost.ts', source);
  const panel = new CostPanel(engine);
  const sample = await (await fetch(kSample)).blob();
  await panel.use([new File([sample], kSample.split('/').at(-1)!)], true);
}
