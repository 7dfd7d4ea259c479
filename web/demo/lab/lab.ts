// The drift lab: a camera of simulated scenes whose troubles are on sliders. It learns what scenes look like when nothing is
// wrong, and then says when that is no longer so, which numbers moved, and how many scenes it took.
// Invariant: while the lab is paused, or out of sight, nothing runs.

import type { DriftAlarm, Engine, Session } from 'insitu';

import { short } from '../../element/format.js';
import { look, open as openModel } from '../code/lab.js';
import source from '../code/lab.ts?source';
import { showCode } from '../common/code.js';
import { byId, make } from '../common/dom.js';
import { wordsOf } from '../common/problem.js';
import { DriftView } from '../drift/drift.js';
import { textOf } from '../drift/features.js';
import type { Place } from '../shell/lazy.js';
import { labModel } from './lab-model.js';
import { kNoTrouble, kSceneSide, SceneMaker, type Trouble } from './scenes.js';

const kScenesAtOnce = 25;   // while learning
const kPauseMs = 60;        // between scenes afterwards
const kLogged = 6;

const kSliders: Record<keyof Trouble, (value: number) => string> = {
  brightness: (value) => `× ${value.toFixed(2)}`,
  noise: (value) => value.toFixed(2),
  blur: (value) => String(value),
  swap: (value) => `${Math.round(100 * value)} %`,
  pen: (value) => `${value} px`,
};

class DriftLab {
  readonly #engine: Engine;
  readonly #scenes = new SceneMaker();
  readonly #view = new DriftView({
    state: byId('lab-state'), count: byId('lab-count'), meter: byId('lab-meter'), chart: byId('lab-chart'),
    features: byId('lab-features'),
  }, 'scene');
  readonly #trouble: Trouble = { ...kNoTrouble };
  #session: Promise<Session> | undefined;
  #running = false;
  /* The camera while it runs; another one starts when it has stopped. */
  #stream = Promise.resolve();
  /* The sample at which a slider was last moved. */
  #changedAt = 0;
  #samples = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
    for (const name of Object.keys(kSliders) as (keyof Trouble)[]) this.#connect(name);
    byId('lab-run').addEventListener('click', () => this.#toggle());
    byId('lab-calm').addEventListener('click', () => this.#calm());
    byId('lab-reset').addEventListener('click', () => void this.#reset());
    showScene(this.#scenes.next(kNoTrouble));
  }

  #connect(name: keyof Trouble): void {
    const slider = byId<HTMLInputElement>(`lab-${name}`);
    const show = () => {
      const value = Number(slider.value);
      const text = kSliders[name](value);
      byId(`lab-${name}-value`).textContent = text;
      slider.setAttribute('aria-valuetext', text);
      this.#trouble[name] = value;
    };
    slider.value = String(kNoTrouble[name]);
    slider.addEventListener('input', () => {
      show();
      this.#changedAt = this.#samples;
    });
    show();
  }

  #calm(): void {
    for (const name of Object.keys(kSliders) as (keyof Trouble)[]) {
      const slider = byId<HTMLInputElement>(`lab-${name}`);
      slider.value = String(kNoTrouble[name]);
      slider.dispatchEvent(new Event('input'));
    }
  }

  async #reset(): Promise<void> {
    const session = await this.#session;
    await session?.monitor.reset();
    this.#view.forget();
    this.#samples = this.#changedAt = 0;
    byId('lab-log').replaceChildren();
    if (session) this.#view.show((await session.monitor.snapshot()).drift);
  }

  #setRunning(running: boolean): void {
    this.#running = running;
    const button = byId('lab-run');
    button.textContent = running ? 'Pause the camera' : 'Start the camera';
    button.setAttribute('aria-pressed', String(running));
  }

  #toggle(): void {
    this.#setRunning(!this.#running);
    if (!this.#running) return;
    this.#session ??= this.#open();
    this.#stream = this.#stream.then(async () => this.#run(await this.#session!)).catch((error) => {
      this.#note(wordsOf(error));
      this.#setRunning(false);
    });
  }

  async #open(): Promise<Session> {
    const session = await openModel(this.#engine, labModel(), (alarm) => this.#found(alarm));
    session.monitor.addEventListener('recovered', () => this.#note(`Scene ${this.#samples.toLocaleString('en')}: back to normal.`));
    session.monitor.addEventListener('profile', () => this.#note(
      'Learnt from 2,000 scenes what is normal here. Now move a slider.'));
    return session;
  }

  async #run(session: Session): Promise<void> {
    for (;;) {
      const { drift } = await session.monitor.snapshot();
      this.#samples = drift.samples;
      this.#show(drift.learning);
      this.#view.show(drift);
      if (!this.#running) return;
      if (document.hidden) {
        await new Promise((seen) => { document.addEventListener('visibilitychange', seen, { once: true }); });
        continue;
      }
      // What is normal is learnt without trouble, wherever the sliders stand.
      const learns = drift.state === 'learning';
      for (let i = 0; i < (learns ? kScenesAtOnce : 1); ++i) {
        const scene = this.#scenes.next(learns ? kNoTrouble : this.#trouble);
        if (i === 0) showScene(scene);
        await look(session, scene);
      }
      await new Promise((done) => { setTimeout(done, learns ? 0 : kPauseMs); });
    }
  }

  #show(learning: { have: number; need: number } | null): void {
    const progress = byId<HTMLProgressElement>('lab-learning');
    progress.hidden = !learning;
    if (learning) progress.value = learning.have / learning.need;
  }

  #found({ sample, features }: DriftAlarm): void {
    const since = sample - this.#changedAt;
    const moved = features.slice(0, 3).map(({ name, shift }) =>
      textOf(name).name + (shift === null ? '' : ` ${shift >= 0 ? '+' : '−'}${short(Math.abs(shift))} σ`));
    this.#note(`Scene ${sample.toLocaleString('en')}: drift found` +
      (this.#changedAt > 0 ? `, ${since.toLocaleString('en')} scenes after the last change` : '') + `. Moved: ${moved.join(', ')}.`);
  }

  #note(text: string): void {
    const log = byId('lab-log');
    log.prepend(make('li', { textContent: text }));
    while (log.children.length > kLogged) log.lastElementChild!.remove();
  }
}

function showScene(planes: Float32Array): void {
  const context = byId<HTMLCanvasElement>('lab-scene').getContext('2d')!;
  const pixels = context.createImageData(kSceneSide, kSceneSide);
  const size = kSceneSide * kSceneSide;
  for (let i = 0; i < size; ++i) {
    for (let c = 0; c < 3; ++c) pixels.data[4 * i + c] = Math.round(255 * planes[c * size + i]!);
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
}

export function open({ engine }: Place): void {
  showCode('lab', 'lab.ts', source);
  new DriftLab(engine);
}
