// The demo page: loads the handwriting model, reads the pad while it is drawn on, and feeds the drift
// meter with finished drawings only.
// Invariant: at most one live run is under way; the newest drawing wins. Of runs while drawing the watch sees
// the times alone, so drift sees each drawing once.

import { Engine, InsituError, tensor, type Session } from 'insitu';

import { ClassesView } from './classes.js';
import { DriftView } from './drift.js';
import { byId } from './dom.js';
import { InspectPanel } from './inspect.js';
import { DriftLab } from './lab.js';
import { LatencyView } from './latency.js';
import { Pad } from './pad.js';
import { sampleDigit, sampleScribble } from './samples.js';
import { kCells, Rasterizer, type Stroke } from './strokes.js';

const kModel = new URL('./models/handwriting.int8.onnx', import.meta.url);
const kProfile = new URL('./models/handwriting.profile.json', import.meta.url);
const kFalseAlarmEvery = 1000;

class Reader {
  #session: Session;
  #classes: ClassesView;
  #latency = new LatencyView();
  #drift: DriftView;
  #rasterizer = new Rasterizer();
  #busy = false;
  #again = false;
  readonly pad: Pad;

  constructor(session: Session) {
    this.#session = session;
    this.#classes = new ClassesView(JSON.parse(session.metadata['labels'] ?? '[]') as string[]);
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
      changed: () => void this.#live(),
      finished: () => void this.#finished(),
    });
  }

  async #showDrift(): Promise<void> {
    this.#drift.show((await this.#session.monitor.snapshot()).drift);
  }

  async #read(watch: true | 'latency'): Promise<Float32Array> {
    const startedAt = performance.now();
    const image = this.#rasterizer.rasterize(this.pad.strokes, this.pad.pen, this.pad.inverted);
    this.#classes.showInput(image);
    const outputs = await this.#session.run({ image: tensor(image, [1, 1, kCells, kCells]) }, { watch, startedAt });
    return (outputs['probabilities'] as { data: Float32Array }).data;
  }

  async #live(): Promise<void> {
    byId('hint').style.opacity = this.pad.strokes.length > 0 ? '0' : '1';
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
      report(error);
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
      report(error);
    }
  }
}

function report(error: unknown): void {
  const text = error instanceof InsituError ? `${error.code}: ${error.message} ${error.hint ?? ''}` : String(error);
  byId('engine').textContent = text;
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

async function start(): Promise<void> {
  const began = performance.now();
  const engine = await Engine.create({ assets: new URL('../', import.meta.url) });
  const session = await engine.load(kModel, {
    monitor: { profile: kProfile, falseAlarmEvery: kFalseAlarmEvery },
  });
  const ready = performance.now() - began;
  const { info } = engine;
  byId('version').textContent = info.version;
  byId('engine').textContent =
    `Ready in ${ready.toFixed(0)} ms · ${info.flavour}, ${info.threads} thread${info.threads > 1 ? 's' : ''}`;
  byId('engine').title = info.reasons.join('\n');
  const reader = new Reader(session);
  connectTools(reader.pad);
  new DriftLab(engine);
  new InspectPanel(engine);
  document.documentElement.dataset['ready'] = 'true';
}

start().catch(report);
