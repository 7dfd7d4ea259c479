// "Inspect a model": any .onnx file as a picture and a table, with where each node runs and how long it takes.
// Invariant: a file that is no model, or one that cannot run, ends in a readable message; the page goes on. Of files opened
// one after another the last is shown.

import type { Engine, Session, Value } from 'insitu';

import { inspect, time } from '../code/graph.js';
import source from '../code/graph.ts?source';
import { showCode } from '../common/code.js';
import { byId, make, milliseconds } from '../common/dom.js';
import { takeFiles } from '../common/files.js';
import { newestOnly } from '../common/newest.js';
import { problem } from '../common/problem.js';
import type { Place } from '../shell/lazy.js';
import { pictureFeed, randomFeed, takesPicture } from './feeds.js';
import { itemsOf, kindOf, linesOf, microseconds, setTimes, type Item } from './items.js';
import { layOut } from './layout.js';
import { NodeTable } from './node-table.js';
import { readGraph, type OnnxGraph } from './onnx-graph.js';
import { Picture, type Box } from './picture.js';
import { nodeFacts, summary } from './report.js';

const kRuns = 10;
const kSample = 'models/handwriting.int8.onnx';

const boxOf = (item: Item): Box => ({
  lines: [item.op, item.kind === 'node' ? item.shape : item.name, item.kind === 'node' ? [microseconds(item.microseconds), kindOf(item)].filter(Boolean).join(' · ') : item.shape],
  kind: kindOf(item),
});

const randomFeeds = (session: Session): Record<string, Value> =>
  Object.fromEntries(session.inputs.map((info) => [info.name, randomFeed(info)]));

class GraphPanel {
  readonly #engine: Engine;
  readonly #picture = new Picture(byId('picture'), (place) => this.#select(this.#items[this.#shown[place]!]!));
  readonly #table = new NodeTable((item) => this.#select(item, true));
  readonly #folded = byId<HTMLInputElement>('show-folded');
  #session: Session | undefined;
  #graph: OnnxGraph | undefined;
  #items: Item[] = [];
  #shown: number[] = [];
  /* Of the model that is shown. */
  runRandom = (): Promise<void> => Promise.resolve();
  readonly open = newestOnly((files: File[]) => this.#open(files));

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#folded.addEventListener('change', () => this.#draw());
    byId('zoom-in').addEventListener('click', () => this.#picture.zoom(1.4));
    byId('zoom-out').addEventListener('click', () => this.#picture.zoom(1 / 1.4));
    byId('zoom-fit').addEventListener('click', () => this.#picture.fit());
    takeFiles(byId('drop'), byId<HTMLInputElement>('file'), (files) => void this.open(files));
  }

  async #open(files: File[]): Promise<void> {
    const model = files.find(({ name }) => name.endsWith('.onnx')) ?? files[0]!;
    const others = Object.fromEntries(files.filter((file) => file !== model).map((file) => [file.name, file]));
    const [facts, actions] = [byId('model-facts'), byId('model-run')];
    facts.replaceChildren(make('p', { textContent: `Opening ${model.name} …` }));
    actions.replaceChildren();
    await this.#session?.dispose();
    this.#session = undefined;
    this.#items = [];
    this.#graph = undefined;
    try {
      const { report, session, where } = await inspect(this.#engine, model, others);
      this.#session = session;
      this.#graph = readGraph(new Uint8Array(await model.arrayBuffer()));
      this.#items = itemsOf(this.#graph, where);
      facts.replaceChildren(...summary(model.name, model.size, report));
      if (session) actions.append(...this.#runs(session));
    } catch (error) {
      facts.replaceChildren(problem(error));
    }
    byId('node').replaceChildren();
    this.#draw();
  }

  #draw(): void {
    const { shown, lines } = linesOf(this.#items, (item) => this.#folded.checked || kindOf(item) !== 'folded');
    this.#shown = shown;
    this.#picture.show(layOut(shown.length, lines, this.#graph?.inputs.length ?? 0), shown.map((i) => boxOf(this.#items[i]!)));
    byId('picture').setAttribute('aria-label', `Graph of ${shown.length.toLocaleString('en')} boxes and ${lines.length.toLocaleString('en')} lines. ` +
      'Arrow keys move it, plus and minus zoom, 0 shows it from the top, N and P go from node to node. The table has the same.');
    this.#table.show(this.#items);
  }

  #select(item: Item, centre = false): void {
    byId('node').replaceChildren(...nodeFacts(item, this.#graph!));
    const index = this.#items.indexOf(item);
    if (centre && !this.#shown.includes(index)) {
      this.#folded.checked = true;
      this.#draw();
    }
    this.#picture.select(this.#shown.indexOf(index), centre);
  }

  #runs(session: Session): HTMLElement[] {
    const said = make('p', { className: 'help' });
    said.setAttribute('role', 'status');
    const run = async (feeds: () => Promise<Record<string, Value>> | Record<string, Value>): Promise<void> => {
      said.textContent = `Running ${kRuns} times …`;
      try {
        const rows = await time(session, await feeds(), kRuns);
        setTimes(this.#items, rows, kRuns);
        said.textContent = `${milliseconds(rows.reduce((sum, row) => sum + row.totalMs, 0) / kRuns)} ms a run, mean of ${kRuns}.`;
        this.#picture.update(this.#shown.map((i) => boxOf(this.#items[i]!)));
        this.#table.show(this.#items);
      } catch (error) {
        said.replaceChildren(problem(error));
      }
    };
    const random = make('button', { type: 'button', className: 'primary', textContent: 'Run on random input' });
    random.addEventListener('click', () => void run(() => randomFeeds(session)));
    const actions = make('div', { className: 'tools' }, random);
    const [input] = session.inputs;
    if (session.inputs.length === 1 && input && takesPicture(input)) {
      const picker = make('input', { type: 'file', accept: 'image/*', className: 'visually-hidden' });
      const label = make('label', { className: 'link' }, 'or on a picture', picker);
      takeFiles(label, picker, ([picture]) => void run(async () => ({ [input.name]: await pictureFeed(picture!, input) })));
      actions.append(label);
    }
    this.runRandom = () => run(() => randomFeeds(session));
    return [actions, said];
  }
}

export async function open({ engine }: Place): Promise<void> {
  showCode('graph', 'graph.ts', source);
  const panel = new GraphPanel(engine);
  const sample = await (await fetch(kSample)).blob();
  await panel.open([new File([sample], kSample.split('/').at(-1)!)]);
  await panel.runRandom();
}
