// Playgrounds are opened, which loads their code and models, when they come near the view or when somebody uses them.
// Invariant: a playground is opened once, one after another in the order of the page; what a person did in it before it was
// ready is done then, not lost.

import type { Engine } from 'insitu';

import { problem } from '../common/problem.js';

/** Where a playground is, and what it runs on. */
export interface Place {
  readonly section: HTMLElement;
  readonly engine: Engine;
}

export interface Playground {
  open(place: Place): void | Promise<void>;
}

const kNear = '300px 0px';

export class LazyPlaygrounds {
  readonly #engine: Promise<Engine>;
  readonly #loaders: Readonly<Record<string, () => Promise<Playground>>>;
  readonly #opened = new Map<string, Promise<void>>();
  #turn: Promise<unknown> = Promise.resolve();
  /** Resolves when the first playground that is in view is open. */
  readonly first: Promise<void>;

  constructor(engine: Promise<Engine>, loaders: Readonly<Record<string, () => Promise<Playground>>>) {
    this.#engine = engine;
    this.#loaders = loaders;
    const sections = [...document.querySelectorAll<HTMLElement>('[data-playground]')];
    for (const section of sections) this.#catchEvents(section);
    this.first = new Promise((done) => {
      const observer = new IntersectionObserver((entries) => {
        for (const { isIntersecting, target } of entries) {
          if (!isIntersecting) continue;
          observer.unobserve(target);
          this.#turn = this.#turn.then(() => this.open(target as HTMLElement));
        }
        void this.#turn.then(() => done());
      }, { rootMargin: kNear });
      for (const section of sections) observer.observe(section);
    });
  }

  open(section: HTMLElement): Promise<void> {
    const name = section.dataset['playground']!;
    let opened = this.#opened.get(name);
    if (!opened) this.#opened.set(name, opened = this.#open(section, name));
    return opened;
  }

  async #open(section: HTMLElement, name: string): Promise<void> {
    section.setAttribute('aria-busy', 'true');
    try {
      const [playground, engine] = await Promise.all([this.#loaders[name]!(), this.#engine]);
      await playground.open({ section, engine });
      section.dataset['open'] = 'true';
    } catch (error) {
      section.append(problem(error));
    } finally {
      section.removeAttribute('aria-busy');
    }
  }

  /* Presses of buttons, changes of fields and chosen files wait for the playground; links, labels and disclosures work at once. */
  #catchEvents(section: HTMLElement): void {
    const catchOne = (event: Event): void => {
      if (section.dataset['open']) {
        for (const type of kCaught) section.removeEventListener(type, catchOne, true);
        return;
      }
      const opened = this.open(section);
      const target = event.target as HTMLElement;
      const button = target.closest('button');
      if (event.type === 'click' && !button) return;
      event.stopImmediatePropagation();
      void opened.then(() => (button && event.type === 'click' ? button.click() : target.dispatchEvent(new Event(event.type, { bubbles: true }))));
    };
    for (const type of kCaught) section.addEventListener(type, catchOne, true);
    section.addEventListener('focusin', () => void this.open(section), { once: true });
  }
}

const kCaught = ['click', 'input', 'change'] as const;
