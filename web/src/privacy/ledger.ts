// What a reporter has answered and spent, by key and period, as it is kept. It holds answers, never a label.
// Invariant: what was spent is never forgotten; answers of another mechanism are no answers.
import { fail } from '../fail.js';

const format = 'insitu-labels', version = 1;

/* Epsilon spent, and answers by period. */
type Entry = [key: string, spent: number, answers: [period: string, answer: number][]];

/** Of one name in a store. */
export class Ledger {
  readonly #classes: number;
  readonly #epsilon: number;
  readonly #keys = new Map<string, { spent: number; answers: Map<string, number> }>();

  /** `text`: as toString() gave it, or null for a new one. InvalidArgument where it is something else. */
  constructor(classes: number, epsilon: number, text: string | null, name: string) {
    this.#classes = classes;
    this.#epsilon = epsilon;
    if (text === null) return;
    try {
      this.#read(text);
    } catch (cause) {
      fail('InvalidArgument', `what the store has under '${name}' was not written by a reporter, or is damaged`,
        'Nothing is answered, because nobody knows what has been spent. Pass another `name`, or remove it to begin anew.', { cause });
    }
  }

  /** What was answered to that question. */
  answer(key: string, period: string): number | undefined {
    return this.#keys.get(key)?.answers.get(period);
  }

  /** Epsilon that was spent on a key, or in all. */
  spent(key?: string): number {
    if (key !== undefined) return this.#keys.get(key)?.spent ?? 0;
    return [...this.#keys.values()].reduce((sum, { spent }) => sum + spent, 0);
  }

  /** Writes an answer down, and what it costs. */
  add(key: string, period: string, answer: number): void {
    const { spent, answers } = this.#keys.get(key) ?? { spent: 0, answers: new Map<string, number>() };
    this.#keys.set(key, { spent: spent + this.#epsilon, answers: answers.set(period, answer) });
  }

  toString(): string {
    const keys = [...this.#keys].map(([key, { spent, answers }]): Entry => [key, spent, [...answers]]);
    return JSON.stringify({ format, version, classes: this.#classes, epsilon: this.#epsilon, keys });
  }

  #read(text: string): void {
    const kept = JSON.parse(text);
    if (kept.format !== format || kept.version !== version) throw new Error('another format');
    const same = kept.classes === this.#classes && kept.epsilon === this.#epsilon;
    for (const [key, spent, answers] of kept.keys as Entry[]) {
      const sound = typeof key === 'string' && Number.isFinite(spent) && spent >= 0 &&
        answers.every(([period, answer]) => typeof period === 'string' && Number.isInteger(answer) && answer >= 0 && answer < kept.classes);
      if (!sound) throw new Error('no answers');
      this.#keys.set(key, { spent, answers: new Map(same ? answers : []) });
    }
  }
}
