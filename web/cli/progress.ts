// The progress line: what is going on, a bar, and how far it is.
// Invariant: it is drawn on standard error, only where that is a terminal, ten times a second at most, and is gone before anything
// else is printed. The cursor is never hidden and no signal is caught: Ctrl-C ends the process at once, in the middle of a kernel,
// too, and there is nothing to restore.
import type { Progress } from '../src/types.js';

const everyMs = 100;
const barWidth = 24;
const eraseLine = '\r\u001b[K';

export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Extent {
  done: number;
  /** Unknown: no bar, only how much is done. */
  total?: number;
  bytes?: boolean;
}

export class ProgressLine {
  readonly #terminal: Terminal;
  readonly #draws: boolean;
  #label = '';
  #drawnAt = 0;
  #drawn = false;

  constructor(terminal: Terminal, term = process.env.TERM) {
    this.#terminal = terminal;
    this.#draws = terminal.isTTY === true && term !== 'dumb';
  }

  /** A new label is shown at once, because what it names may keep the thread busy. */
  show(label: string, extent?: Extent): void {
    if (!this.#draws) return;
    const now = performance.now();
    if (label === this.#label && now - this.#drawnAt < everyMs) return;
    this.#label = label;
    this.#drawnAt = now;
    this.#drawn = true;
    const state = extent ? `  ${describe(extent)}` : ' …';
    this.#terminal.write(eraseLine + shorten(label, (this.#terminal.columns || 80) - 1 - state.length) + state);
  }

  clear(): void {
    if (this.#drawn) this.#terminal.write(eraseLine);
    this.#drawn = false;
    this.#label = '';
  }

  /** Shows how the loading of `model` goes on, as the option onProgress. */
  ofLoading(model: string): (progress: Progress) => void {
    return ({ phase, loaded, total }) => {
      if (phase === 'download') this.show(`reading ${model}`, { done: loaded, total, bytes: true });
      else if (phase === 'parse') this.show(`preparing ${model}`);
    };
  }
}

/* What is done to a file: its first word and the end of the path. */
function shorten(label: string, room: number): string {
  if (label.length <= room) return label;
  const verb = label.slice(0, label.indexOf(' ') + 1);
  return `${verb}…${label.slice(Math.min(label.length, label.length - room + verb.length + 1))}`;
}

function describe({ done, total, bytes = false }: Extent): string {
  const amount = (count: number) => (bytes ? (count / 2 ** 20).toFixed(1) : String(count));
  const unit = bytes ? ' MiB' : '';
  if (total === undefined) return `${amount(done)}${unit}`;
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const filled = Math.floor(share * barWidth);
  return `[${'#'.repeat(filled).padEnd(barWidth, '.')}] ${amount(done)} of ${amount(total)}${unit}`;
}
