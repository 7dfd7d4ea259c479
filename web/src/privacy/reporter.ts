// Labels for reports, randomised: the same question has the same answer for good, and each new one costs epsilon of a budget.
// Invariant: an answer leaves only after it and its cost are kept; when the budget is used up there is none, never a true one.
// Reference: Erlingsson, Pihur and Korolova (2014), https://arxiv.org/abs/1407.6981, for answers that are remembered.
import { InsituError } from 'insitu';
import { isBetween } from '../between.js';
import { checkOptions, fail, messageOf } from '../fail.js';
import { shown } from '../shown.js';
import { Ledger } from './ledger.js';
import { responder } from './response.js';
import type { Random } from './response.js';
import { inTurn, memoryStore, opfsStore } from './store.js';
import type { LabelStore } from './store.js';

/** How labels are randomised. */
export interface LabelReporterOptions {
  /** How many classes there are, 2 to 65,536: labels are 0 to `classes` - 1. */
  classes: number;
  /** Of one answer, 0.001 to 20: no answer is more than e^epsilon times as likely under one label as under another. */
  epsilon: number;
  /** Epsilon that all answers together may cost; Infinity where the keys have nothing to do with each other. */
  budget: number;
  /** Epsilon that the answers of one key may cost, period by period; default `budget`. */
  keyBudget?: number;
  /** Where answers and costs are kept: until the page goes (the default), in the origin private file system, or in a store of yours. */
  store?: 'memory' | 'opfs' | LabelStore;
  /** Under which name, of letters, digits, - and _; default 'labels'. One name has one budget, however many reporters share it; answers are remembered by `classes` and `epsilon`. */
  name?: string;
  /** Fills an array with random bits. Default `crypto.getRandomValues()`; another one is for tests. */
  random?: (into: BigUint64Array<ArrayBuffer>) => unknown;
}

/** What is answered once. */
export interface LabelQuestion {
  /** Whose label: of a document, a person, a setting. */
  key: string;
  /** Which time of it, such as a date; default '': one answer for good. */
  period?: string;
}

/** Gives labels that may be reported. */
export interface LabelReporter {
  /** A label of the same range instead of `label`; the one it gave before where it was asked before; null when the budget is used up. */
  report(label: number, question: LabelQuestion): Promise<number | null>;
  /** Epsilon that was spent on that key, or in all. */
  spent(key?: string): Promise<number>;
}

/** Makes a reporter. InvalidArgument for options that it does not take; nothing is read before the first report. */
export function labelReporter(options: LabelReporterOptions): LabelReporter {
  return new RandomisedReporter(options);
}

const kinds: Readonly<Record<keyof LabelReporterOptions, string>> = {
  classes: '', epsilon: '', budget: '', keyBudget: '', store: '', name: '', random: 'function',
};
const mostClasses = 65_536, leastEpsilon = 0.001, mostEpsilon = 20, longestName = 100;
/* 0.1 fits three times into 0.3. */
const rounding = 1 + 2 ** -40;

class RandomisedReporter implements LabelReporter {
  readonly #classes: number;
  readonly #epsilon: number;
  readonly #budget: number;
  readonly #keyBudget: number;
  readonly #store: LabelStore;
  readonly #shared: boolean;
  readonly #name: string;
  readonly #respond: (label: number) => number;

  constructor(options: LabelReporterOptions) {
    checkOptions(options, kinds);
    const { classes, epsilon, budget, keyBudget = budget, store = 'memory', name = 'labels', random = secure } = options;
    if (!Number.isInteger(classes) || classes < 2 || classes > mostClasses) {
      fail('InvalidArgument', `classes is ${shown(classes)}`, `Pass a whole number, 2 to ${mostClasses}.`);
    }
    if (!isBetween(epsilon, leastEpsilon, mostEpsilon)) {
      fail('InvalidArgument', `epsilon is ${shown(epsilon)}`, `Pass a number, ${leastEpsilon} to ${mostEpsilon}: less says nothing, more hides nothing.`);
    }
    for (const [what, most] of Object.entries({ budget, keyBudget })) {
      if (isBetween(most, epsilon, Infinity)) continue;
      fail('InvalidArgument', `${what} is ${shown(most)}`, `Pass a number from epsilon, ${epsilon}, which one answer costs; Infinity for no limit.`);
    }
    if (typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name)) {
      fail('InvalidArgument', `the name is ${shown(name)}`, 'Pass up to 64 letters, digits, - and _.');
    }
    this.#classes = classes;
    this.#epsilon = epsilon;
    this.#budget = budget * rounding;
    this.#keyBudget = keyBudget * rounding;
    this.#name = name;
    this.#shared = store !== 'memory';
    this.#store = storeOf(store);
    this.#respond = responder(classes, epsilon, random);
  }

  async report(label: number, question: LabelQuestion): Promise<number | null> {
    const { key, period = '' } = question ?? {};
    if (!Number.isInteger(label) || label < 0 || label >= this.#classes) {
      fail('InvalidArgument', `the label is ${shown(label)}`, `Pass the number of a class, 0 to ${this.#classes - 1}.`);
    }
    checkText('key', key);
    checkText('period', period);
    return this.#withLedger(async (ledger) => {
      const known = ledger.answer(key, period);
      if (known !== undefined) return known;
      const cost = this.#epsilon;
      if (ledger.spent() + cost > this.#budget || ledger.spent(key) + cost > this.#keyBudget) return null;
      const answer = this.#respond(label);
      ledger.add(key, period, answer);
      await this.#store.setItem(this.#name, ledger.toString());
      return answer;
    });
  }

  async spent(key?: string): Promise<number> {
    return this.#withLedger(async (ledger) => ledger.spent(key));
  }

  async #withLedger<T>(work: (ledger: Ledger) => Promise<T>): Promise<T> {
    try {
      return await inTurn(this.#name, this.#shared, async () =>
        work(new Ledger(this.#classes, this.#epsilon, await this.#store.getItem(this.#name), this.#name)));
    } catch (thrown) {
      if (thrown instanceof InsituError) throw thrown;
      return fail('Network', `a reporter could not read or keep its answers: ${messageOf(thrown)}`,
        'Nothing was answered. Ask again, or keep answers elsewhere: `store`.', { cause: thrown });
    }
  }
}

const secure: Random = (into) => crypto.getRandomValues(into);

function storeOf(store: unknown): LabelStore {
  if (store === 'memory') return memoryStore;
  if (store === 'opfs') return opfsStore;
  const { getItem, setItem } = (store ?? {}) as Partial<LabelStore>;
  if (typeof getItem === 'function' && typeof setItem === 'function') return store as LabelStore;
  return fail('InvalidArgument', `the store is ${shown(store)}`, "Pass 'memory', 'opfs', localStorage or an object with getItem() and setItem().");
}

function checkText(what: string, text: unknown): void {
  if (typeof text === 'string' && text.length <= longestName) return;
  fail('InvalidArgument', `the ${what} is ${typeof text === 'string' ? `${text.length} characters long` : `a ${typeof text}`}`,
    `Pass a string of up to ${longestName} characters.`);
}
