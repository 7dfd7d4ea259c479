// The image playground: any classifier of pictures, its labels and how it wants its pictures, on pictures of a person's own.
// Invariant: what cannot be read or run ends in a sentence, and the last model and picture stay.

import type { ModelSource, Session } from 'insitu';

import { classify, open as openModel } from '../code/image.js';
import source from '../code/image.ts?source';
import { showCode } from '../common/code.js';
import { byId, milliseconds } from '../common/dom.js';
import { takeFiles } from '../common/files.js';
import { labelsIn, labelsOf } from '../common/labels.js';
import { newestOnly } from '../common/newest.js';
import { wordsOf } from '../common/problem.js';
import { Ranking } from '../common/ranking.js';
import type { Place } from '../shell/lazy.js';
import { PictureSource } from './picture-source.js';
import { optionsFor, usePreset } from './presets.js';

const kSample = 'models/handwriting.int8.onnx';

class ImagePanel {
  readonly #place: Place;
  readonly #ranking = new Ranking(byId('image-classes'));
  readonly #source = new PictureSource(() => this.classify());
  #session: Session | undefined;
  #labels: string[] = [];
  readonly classify = newestOnly(() => this.#classify());

  constructor(place: Place) {
    this.#place = place;
    takeFiles(place.section, byId<HTMLInputElement>('image-files'), (files) => void this.#take(files));
    addEventListener('paste', (event) => {
      const pictures = [...event.clipboardData?.files ?? []].filter(({ type }) => type.startsWith('image/'));
      if (pictures.length > 0) void this.#take(pictures);
    });
    byId('image-sample').addEventListener('click', () => void this.#attempt(async () => {
      if (byId('image-model').dataset['sample'] !== 'true') await this.useSample();
      await this.sample(String(Math.floor(10 * Math.random())));
    }));
    byId('image-camera').addEventListener('click', () => void this.#attempt(() => this.#toggleCamera()));
    byId('image-address').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#attempt(() => this.#open(byId<HTMLInputElement>('image-url').value, byId<HTMLInputElement>('image-url').value));
    });
    byId('image-preset').addEventListener('change', () => {
      usePreset(byId<HTMLSelectElement>('image-preset').value);
      void this.classify();
    });
    for (const name of ['mean', 'std', 'crop', 'channels']) byId(`image-${name}`).addEventListener('change', () => void this.classify());
  }

  async useSample(): Promise<void> {
    await this.#open(kSample, 'handwriting.int8.onnx, a reader of single digits', 'ink');
    byId('image-model').dataset['sample'] = 'true';
  }

  async sample(digit: string): Promise<void> {
    this.#stopCamera();
    await this.#source.sample(digit);
  }

  async #take(files: File[]): Promise<void> {
    for (const file of files) {
      await this.#attempt(async () => {
        if (file.name.endsWith('.onnx')) await this.#open(file, file.name);
        else if (/\.(txt|json)$/.test(file.name)) await this.#setLabels(labelsOf(await file.text()), file.name);
        else if (file.type.startsWith('image/')) {
          this.#stopCamera();
          await this.#source.file(file, file.name);
        } else throw new Error(`${file.name} is no picture, no model (.onnx) and no labels (.txt, .json).`);
      });
    }
  }

  async #open(model: ModelSource, name: string, preset = 'imagenet'): Promise<void> {
    byId('image-said').textContent = 'Opening …';
    const session = await openModel(this.#place.engine, model);
    const [input] = session.inputs;
    if (session.inputs.length !== 1 || input?.dims.length !== 4) {
      await session.dispose();
      throw new Error(`${name} is no classifier of pictures: it takes ${session.inputs.map(({ name, dims }) => `${name} [${dims.join(', ')}]`).join(' and ')}.`);
    }
    await this.#session?.dispose();
    this.#session = session;
    byId('image-model').textContent = `${name}: ${input.dtype} [${input.dims.join(', ')}]`;
    delete byId('image-model').dataset['sample'];
    const gray = [input.dims[1], input.dims[3]].includes(1);
    usePreset(preset === 'imagenet' && gray ? 'ink' : preset === 'imagenet' && /int8/.test(input.dtype) ? 'bytes' : preset);
    await this.#setLabels(labelsIn(session.metadata), 'the model');
  }

  #setLabels(labels: string[], from: string): Promise<void> {
    this.#labels = labels;
    byId('image-labels').textContent = labels.length > 0 ? `${labels.length.toLocaleString('en')}, of ${from}` : 'none: drop labels.txt or labels.json';
    return this.classify();
  }

  async #classify(): Promise<void> {
    const session = this.#session;
    if (!session || this.#source.canvas.width < 2) return;
    await this.#attempt(async () => {
      const ranked = await classify(session, this.#source.canvas, optionsFor(session.inputs[0]!), this.#labels);
      const rows = ranked.map(({ index, score, label }) => ({ label: label ?? `class ${index}`, score }));
      this.#ranking.show(rows);
      byId('image-best').textContent = rows[0]!.label === 'reject' ? 'not a digit' : rows[0]!.label;
      byId('image-share').textContent = `${(100 * rows[0]!.score).toFixed(1)} %`;
      const { last } = (await session.monitor.snapshot()).latency;
      byId('image-time').textContent = last ? `${milliseconds(last.total)} ms, of which ${milliseconds(last.infer)} ms network` : '';
    });
  }

  async #toggleCamera(): Promise<void> {
    if (this.#source.hasCamera) return this.#stopCamera();
    await this.#source.startCamera();
    byId('image-camera').textContent = 'Stop the camera';
  }

  #stopCamera(): void {
    this.#source.stopCamera();
    byId('image-camera').textContent = 'Use the camera';
  }

  async #attempt(task: () => Promise<void>): Promise<void> {
    const said = byId('image-said');
    try {
      await task();
      said.textContent = '';
    } catch (error) {
      said.textContent = wordsOf(error);
    }
  }
}

export async function open(place: Place): Promise<void> {
  showCode('image', 'image.ts', source);
  const panel = new ImagePanel(place);
  await panel.sample('7');
  await panel.useSample();
}
