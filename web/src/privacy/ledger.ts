// What reporters of one name have answered and spent, by mechanism, key and period, as it is kept. It holds answers, never a label.
// Invariant: what was spent is never forgotten, and no answer is: those of another mechanism are kept, and are none to this one.
import { fail } from '../fail.js';

const format = 'insitu-labels', version = 2;

/* Epsilon spent, and answers by period. */
type Entry = [key: string, spent: number, answers: [period: string, answer: number][]];

/* How labels were randomised, and what was answered so. */
type Mechanism = [classes: number, epsilon: number, keys: Entry[]];

type Keys = Map<string, { spent: number; answers: Map<string, number> }>;

/** Of one name in a store. */
export class Ledger {
  readonly #epsilon: number;
  readonly #own: Keys = new Map();
  readonly #mechanisms: { classes: number; epsilon: number; keys: Keys }[];

  /** `text`: as toString() gave it, or null for a new one. InvalidArgument where it is something else. */
  constructor(classes: number, epsilon: number, text: string | null, name: string) {
    this.#epsilon = epsilon;
    this.#mechanisms = [{ classes, epsilon, keys: this.#own }];
    if (text === null) return;
    try {
      this.#read(text);
    } catch (cause) {
      fail('InvalidArgument', `what the store has under '${name}' was not written by a reporter, or is damaged`,
        'Nothing is answered, because nobody knows what has been spent. Pass another `name`, or remove it to begin anew.', { cause });
    }
  }

  /** What this mechanism answered to that question. */
  answer(key: string, period: string): number | undefined {
    return this.#own.get(key)?.answers.get(period);
  }

  /** Epsilon that was spent on a key, or in all, by whichever mechanism. */
  spent(key?: string): number {
    const entries = this.#mechanisms.flatMap(({ keys }) => (key === undefined ? [...keys.values()] : keys.get(key) ?? []));
    return entries.reduce((sum, { spent }) => sum + spent, 0);
  }

  /** Writes an answer down, and what it costs. */
  add(key: string, period: string, answer: number): void {
    const { spent, answers } = this.#own.get(key) ?? { spent: 0, answers: new Map<string, number>() };
    this.#own.set(key, { spent: spent + this.#epsilon, answers: answers.set(period, answer) });
  }

  toString(): string {
    const mechanisms = this.#mechanisms.map(({ classes, epsilon, keys }): Mechanism =>
      [classes, epsilon, [...keys].map(([key, { spent, answers }]) => [key, spent, [...answers]])]);
    return JSON.stringify({ format, version, mechanisms });
  }

  #read(text: string): void {
    const kept = JSON.parse(text);
    if (kept.format !== format || kept.version !== version) throw new Error('another format');
    for (const [classes, epsilon, entries] of kept.mechanisms as Mechanism[]) {
      if (!Number.isInteger(classes) || !Number.isFinite(epsilon)) throw new Error('no mechanism');
      for (const [key, spent, answers] of entries) {
        const sound = typeof key === 'string' && Number.isFinite(spent) && spent >= 0 &&
          answers.every(([period, answer]) => typeof period === 'string' && Number.isInteger(answer) && answer >= 0 && answer < classes);
        if (!sound) throw new Error('no answers');
        this.#keysOf(classes, epsilon).set(key, { spent, answers: new Map(answers) });
      }
    }
  }

  #keysOf(classes: number, epsilon: number): Keys {
    const known = this.#mechanisms.find((one) => one.classes === classes && one.epsilon === epsilon);
    if (known) return known.keys;
    const keys: Keys = new Map();
    this.#mechanisms.push({ classes, epsilon, keys });
    return keys;
  }
}
