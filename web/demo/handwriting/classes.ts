// The class probabilities as bars, the best one in large, and the picture the network got.

import { byId, make, makeBar } from '../common/dom.js';
import { kCells } from './strokes.js';

export class ClassesView {
  #labels: readonly string[];
  #rows: { item: HTMLElement; share: HTMLElement; set(share: number): void }[];
  #seen: CanvasRenderingContext2D;

  constructor(labels: readonly string[]) {
    this.#labels = labels;
    this.#rows = labels.map((label) => {
      const bar = makeBar();
      const share = make('span', { textContent: '–' });
      return { item: make('li', {}, make('span', { textContent: label }), bar.element, share), share,
               set: bar.set };
    });
    byId('classes').replaceChildren(...this.#rows.map((row) => row.item));
    this.#seen = byId<HTMLCanvasElement>('seen').getContext('2d')!;
  }

  /** Shows the network's input: 28 x 28 numbers of 0 (paper) to 1 (ink). */
  showInput(image: Float32Array): void {
    const pixels = this.#seen.createImageData(kCells, kCells);
    image.forEach((ink, i) => {
      pixels.data.fill(Math.round(255 * (1 - ink)), 4 * i, 4 * i + 3);
      pixels.data[4 * i + 3] = 255;
    });
    this.#seen.putImageData(pixels, 0, 0);
  }

  /** Shows probabilities, or dashes for an empty pad. */
  show(probabilities: Float32Array | null): void {
    const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
    this.#rows.forEach((row, i) => {
      row.set(probabilities?.[i] ?? 0);
      row.share.textContent = probabilities ? `${(100 * probabilities[i]!).toFixed(1)} %` : '–';
      row.item.classList.toggle('top', i === best);
    });
    byId('best').textContent = best < 0 ? '–' : this.#labels[best] === 'reject' ? 'not a digit' : this.#labels[best]!;
    byId('best-share').textContent = best < 0 ? '' : `${(100 * probabilities![best]!).toFixed(1)} % sure`;
  }

  /** Tells screen readers the answer for a finished drawing. */
  announce(): void {
    const text = `${byId('best').textContent}, ${byId('best-share').textContent}`;
    byId('announce').textContent = `Read as ${text}`;
    byId('pad').setAttribute('aria-label', `Drawing pad, read as ${text}`);
  }
}
