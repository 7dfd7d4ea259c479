// What was drawn, from the person who drew it: the watch counts it as feedback, and the drawing is kept, for a download that
// insitu evaluate and models/handwriting/finetune.py read as it is.
// Invariant: without the box ticked nothing is kept, and what is kept leaves the page by the download alone.

import { tensor, type Session } from 'insitu';
import type { Corrections } from 'insitu/evaluate';

import { byId } from '../common/dom.js';

export class CorrectionsView {
  #session: Session;
  /* Loaded when the box is ticked first. */
  #kept: Corrections | undefined;
  #drawings = 0;
  /* The drawing that is finished; none while another one is being drawn. */
  #latest: string | undefined;
  #buttons: HTMLButtonElement[];

  constructor(session: Session, names: readonly string[]) {
    this.#session = session;
    this.#buttons = names.map((name, label) => {
      const button = Object.assign(document.createElement('button'), { type: 'button', textContent: name, disabled: true });
      button.addEventListener('click', () => this.#label(label));
      return button;
    });
    byId('truth').append(...this.#buttons);
    this.#box.addEventListener('change', () => void this.#ticked());
    byId('save-corrections').addEventListener('click', () => this.#save());
    byId('drop-corrections').addEventListener('click', () => {
      this.#kept?.clear();
      this.close();
      this.#show();
    });
  }

  get #box(): HTMLInputElement {
    return byId<HTMLInputElement>('keep-corrections');
  }

  async #ticked(): Promise<void> {
    this.close();
    const { Corrections } = await import('insitu/evaluate');
    this.#kept ??= new Corrections();
  }

  /** A finished drawing, which may be labelled from now on; gives the id for its run, where drawings are kept. */
  offer(ink: Float32Array): string | undefined {
    if (!this.#kept || !this.#box.checked) return undefined;
    this.#latest = `drawing ${++this.#drawings}`;
    this.#kept.hold(this.#latest, { image: tensor(ink, [1, 1, 28, 28]) });
    for (const button of this.#buttons) button.disabled = false;
    return this.#latest;
  }

  /** The finished drawing is not on the pad any more. */
  close(): void {
    this.#latest = undefined;
    for (const button of this.#buttons) button.disabled = true;
  }

  #label(label: number): void {
    const id = this.#latest;
    if (id === undefined) return;
    this.#kept?.label(id, label);
    this.close();
    this.#show();
    // A watch that was reset in between does not know the drawing any more, which is kept all the same.
    void this.#session.monitor.feedback(id, label).catch(() => {});
  }

  #show(): void {
    const size = this.#kept?.size ?? 0;
    byId('corrections-count').textContent = size === 0 ? 'No drawing is kept.' : `${size} ${size === 1 ? 'drawing is' : 'drawings are'} kept.`;
    for (const name of ['save-corrections', 'drop-corrections']) byId<HTMLButtonElement>(name).disabled = size === 0;
  }

  #save(): void {
    const url = URL.createObjectURL(new Blob([this.#kept?.toJsonLines() ?? ''], { type: 'application/jsonl' }));
    Object.assign(document.createElement('a'), { href: url, download: 'corrections.jsonl' }).click();
    URL.revokeObjectURL(url);
  }
}
