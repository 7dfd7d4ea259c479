// The handwriting playground: reads the pad while it is drawn on, and feeds the drift meter with finished drawings only.
// Invariant: at most one live run is under way; the newest drawing wins. Of runs while drawing, and of the example at the
// start, the watch sees the times alone, so drift sees each drawing once.

import type { Session } from 'insitu';

import { open as openModel, read } from '../code/handwriting.js';
import source from '../code/handwriting.ts?source';
import { showCode } from '../common/code.js';
import { byId } from '../common/dom.js';
import { wordsOf } from '../common/problem.js';
import { DriftView } from '../drift/drift.js';
import type { Place } from '../shell/lazy.js';
import { ClassesView } from './classes.js';
import { CorrectionsView } from './corrections.js';
import { LatencyView } from './latency.js';
import { Pad } from './pad.js';
import { sampleDigit, sampleScribble } from './samples.js';
import { Rasterizer, type Stroke } from './strokes.js';

class Reader {
  #session: Session;
  #classes: ClassesView;
  #latency = new LatencyView();
  #drift: DriftView;
  #corrections: CorrectionsView;
  #rasterizer = new Rasterizer();
  #busy = false;
  #again = false;
  readonly pad: Pad;

  constructor(session: Session) {
    this.#session = session;
    const names = JSON.parse(session.metadata['labels'] ?? '[]') as string[];
    this.#classes = new ClassesView(names);
    this.#corrections = new CorrectionsView(session, names);
    this.#drift = new DriftView({
      state: byId('drift-state'), count: byId('drift-count'), meter: byId('meter'), chart: byId('drift-chart'),
      features: byId('features'),
    }, 'finished drawing');
    for (const event of ['drift', 'recovered']) session.monitor.addEventListener(event, () => void this.#showDrift());
    byId('drift-reset').addEventListener('click', () => void session.monitor.reset().then(() => {
      this.#drift.forget();
      this.#latency.forget();
      return this.#showDrift();
    }));
    void this.#showDrift();
    this.pad = new Pad(byId<HTMLCanvasElement>('pad'), {
      changed: () => void this.live(),
      finished: () => void this.#finished(),
    });
  }

  async #showDrift(): Promise<void> {
    this.#drift.show((await this.#session.monitor.snapshot()).drift);
  }

  async #read(watch: true | 'latency'): Promise<Float32Array> {
    const startedAt = performance.now();
    const ink = this.#rasterizer.rasterize(this.pad.strokes, this.pad.pen, this.pad.inverted);
    this.#classes.showInput(ink);
    const id = watch === true ? this.#corrections.offer(ink) : undefined;
    return read(this.#session, ink, { watch, startedAt, ...(id !== undefined && { id }) });
  }

  async live(): Promise<void> {
    this.#corrections.close();
    byId('hint').hidden = this.pad.strokes.length > 0 && !this.pad.showsExample;
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    try {
      do {
        this.#again = false;
        const probabilities = await this.#read('latency');
        this.#classes.show(this.pad.strokes.length > 0 ? probabilities : null);
        this.#latency.show(await this.#session.monitor.snapshot());
        await new Promise(requestAnimationFrame);
      } while (this.#again);
    } catch (error) {
      byId('announce').textContent = wordsOf(error);
    } finally {
      this.#busy = false;
    }
  }

  async #finished(): Promise<void> {
    try {
      this.#classes.show(await this.#read(true));
      this.#classes.announce();
      await this.#showDrift();
    } catch (error) {
      byId('announce').textContent = wordsOf(error);
    }
  }
}

function connectTools(pad: Pad): void {
  const pen = byId<HTMLInputElement>('pen');
  pen.addEventListener('input', () => {
    byId('pen-value').textContent = pen.value;
    pen.setAttribute('aria-valuetext', `${pen.value} of 280`);
    pad.pen = Number(pen.value);
  });
  const invert = byId<HTMLInputElement>('invert');
  invert.addEventListener('change', () => { pad.inverted = invert.checked; });
  byId('clear').addEventListener('click', () => pad.clear());
  const show = (strokes: Stroke[]): void => pad.show(strokes);
  byId('sample').addEventListener('click', () => show(sampleDigit(String(Math.floor(10 * Math.random())))));
  byId('pad').addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^[0-9]$/.test(event.key)) show(sampleDigit(event.key));
    else if (event.key.toLowerCase() === 's') show(sampleScribble());
    else if (event.key.toLowerCase() === 'c') pad.clear();
  });
}

export async function open({ engine }: Place): Promise<void> {
  showCode('handwriting', 'handwriting.ts', source);
  const reader = new Reader(await openModel(engine));
  connectTools(reader.pad);
  reader.pad.showExample(sampleDigit('3', () => 0.5));
  await reader.live();
  performance.mark('first-result');
}
