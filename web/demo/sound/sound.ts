// The sound playground: spectrograms as the sound comes, and what a classifier of a person's own makes of it.
// Invariant: what cannot be read or run ends in a sentence, and the last sound and model stay.

import type { Session } from 'insitu';

import { classify, spectrogram } from '../code/sound.js';
import source from '../code/sound.ts?source';
import { showCode } from '../common/code.js';
import { byId, milliseconds } from '../common/dom.js';
import { takeFiles } from '../common/files.js';
import { labelsIn, labelsOf } from '../common/labels.js';
import { newestOnly } from '../common/newest.js';
import { wordsOf } from '../common/problem.js';
import { Ranking } from '../common/ranking.js';
import type { Place } from '../shell/lazy.js';
import { chirp, Microphone, soundOf, type Sound } from './sources.js';
import { loudestBand, paintSpectrogram } from './spectrogram-view.js';

class SoundPanel {
  readonly #place: Place;
  readonly #microphone = new Microphone();
  readonly #ranking = new Ranking(byId('sound-classes'));
  readonly #canvas = byId<HTMLCanvasElement>('spectrogram');
  #sound = chirp();
  #session: Session | undefined;
  #labels: string[] = [];
  readonly show = newestOnly((sound: Sound) => this.#attempt(() => this.#show(sound)));

  constructor(place: Place) {
    this.#place = place;
    takeFiles(place.section, byId<HTMLInputElement>('sound-files'), (files) => void this.#take(files));
    byId('sound-microphone').addEventListener('click', () => void this.#attempt(() => this.#toggle()));
    byId('sound-chirp').addEventListener('click', () => {
      this.#stop();
      void this.show(chirp());
    });
  }

  async #take(files: File[]): Promise<void> {
    for (const file of files) {
      await this.#attempt(async () => {
        if (file.name.endsWith('.onnx')) await this.#open(file);
        else if (/\.(txt|json)$/.test(file.name)) this.#labels = labelsOf(await file.text());
        else if (/^(audio|video)\//.test(file.type)) {
          this.#stop();
          this.#sound = await soundOf(file);
        } else throw new Error(`${file.name} is no sound, no model (.onnx) and no labels (.txt, .json).`);
        await this.#show(this.#sound);
      });
    }
  }

  async #open(file: File): Promise<void> {
    const session = await this.#place.engine.load(file);
    const [input] = session.inputs;
    const rank = input?.dims.length ?? 0;
    if (session.inputs.length !== 1 || rank < 2 || rank > 4 || (rank > 2 && typeof input!.dims.at(-2) !== 'number')) {
      await session.dispose();
      throw new Error(`${file.name} is no classifier of sound that this page can feed: it takes ` +
        `${session.inputs.map(({ name, dims }) => `${name} [${dims.join(', ')}]`).join(' and ')}; [1, samples] or [1, mels, frames] can be fed.`);
    }
    await this.#session?.dispose();
    this.#session = session;
    this.#labels = labelsIn(session.metadata);
    byId('sound-model').textContent = `${file.name}: ${input!.dtype} [${input!.dims.join(', ')}]`;
  }

  async #show(sound: Sound): Promise<void> {
    this.#sound = sound;
    const began = performance.now();
    const mel = await spectrogram(this.#place.engine, sound.samples, sound.sampleRate);
    const took = performance.now() - began;
    paintSpectrogram(this.#canvas, mel);
    const seconds = sound.samples.length / sound.sampleRate;
    byId('sound-name').textContent = `${sound.name}, ${seconds.toFixed(1)} s`;
    byId('sound-time').textContent = `${mel.dims.at(-2)} bands × ${mel.dims.at(-1)!.toLocaleString('en')} frames in ${milliseconds(took)} ms`;
    this.#canvas.setAttribute('aria-label', `Mel spectrogram of ${sound.name}, ${seconds.toFixed(1)} seconds; loudest at ${Math.round(100 * loudestBand(mel))} % of the way from low to high.`);
    if (!this.#session) return;
    const ranked = await classify(this.#place.engine, this.#session, sound.samples, sound.sampleRate, this.#labels);
    const rows = ranked.map(({ index, score, label }) => ({ label: label ?? `class ${index}`, score }));
    this.#ranking.show(rows);
    byId('sound-best').textContent = rows[0]!.label;
    byId('sound-share').textContent = `${(100 * rows[0]!.score).toFixed(1)} %`;
  }

  async #toggle(): Promise<void> {
    if (this.#microphone.isOn) return this.#stop();
    await this.#microphone.start((sound) => void this.show(sound));
    byId('sound-microphone').textContent = 'Stop listening';
  }

  #stop(): void {
    this.#microphone.stop();
    byId('sound-microphone').textContent = 'Use the microphone';
  }

  async #attempt(task: () => Promise<void>): Promise<void> {
    const said = byId('sound-said');
    try {
      await task();
      if (said.textContent !== '') said.textContent = '';
    } catch (error) {
      said.textContent = wordsOf(error);
    }
  }
}

export async function open(place: Place): Promise<void> {
  showCode('sound', 'sound.ts', source);
  await new SoundPanel(place).show(chirp());
}
